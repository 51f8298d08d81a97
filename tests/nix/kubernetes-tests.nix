# The presets as NixOS gives them: what a person may overrule and how, what agenix opens, and what other options read.
{ lib }:
let
  evaluate = import ./evaluate.nix { inherit lib; };

  # Of the authority that tests/nix/project has files of.
  cluster.certToolkit = {
    userAgeKeys = [ "age1wtmuzz5uq9fjal4jex5zfw3wz94qs0txrs42pmlx6a5z5rhwaccq5tky2u" ];
    owningHostKey = "./cp1.pub";
    kubernetes = {
      enable = true;
      authorities.cluster = "cluster";
      nodes = {
        cp1 = {
          roles = [
            "control-plane"
            "worker"
          ];
          addresses = [ "10.0.0.1" ];
        };
        w1 = {
          roles = [ "worker" ];
          addresses = [
            "fd00::11"
            "10.0.0.11"
          ];
        };
      };
    };
  };
  written = certToolkit: { inherit certToolkit; };
  host =
    name: modules:
    (evaluate.hostWith { flakeRoot = ./project; } name ([ cluster ] ++ modules)).config.certToolkit;
  certsOf = modules: (host "cp1" modules).cas.cluster.certs;

  # A person's definition of the common name, at the strength of `define`.
  commonNameBy =
    define: (certsOf [ (written { cas.cluster.certs.kubelet.commonName = define "mine"; }) ]).kubelet;

  secretsOf =
    modules:
    lib.mapAttrs (_: secret: secret.owner)
      (evaluate.hostWith { flakeRoot = ./project; } "cp1" ([ cluster ] ++ modules)).config.age.secrets;

  # What NixOS says about the same things.
  services = {
    options.services.kubernetes = {
      kubelet.hostname = lib.mkOption { default = "cp1.example.org"; };
      apiserver.serviceClusterIpRange = lib.mkOption { default = "10.1.0.0/16,fd00::/108"; };
    };
  };

  placeOf = config: {
    inherit (config.kubernetes) nodeName serviceCIDRs;
    inherit (config.cas.cluster.certs.kubelet) commonName;
  };

  serverOf = name: certToolkit: (host name [ (written certToolkit) ]).kubernetes.server;
in
[
  {
    name = "a_definition_and_a_default_win_over_the_preset";
    got = map (define: (commonNameBy define).commonName) [
      lib.id
      lib.mkDefault
      lib.mkForce
    ];
    want = lib.genList (_: "mine") 3;
  }
  {
    name = "the_rest_of_a_certificate_stays_as_the_preset_has_it";
    got = {
      inherit (commonNameBy lib.id) hosts usages component;
      inherit ((commonNameBy lib.id).names) O;
    };
    want = {
      hosts = [
        "cp1"
        "10.0.0.1"
      ];
      usages = [
        "server auth"
        "client auth"
      ];
      component = "kubelet";
      O = "system:nodes";
    };
  }
  {
    name = "the_preset_wins_over_what_is_inherited";
    got =
      let
        certs = certsOf [
          (written {
            defaults = {
              hosts = [ "inherited.example.org" ];
              names.O = "Example";
              owner = "nobody";
            };
          })
        ];
      in
      {
        inherit (certs.kube-scheduler) hosts owner;
        inherit (certs.kube-scheduler.names) O;
      };
    want = {
      hosts = [ ];
      owner = "kubernetes";
      O = null;
    };
  }
  {
    name = "a_host_without_a_place_has_nothing";
    got =
      let
        config = host "cp1" [ (written { kubernetes.enable = lib.mkForce false; }) ];
      in
      {
        inherit (config) cas keyPairs;
        contributes = config.manifest.certToolkit ? kubernetes;
      };
    want = {
      cas = { };
      keyPairs = { };
      contributes = false;
    };
  }
  {
    name = "names_and_networks_are_those_of_the_services";
    got = placeOf (host "cp1" [ services ]);
    want = {
      nodeName = "cp1.example.org";
      serviceCIDRs = [
        "10.1.0.0/16"
        "fd00::/108"
      ];
      commonName = "system:node:cp1.example.org";
    };
  }
  {
    name = "a_kubelet_that_does_not_run_has_no_name";
    got =
      (placeOf (
        host "cp1" [
          { options.services.kubernetes.kubelet.hostname = lib.mkOption { type = lib.types.str; }; }
        ]
      )).nodeName;
    want = "cp1";
  }
  {
    name = "the_table_of_nodes_wins_over_the_services";
    got =
      (placeOf (
        host "cp1" [
          services
          (written { kubernetes.nodes.cp1.nodeName = "one"; })
        ]
      )).commonName;
    want = "system:node:one";
  }
  {
    name = "the_certificates_are_known_by_their_components";
    got =
      (host "w1" [
        (written {
          kubernetes.certificateNames.kube-proxy = "proxy";
          kubernetes.extraComponents = [ "flannel" ];
        })
      ]).kubernetes.certificates;
    want =
      lib.mapAttrs
        (_: name: {
          authority = "cluster";
          inherit name;
        })
        {
          flannel = "flannel";
          kube-proxy = "proxy";
          kubelet = "kubelet";
        };
  }
  {
    name = "every_key_is_opened_for_the_user_of_its_program";
    got = secretsOf [ (written { kubernetes.clusterSigning = true; }) ];
    want = lib.mapAttrs' (id: lib.nameValuePair "certtoolkit-${id}") {
      ca-cluster-signing = "kubernetes";
      shared-service-account = "kubernetes";
      derived-cp1-cluster-kube-apiserver = "kubernetes";
      derived-cp1-cluster-kube-apiserver-kubelet-client = "kubernetes";
      derived-cp1-cluster-kube-controller-manager = "kubernetes";
      derived-cp1-cluster-kube-scheduler = "kubernetes";
      derived-cp1-cluster-kubelet = "root";
      derived-cp1-cluster-kube-proxy = "root";
      derived-cp1-etcd-kube-apiserver-etcd-client = "kubernetes";
      derived-cp1-front-proxy-front-proxy-client = "kubernetes";
    };
  }
  {
    name = "the_members_of_etcd_have_keys_of_their_own";
    got = lib.filterAttrs (id: _: lib.hasInfix "-etcd-etcd" id) (secretsOf [
      (written { kubernetes.roles = [ "etcd" ]; })
    ]);
    want = {
      certtoolkit-derived-cp1-etcd-etcd-server = "etcd";
      certtoolkit-derived-cp1-etcd-etcd-peer = "etcd";
      certtoolkit-derived-cp1-etcd-etcd-healthcheck-client = "root";
    };
  }
  {
    name = "a_key_pair_says_its_files";
    got =
      let
        pair = (host "cp1" [ ]).keyPairs.service-account;
      in
      {
        inherit (pair)
          id
          relativePublicPath
          relativeAgePath
          keyPath
          ;
        inStore = map (path: lib.substring 33 (-1) (baseNameOf path)) [
          pair.publicPath
          pair.agePath
        ];
      };
    want = {
      id = "shared-service-account";
      relativePublicPath = "secrets/certs/shared/service-account.pub";
      relativeAgePath = "secrets/certs/shared/service-account.key.age";
      keyPath = "/run/agenix/certtoolkit-shared-service-account";
      inStore = [
        "service-account.pub"
        "service-account.key.age"
      ];
    };
  }
  {
    name = "the_key_of_an_authority_that_signs_is_on_the_host";
    got =
      (host "cp1" [ (written { kubernetes.clusterSigning = true; }) ]).cas.cluster-signing.ca.keyPath;
    want = "/run/agenix/certtoolkit-ca-cluster-signing";
  }
  {
    name = "clients_are_verified_by_the_authority_of_the_cluster";
    got =
      let
        config = host "cp1" [ ];
      in
      config.kubernetes.clientCaBundle == config.cas.cluster.bundlePath;
    want = true;
  }
  {
    name = "clients_are_verified_by_the_authority_that_signs_as_well";
    got = (host "w1" [ (written { kubernetes.clusterSigning = true; }) ]).kubernetes.clientCaBundle;
    want = builtins.toFile "cluster-clients.crt" "stands for ca/cluster.crt\nstands for ca/cluster-signing.crt\n";
  }
  {
    name = "a_kubeconfig_names_the_files_of_its_certificate";
    got =
      (host "cp1" [
        (written {
          kubernetes.certificateNames.kube-scheduler = "apiserver";
          cas.cluster.certs.apiserver.kubeconfig.enable = true;
        })
      ]).cas.cluster.certs.apiserver.kubeconfig.path;
    want = builtins.toFile "cluster-apiserver.kubeconfig" (
      builtins.toJSON {
        apiVersion = "v1";
        kind = "Config";
        clusters = [
          {
            name = "kubernetes";
            cluster = {
              server = "https://localhost:6443";
              certificate-authority = "${(host "cp1" [ ]).cas.cluster.bundlePath}";
            };
          }
        ];
        users = [
          {
            name = "system:kube-scheduler";
            user = {
              client-certificate = "${builtins.path {
                path = ./project/secrets/certs/derived/cp1/cluster-apiserver.crt;
                name = "cluster-apiserver.crt";
              }}";
              client-key = "/run/agenix/certtoolkit-derived-cp1-cluster-apiserver";
            };
          }
        ];
        contexts = [
          {
            name = "system:kube-scheduler@kubernetes";
            context = {
              cluster = "kubernetes";
              user = "system:kube-scheduler";
            };
          }
        ];
        current-context = "system:kube-scheduler@kubernetes";
      }
    );
  }
  {
    name = "the_api_server_is_where_clients_reach_it";
    got = [
      (serverOf "cp1" { })
      (serverOf "w1" { })
      (serverOf "w1" { kubernetes.nodes.cp1.addresses = lib.mkForce [ "fd00::1" ]; })
      (serverOf "w1" { kubernetes.nodes.cp1.addresses = lib.mkForce [ ]; })
      (serverOf "cp1" { kubernetes.controlPlaneEndpoint = "api.example.org"; })
      (serverOf "w1" { kubernetes.controlPlaneEndpoint = "api.example.org:443"; })
      (serverOf "w1" { kubernetes.controlPlaneEndpoint = "[fd00::10]:443"; })
      (serverOf "w1" { kubernetes.controlPlaneEndpoint = "[fd00::10]"; })
    ];
    want = [
      "https://localhost:6443"
      "https://10.0.0.1:6443"
      "https://[fd00::1]:6443"
      null
      "https://api.example.org:6443"
      "https://api.example.org:443"
      "https://[fd00::10]:443"
      "https://[fd00::10]:6443"
    ];
  }
]
