# The wiring on the services of a whole nixpkgs: what ends up in the units. Says what nixos-services.nix only claims.
{ nixpkgs }:
let
  lib = import (nixpkgs + "/lib");

  system =
    modules:
    (import (nixpkgs + "/nixos/lib/eval-config.nix") {
      system = "x86_64-linux";
      modules = [
        ../../nix/module.nix
        {
          boot.isContainer = true;
          system.stateVersion = lib.trivial.release;
          certToolkit = {
            userAgeKeys = [ "age1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs3290gq" ];
            owningHostKey = "./host.pub";
          };
        }
      ]
      ++ modules;
    }).config;

  host =
    name: kubernetes:
    system [
      (declaration kubernetes)
      { networking.hostName = name; }
    ];

  declaration = kubernetes: {
    # The keys are opened by nobody here; where they would be is all that matters.
    certToolkit = {
      ageIntegration = false;
      root = ./cluster;
      kubernetes = kubernetes // {
        enable = true;
        wire = true;
        controlPlaneEndpoint = "api.example.org:6443";
        serviceCIDRs = [ "10.96.0.0/12" ];
        nodes = {
          cp1 = {
            roles = [
              "control-plane"
              "etcd"
            ];
            addresses = [ "10.0.0.1" ];
          };
          w1 = {
            roles = [ "worker" ];
            addresses = [ "10.0.0.11" ];
          };
        };
      };
    };
  };

  # As in a project that came from K8Nix: agenix opens the keys, and the services are given them by hand.
  byHand = system [
    ./agenix/modules/age.nix
    (
      { config, ... }:
      let
        inherit (config.certToolkit.cas.cluster) certs;
      in
      {
        networking.hostName = "cp1";
        certToolkit = {
          root = ./project;
          cas.cluster.certs.apiserver = { };
          keyPairs.service-account.owner = "kubernets";
        };
        services.kubernetes = {
          masterAddress = "cp1";
          apiserver = {
            enable = true;
            tlsCertFile = certs.apiserver.path;
            tlsKeyFile = certs.apiserver.keyPath;
            serviceAccountKeyFile = config.certToolkit.keyPairs.service-account.publicPath;
            serviceAccountSigningKeyFile = config.certToolkit.keyPairs.service-account.keyPath;
          };
        };
      }
    )
  ];

  watched = system [
    {
      networking.hostName = "cp1";
      certToolkit = {
        ageIntegration = false;
        root = ./project;
        cas.cluster.certs.apiserver = { };
        monitoring.enable = true;
      };
    }
  ];

  toolkitWarnings =
    configuration: lib.filter (lib.hasPrefix "certToolkit") configuration.warnings;

  cp1 = host "cp1" {
    clusterSigning = true;
    extraComponents = [ "kube-scheduler-server" ];
  };
  w1 = host "w1" { extraComponents = [ "flannel" ]; };

  named =
    value:
    let
      text = builtins.unsafeDiscardStringContext (toString value);
      parts = builtins.match "${builtins.storeDir}/[0-9a-z]{32}-(.*)" text;
    in
    if parts == null then text else builtins.head parts;

  # { "--flag" = "value"; } of a command line.
  flagsOf =
    text:
    lib.listToAttrs (
      lib.concatMap (
        word:
        let
          parts = builtins.match "(--[a-z-]+)=(.*)" word;
        in
        lib.optional (parts != null) {
          name = builtins.head parts;
          value = named (builtins.elemAt parts 1);
        }
      ) (lib.filter builtins.isString (builtins.split "[[:space:]\\]+" text))
    );
  commandOf =
    configuration: unit: flagsOf configuration.systemd.services.${unit}.serviceConfig.ExecStart;

  has = want: all: builtins.intersectAttrs want all;

  command = name: configuration: unit: want: {
    inherit name want;
    got = has want (commandOf configuration unit);
  };
in
[
  (command "the_api_server_is_started_with_its_certificates" cp1 "kube-apiserver" {
    "--advertise-address" = "10.0.0.1";
    "--client-ca-file" = "kubernetes-clients.crt";
    "--etcd-cafile" = "etcd.crt";
    "--etcd-certfile" = "etcd-kube-apiserver-etcd-client.crt";
    "--etcd-keyfile" = "/run/agenix/certtoolkit-derived-cp1-etcd-kube-apiserver-etcd-client";
    "--etcd-servers" = "https://10.0.0.1:2379";
    "--kubelet-certificate-authority" = "kubernetes-clients.crt";
    "--kubelet-client-certificate" = "kubernetes-kube-apiserver-kubelet-client.crt";
    "--kubelet-preferred-address-types" = "InternalIP,ExternalIP,Hostname";
    "--proxy-client-cert-file" = "front-proxy-front-proxy-client.crt";
    "--requestheader-allowed-names" = "front-proxy-client";
    "--requestheader-client-ca-file" = "front-proxy.crt";
    "--service-account-key-file" = "service-account.pub";
    "--service-account-signing-key-file" = "/run/agenix/certtoolkit-shared-service-account";
    "--service-cluster-ip-range" = "10.96.0.0/12";
    "--tls-cert-file" = "kubernetes-kube-apiserver.crt";
    "--tls-private-key-file" = "/run/agenix/certtoolkit-derived-cp1-kubernetes-kube-apiserver";
  })
  (command "the_controller_manager_is_started_with_its_keys" cp1 "kube-controller-manager" {
    "--cluster-signing-cert-file" = "kubernetes-signing.crt";
    "--cluster-signing-key-file" = "/run/agenix/certtoolkit-ca-kubernetes-signing";
    "--root-ca-file" = "kubernetes.crt";
    "--service-account-private-key-file" = "/run/agenix/certtoolkit-shared-service-account";
  })
  (command "the_scheduler_serves_with_its_certificate" cp1 "kube-scheduler" {
    "--tls-cert-file" = "kubernetes-kube-scheduler-server.crt";
  })
  (command "the_kubelet_has_the_name_and_address_of_its_certificate" w1 "kubelet" {
    "--hostname-override" = "w1";
    "--node-ip" = "10.0.0.11";
  })
  (command "kube_proxy_has_the_name_of_the_node" w1 "kube-proxy" { "--hostname-override" = "w1"; })
  {
    name = "etcd_is_started_with_its_certificates";
    got = lib.mapAttrs (_: named) (
      lib.getAttrs [
        "ETCD_CERT_FILE"
        "ETCD_CLIENT_CERT_AUTH"
        "ETCD_INITIAL_CLUSTER"
        "ETCD_LISTEN_CLIENT_URLS"
        "ETCD_NAME"
        "ETCD_PEER_KEY_FILE"
        "ETCD_PEER_TRUSTED_CA_FILE"
      ] cp1.systemd.services.etcd.environment
    );
    want = {
      ETCD_CERT_FILE = "etcd-etcd-server.crt";
      ETCD_CLIENT_CERT_AUTH = "1";
      ETCD_INITIAL_CLUSTER = "cp1=https://10.0.0.1:2380";
      ETCD_LISTEN_CLIENT_URLS = "https://10.0.0.1:2379,https://127.0.0.1:2379";
      ETCD_NAME = "cp1";
      ETCD_PEER_KEY_FILE = "/run/agenix/certtoolkit-derived-cp1-etcd-etcd-peer";
      ETCD_PEER_TRUSTED_CA_FILE = "etcd.crt";
    };
  }
  {
    name = "flannel_uses_the_api_server";
    got =
      let
        inherit (w1.systemd.services.flannel) environment;
      in
      [
        environment.FLANNELD_KUBE_SUBNET_MGR
        (environment.FLANNELD_KUBECONFIG_FILE != null)
      ];
    want = [
      "true"
      true
    ];
  }
  {
    name = "nodes_are_schedulable";
    got = w1.services.kubernetes.kubelet.taints;
    want = { };
  }
  {
    name = "nothing_is_refused_and_nothing_is_doubtful";
    got =
      map
        (
          configuration:
          lib.filter (lib.hasPrefix "certToolkit") (
            configuration.warnings
            ++ map (assertion: assertion.message) (
              lib.filter (assertion: !assertion.assertion) configuration.assertions
            )
          )
        )
        [
          cp1
          w1
        ];
    want = [
      [ ]
      [ ]
    ];
  }
  {
    # Or its pods ask for names in a network that no service is in.
    name = "a_worker_tells_its_pods_the_dns_of_the_declared_network";
    got = w1.services.kubernetes.kubelet.clusterDns;
    want = [ "10.96.0.254" ];
  }
  {
    name = "services_that_are_given_keys_by_hand_may_not_read_them";
    got = toolkitWarnings byHand;
    want = [
      "certToolkit: there is no user \"kubernets\" on cp1, so agenix cannot give it the key of certToolkit.keyPairs.service-account. Declare users.users.kubernets, or correct owner."
      "certToolkit: kube-apiserver.service on cp1 runs as kubernetes, but the key of certToolkit.cas.cluster.certs.apiserver belongs to root, so it cannot read it. Set certToolkit.cas.cluster.certs.apiserver.owner = \"kubernetes\"."
      "certToolkit: kube-apiserver.service on cp1 runs as kubernetes, but the key of certToolkit.keyPairs.service-account belongs to kubernets, so it cannot read it. Set certToolkit.keyPairs.service-account.owner = \"kubernetes\"."
    ];
  }
  {
    name = "metrics_are_written_with_the_program_of_the_hosts_packages";
    got = [
      (named watched.certToolkit.monitoring.package)
      (lib.hasInfix "/bin/certs metrics --deployed" watched.systemd.services.certs-metrics.serviceConfig.ExecStart)
      (lib.hasSuffix ".drv" watched.system.build.toplevel.drvPath)
    ];
    want = [
      "certs-${(lib.importTOML ../../Cargo.toml).package.version}"
      true
      true
    ];
  }
  {
    # Nothing can be built here, so anything that is read of what is still to be built would fail.
    name = "the_machines_of_the_cluster_test_are_evaluated_without_building";
    got =
      let
        pkgs = import nixpkgs {
          system = "x86_64-linux";
          config = { };
          overlays = [ ];
        };
      in
      lib.hasSuffix "vm-test-run-certs-kubernetes.drv" (
        builtins.unsafeDiscardStringContext
          (import ../nixos/kubernetes.nix {
            inherit pkgs;
            certs = pkgs.hello;
            agenix = ./agenix;
          }).drvPath
      );
    want = true;
  }
  {
    # Where nothing is read from the services of NixOS.
    name = "hosts_without_nixos_give_the_same_manifest";
    got =
      let
        certs = import ../../nix/lib.nix { nixpkgs = { inherit lib; }; };
        operators.certToolkit = {
          userAgeKeys = [ "age1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs3290gq" ];
          owningHostKey = "./host.pub";
        };
        without = certs.mkManifest {
          hosts = {
            cp1 = [
              operators
              (declaration {
                clusterSigning = true;
                extraComponents = [ "kube-scheduler-server" ];
              })
            ];
            w1 = [
              operators
              (declaration { extraComponents = [ "flannel" ]; })
              # What else a host sets is passed over.
              (
                { config, pkgs, ... }:
                {
                  environment.systemPackages = [ pkgs.hello ];
                  services.kubernetes.kubelet.tlsKeyFile =
                    config.certToolkit.cas.kubernetes.certs.kubelet.keyPath;
                }
              )
            ];
          };
        };
        within = certs.mkManifest {
          nixosConfigurations = {
            cp1.config = cp1;
            w1.config = w1;
          };
        };
      in
      builtins.toJSON without == builtins.toJSON within && without.errors == [ ];
    want = true;
  }
]
