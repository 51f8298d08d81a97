# `certToolkit.kubernetes.wire` on the options of nixos-services.nix: which option takes which file.
{ lib }:
let
  inherit (lib) mkForce;
  inherit (import ./wired.nix { inherit lib; })
    host
    clusterWith
    named
    part
    flagsOf
    ;

  cp1 = host "cp1" [ ];
  w1 = host "w1" [ (clusterWith { extraComponents = [ "flannel" ]; }) ];
in
[
  {
    name = "the_cluster_has_one_authority_and_one_address";
    got = part [
      "easyCerts"
      "caFile"
      "apiserverAddress"
      "masterAddress"
    ] cp1.services.kubernetes;
    want = {
      easyCerts = false;
      caFile = "store:kubernetes.crt";
      apiserverAddress = "https://api.example.org:6443";
      masterAddress = "api.example.org";
    };
  }
  {
    name = "the_api_server_gets_its_certificates";
    got = removeAttrs (named cp1.services.kubernetes.apiserver) [
      "bindAddress"
      "extraOpts"
      "securePort"
    ];
    want = {
      enable = true;
      advertiseAddress = "10.0.0.1";
      preferredAddressTypes = "InternalIP,ExternalIP,Hostname";
      serviceClusterIpRange = "10.96.0.0/12,fd00:96::/108";
      clientCaFile = "store:kubernetes.crt";
      tlsCertFile = "store:kubernetes-kube-apiserver.crt";
      tlsKeyFile = "key:derived-cp1-kubernetes-kube-apiserver";
      kubeletClientCaFile = "store:kubernetes.crt";
      kubeletClientCertFile = "store:kubernetes-kube-apiserver-kubelet-client.crt";
      kubeletClientKeyFile = "key:derived-cp1-kubernetes-kube-apiserver-kubelet-client";
      proxyClientCertFile = "store:front-proxy-front-proxy-client.crt";
      proxyClientKeyFile = "key:derived-cp1-front-proxy-front-proxy-client";
      serviceAccountKeyFile = "store:service-account.pub";
      serviceAccountSigningKeyFile = "key:shared-service-account";
      etcd = {
        servers = [
          "https://10.0.0.1:2379"
          "https://10.0.0.2:2379"
        ];
        caFile = "store:etcd.crt";
        certFile = "store:etcd-kube-apiserver-etcd-client.crt";
        keyFile = "key:derived-cp1-etcd-kube-apiserver-etcd-client";
      };
    };
  }
  {
    name = "the_front_proxy_has_its_own_authority_and_one_name";
    got = map (lib.replaceStrings [ builtins.storeDir ] [ "" ]) (
      map (builtins.replaceStrings
        [ (toString cp1.certToolkit.cas.front-proxy.bundlePath) ]
        [ "BUNDLE" ]
      ) (flagsOf cp1.services.kubernetes.apiserver.extraOpts)
    );
    want = [
      "--requestheader-client-ca-file=BUNDLE"
      "--requestheader-allowed-names=front-proxy-client"
      "--requestheader-username-headers=X-Remote-User"
      "--requestheader-group-headers=X-Remote-Group"
      "--requestheader-extra-headers-prefix=X-Remote-Extra-"
    ];
  }
  {
    name = "controllers_talk_to_the_api_server_of_their_own_host";
    got = {
      controllerManager = part [
        "enable"
        "rootCaFile"
        "serviceAccountKeyFile"
        "extraOpts"
        "kubeconfig"
      ] cp1.services.kubernetes.controllerManager;
      scheduler = part [ "kubeconfig" ] cp1.services.kubernetes.scheduler;
    };
    want = {
      controllerManager = {
        enable = true;
        rootCaFile = "store:kubernetes.crt";
        serviceAccountKeyFile = "key:shared-service-account";
        extraOpts = "";
        kubeconfig = {
          server = "https://127.0.0.1:6443";
          caFile = "store:kubernetes.crt";
          certFile = "store:kubernetes-kube-controller-manager.crt";
          keyFile = "key:derived-cp1-kubernetes-kube-controller-manager";
        };
      };
      scheduler.kubeconfig = {
        server = "https://127.0.0.1:6443";
        caFile = "store:kubernetes.crt";
        certFile = "store:kubernetes-kube-scheduler.crt";
        keyFile = "key:derived-cp1-kubernetes-kube-scheduler";
      };
    };
  }
  {
    name = "a_member_of_etcd_knows_the_others";
    got = named cp1.services.etcd;
    want = {
      enable = true;
      name = "cp1";
      initialCluster = [
        "cp1=https://10.0.0.1:2380"
        "cp2=https://10.0.0.2:2380"
      ];
      listenClientUrls = [
        "https://10.0.0.1:2379"
        "https://[fd00::1]:2379"
        "https://127.0.0.1:2379"
      ];
      listenPeerUrls = [
        "https://10.0.0.1:2380"
        "https://[fd00::1]:2380"
      ];
      advertiseClientUrls = [ "https://10.0.0.1:2379" ];
      initialAdvertisePeerUrls = [ "https://10.0.0.1:2380" ];
      clientCertAuth = true;
      trustedCaFile = "store:etcd.crt";
      certFile = "store:etcd-etcd-server.crt";
      keyFile = "key:derived-cp1-etcd-etcd-server";
      peerClientCertAuth = true;
      peerTrustedCaFile = "store:etcd.crt";
      peerCertFile = "store:etcd-etcd-peer.crt";
      peerKeyFile = "key:derived-cp1-etcd-etcd-peer";
    };
  }
  {
    name = "a_control_plane_runs_no_kubelet_unless_it_is_a_worker";
    got = {
      kubelet = cp1.services.kubernetes.kubelet.enable;
      proxy = cp1.services.kubernetes.proxy.enable;
      units = lib.attrNames cp1.systemd.services;
    };
    want = {
      kubelet = false;
      proxy = false;
      units = [
        "etcd"
        "kube-apiserver"
        "kube-controller-manager"
        "kube-scheduler"
      ];
    };
  }
  {
    name = "a_worker_gets_its_certificates";
    got = {
      kubelet = named w1.services.kubernetes.kubelet;
      proxy = named w1.services.kubernetes.proxy;
      flannel = named w1.services.flannel;
      units = lib.attrNames w1.systemd.services;
      etcd = w1.services.etcd.enable;
    };
    want =
      let
        cluster = {
          server = "https://api.example.org:6443";
          caFile = "store:kubernetes.crt";
        };
        kubelet = {
          certFile = "store:kubernetes-kubelet.crt";
          keyFile = "key:derived-w1-kubernetes-kubelet";
        };
      in
      {
        kubelet = {
          enable = true;
          hostname = "w1";
          clusterDns = [ "10.96.0.254" ];
        nodeIp = "10.0.0.11";
          clientCaFile = "store:kubernetes.crt";
          tlsCertFile = kubelet.certFile;
          tlsKeyFile = kubelet.keyFile;
          unschedulable = false;
          kubeconfig = cluster // kubelet;
        };
        proxy = {
          enable = true;
          hostname = "w1";
          kubeconfig = cluster // {
            certFile = "store:kubernetes-kube-proxy.crt";
            keyFile = "key:derived-w1-kubernetes-kube-proxy";
          };
        };
        flannel = {
          enable = true;
          kubeconfig = cluster // {
            name = "flannel";
            certFile = "store:kubernetes-flannel.crt";
            keyFile = "key:derived-w1-kubernetes-flannel";
          };
        };
        units = [
          "flannel"
          "kube-proxy"
          "kubelet"
        ];
        etcd = false;
      };
  }
  {
    name = "a_kubelet_may_have_one_certificate_for_each_direction";
    got =
      let
        inherit (host "w1" [ (clusterWith { splitKubelet = true; }) ]) services;
      in
      named {
        client = services.kubernetes.kubelet.kubeconfig.certFile;
        server = services.kubernetes.kubelet.tlsCertFile;
      };
    want = {
      client = "store:kubernetes-kubelet-client.crt";
      server = "store:kubernetes-kubelet-server.crt";
    };
  }
  {
    name = "the_name_of_a_node_is_that_of_its_certificate";
    got =
      map
        (
          modules:
          let
            inherit (host "w1" modules) certToolkit services;
          in
          [
            services.kubernetes.kubelet.hostname
            services.kubernetes.proxy.hostname
            certToolkit.cas.kubernetes.certs.kubelet.commonName
          ]
        )
        [
          [ (clusterWith { nodeName = "worker-1"; }) ]
          [ { certToolkit.kubernetes.nodes.w1.nodeName = "worker-1"; } ]
          [ { services.kubernetes.kubelet.hostname = "worker-1"; } ]
        ];
    want = lib.genList (_: [
      "worker-1"
      "worker-1"
      "system:node:worker-1"
    ]) 3;
  }
  {
    name = "signing_requests_are_signed_with_the_intermediate";
    got =
      let
        signing = host "cp1" [ (clusterWith { clusterSigning = true; }) ];
      in
      {
        flags = flagsOf (
          builtins.replaceStrings [ (toString signing.certToolkit.cas.kubernetes-signing.ca.path) ] [ "CA" ]
            signing.services.kubernetes.controllerManager.extraOpts
        );
        triggers = lib.length (
          lib.filter (lib.hasSuffix "kubernetes-signing.crt") (
            signing.systemd.services.kube-controller-manager.restartTriggers
          )
        );
      };
    want = {
      flags = [
        "--cluster-signing-cert-file=CA"
        "--cluster-signing-key-file=/run/agenix/certtoolkit-ca-kubernetes-signing"
      ];
      triggers = 1;
    };
  }
  {
    name = "extra_components_get_theirs";
    got =
      let
        inherit
          (host "cp1" [
            (clusterWith {
              extraComponents = [
                "addon-manager"
                "kube-controller-manager-server"
                "kube-scheduler-server"
              ];
            })
          ])
          services
          systemd
          ;
      in
      {
        addonManager = services.kubernetes.addonManager.enable;
        kubeconfig = named systemd.services.kube-addon-manager.environment.KUBECONFIG;
        controllerManager = named services.kubernetes.controllerManager.tlsCertFile;
        scheduler = map (flag: lib.head (lib.splitString "=" flag)) (
          flagsOf services.kubernetes.scheduler.extraOpts
        );
      };
    want = {
      addonManager = true;
      kubeconfig = {
        name = "kube-addon-manager";
        server = "https://127.0.0.1:6443";
        caFile = "store:kubernetes.crt";
        certFile = "store:kubernetes-addon-manager.crt";
        keyFile = "key:derived-cp1-kubernetes-addon-manager";
      };
      controllerManager = "store:kubernetes-kube-controller-manager-server.crt";
      scheduler = [
        "--tls-cert-file"
        "--tls-private-key-file"
      ];
    };
  }
  {
    name = "without_a_table_of_nodes_a_host_knows_itself";
    got =
      let
        inherit
          (host "cp1" [
            (clusterWith {
              nodes = mkForce { };
              controlPlaneEndpoint = mkForce null;
              roles = [
                "control-plane"
                "etcd"
              ];
              nodeIPs = [ "fd00::1" ];
            })
          ])
          services
          ;
      in
      {
        inherit (services.kubernetes) apiserverAddress;
        inherit (services.kubernetes.apiserver.etcd) servers;
        inherit (services.etcd) initialCluster;
      };
    want = {
      apiserverAddress = "https://[fd00::1]:6443";
      servers = [ "https://[fd00::1]:2379" ];
      initialCluster = [ "cp1=https://[fd00::1]:2380" ];
    };
  }
  {
    name = "without_addresses_the_names_of_hosts_serve";
    got =
      let
        inherit
          (host "cp1" [
            (clusterWith {
              nodes = mkForce { };
              controlPlaneEndpoint = mkForce null;
              roles = [
                "control-plane"
                "etcd"
              ];
            })
          ])
          services
          ;
      in
      {
        inherit (services.kubernetes) apiserverAddress;
        inherit (services.kubernetes.apiserver) advertiseAddress;
        inherit (services.etcd) initialCluster listenPeerUrls listenClientUrls;
      };
    want = {
      apiserverAddress = "https://cp1:6443";
      advertiseAddress = null;
      initialCluster = [ "cp1=https://cp1:2380" ];
      listenPeerUrls = [ "https://0.0.0.0:2380" ];
      listenClientUrls = [ "https://0.0.0.0:2379" ];
    };
  }
]
