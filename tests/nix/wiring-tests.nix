# `certToolkit.kubernetes.wire` on the options of nixos-services.nix: which option takes which file, what wins, and when a
# unit starts again. The files of the project `cluster` are there to be named, not to be read.
{ lib }:
let
  inherit (lib) mkForce;
  evaluate = import ./evaluate.nix { inherit lib; };

  # --- The cluster --------------------------------------------------------------------------------------------------

  fleet.certToolkit = {
    root = ./cluster;
    userAgeKeys = [ "age1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs3290gq" ];
    owningHostKey = "./host.pub";
    kubernetes = {
      enable = true;
      wire = true;
      controlPlaneEndpoint = "api.example.org:6443";
      serviceCIDRs = [
        "10.96.0.0/12"
        "fd00:96::/108"
      ];
      nodes = {
        cp1 = {
          roles = [
            "control-plane"
            "etcd"
          ];
          addresses = [
            "10.0.0.1"
            "fd00::1"
          ];
        };
        cp2 = {
          roles = [
            "control-plane"
            "etcd"
          ];
          addresses = [ "10.0.0.2" ];
        };
        w1 = {
          roles = [ "worker" ];
          addresses = [ "10.0.0.11" ];
        };
      };
    };
  };

  host =
    name: modules:
    (evaluate.host name (
      [
        ./nixos-services.nix
        fleet
      ]
      ++ modules
    )).config;

  with' = settings: { certToolkit.kubernetes = settings; };

  cp1 = host "cp1" [ ];
  w1 = host "w1" [ (with' { extraComponents = [ "flannel" ]; }) ];

  # Store paths and opened keys by the name of their file.
  named =
    value:
    let
      text = builtins.unsafeDiscardStringContext (toString value);
      inStore = builtins.match "${builtins.storeDir}/[0-9a-z]{32}-(.*)" text;
      opened = builtins.match "/run/agenix/certtoolkit-(.*)" text;
    in
    if builtins.isAttrs value then
      lib.mapAttrs (_: named) value
    else if builtins.isList value then
      map named value
    else if !builtins.isString value && !builtins.isPath value then
      value
    else if inStore != null then
      "store:${builtins.head inStore}"
    else if opened != null then
      "key:${builtins.head opened}"
    else
      value;

  # The named options among those of a service.
  part = names: service: named (lib.getAttrs names service);

  unit =
    configuration: name:
    part [
      "after"
      "wants"
      "restartTriggers"
    ] configuration.systemd.services.${name};

  flagsOf = text: lib.filter (word: word != "") (lib.splitString " " text);

  # --- What is set --------------------------------------------------------------------------------------------------

  settings = [
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
        map (builtins.replaceStrings [ (toString cp1.certToolkit.cas.front-proxy.bundlePath) ] [ "BUNDLE" ]) (
          flagsOf cp1.services.kubernetes.apiserver.extraOpts
        )
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
          inherit (host "w1" [ (with' { splitKubelet = true; }) ]) services;
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
            [ (with' { nodeName = "worker-1"; }) ]
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
          signing = host "cp1" [ (with' { clusterSigning = true; }) ];
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
              (with' {
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
              (with' {
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
              (with' {
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
  ];

  # --- What wins ----------------------------------------------------------------------------------------------------

  precedence = [
    {
      name = "nothing_is_set_without_wire";
      got =
        let
          inherit (host "cp1" [ (with' { wire = mkForce false; }) ]) services systemd;
        in
        {
          apiserver = services.kubernetes.apiserver.enable;
          etcd = services.etcd.certFile;
          units = systemd.services;
        };
      want = {
        apiserver = false;
        etcd = null;
        units = { };
      };
    }
    {
      name = "what_a_person_writes_wins";
      got =
        let
          inherit
            (host "cp1" [
              {
                services.kubernetes.apiserver = {
                  tlsCertFile = "/mine.crt";
                  advertiseAddress = "10.9.9.9";
                  etcd.servers = [ "https://etcd.example.org:2379" ];
                };
                services.kubernetes.scheduler.enable = false;
                services.etcd.name = "mine";
              }
            ])
            services
            systemd
            ;
        in
        {
          inherit (services.kubernetes.apiserver) tlsCertFile advertiseAddress;
          inherit (services.kubernetes.apiserver.etcd) servers;
          inherit (services.etcd) name;
          scheduler = systemd.services ? kube-scheduler;
        };
      want = {
        tlsCertFile = "/mine.crt";
        advertiseAddress = "10.9.9.9";
        servers = [ "https://etcd.example.org:2379" ];
        name = "mine";
        scheduler = false;
      };
    }
    {
      name = "flags_of_a_person_come_after_ours";
      got = lib.last (
        flagsOf
          (host "cp1" [ { services.kubernetes.apiserver.extraOpts = "--profiling=false"; } ])
          .services.kubernetes.apiserver.extraOpts
      );
      want = "--profiling=false";
    }
    {
      name = "roles_of_nixpkgs_bring_no_easy_certs";
      got =
        let
          inherit
            (host "w1" [
              { services.kubernetes.roles = [ "node" ]; }
              (with' { extraComponents = [ "flannel" ]; })
            ])
            services
            assertions
            ;
        in
        {
          inherit (services.kubernetes) easyCerts;
          failed = lib.filter (assertion: !assertion.assertion) assertions;
        };
      want = {
        easyCerts = false;
        failed = [ ];
      };
    }
    {
      name = "easy_certs_beside_it_are_refused";
      got = map (assertion: lib.head (lib.splitString "." assertion.message)) (
        lib.filter (assertion: !assertion.assertion)
          (host "cp1" [ { services.kubernetes.easyCerts = true; } ]).assertions
      );
      want = [ "certToolkit" ];
    }
    {
      name = "without_nixos_it_is_refused";
      got = map (assertion: assertion.message) (
        lib.filter (assertion: !assertion.assertion) (evaluate.host "cp1" [ fleet ]).config.assertions
      );
      want = [
        (
          "certToolkit.kubernetes.wire sets services.kubernetes, but there is no such option here."
          + " Set certToolkit.kubernetes.wire = false, or evaluate this host as a NixOS system."
        )
      ];
    }
  ];

  # --- When a unit starts -------------------------------------------------------------------------------------------

  # agenix has this unit where it is no activation script.
  agenixUnit.systemd.services.agenix-install-secrets = { };

  order = [
    {
      name = "after_an_activation_script_there_is_nothing_to_wait_for";
      got = removeAttrs (unit cp1 "kube-apiserver") [ "restartTriggers" ];
      want = {
        after = [ ];
        wants = [ ];
      };
    }
    {
      name = "units_wait_for_the_unit_of_agenix";
      got =
        let
          configuration = host "cp1" [ agenixUnit ];
        in
        lib.mapAttrs (_: unit: unit.after ++ unit.wants) (
          removeAttrs configuration.systemd.services [ "agenix-install-secrets" ]
        );
      want = lib.genAttrs [
        "etcd"
        "kube-apiserver"
        "kube-controller-manager"
        "kube-scheduler"
      ] (_: lib.genList (_: "agenix-install-secrets.service") 2);
    }
    {
      name = "who_opens_keys_without_agenix_orders_the_units";
      got =
        (host "cp1" [
          agenixUnit
          { certToolkit.ageIntegration = false; }
        ]).systemd.services.etcd.after;
      want = [ ];
    }
    {
      name = "a_changed_key_restarts_what_reads_it";
      got = lib.mapAttrs (_: unit: map named unit.restartTriggers) cp1.systemd.services;
      want = {
        etcd = [
          "store:etcd-etcd-server.crt"
          "store:etcd-etcd-peer.crt"
        ];
        kube-apiserver = [
          "store:kubernetes-kube-apiserver.crt"
          "store:kubernetes-kube-apiserver-kubelet-client.crt"
          "store:etcd-kube-apiserver-etcd-client.crt"
          "store:front-proxy-front-proxy-client.crt"
          "store:service-account.pub"
        ];
        kube-controller-manager = [
          "store:kubernetes-kube-controller-manager.crt"
          "store:service-account.pub"
        ];
        kube-scheduler = [ "store:kubernetes-kube-scheduler.crt" ];
      };
    }
    {
      name = "what_is_read_again_restarts_nothing";
      got =
        let
          inherit
            (host "cp1" [
              (with' {
                reload = [
                  "etcd-server"
                  "kube-scheduler"
                ];
              })
            ])
            environment
            services
            systemd
            ;
        in
        named {
          inherit (services.etcd) certFile keyFile;
          scheduler = services.kubernetes.scheduler.kubeconfig.certFile;
          etc = lib.mapAttrs (_: entry: entry.source) environment.etc;
          etcd = systemd.services.etcd.restartTriggers;
          triggers = systemd.services.kube-scheduler.restartTriggers;
        };
      want = {
        certFile = "/etc/certs/etcd-server.crt";
        keyFile = "key:derived-cp1-etcd-etcd-server";
        scheduler = "/etc/certs/kube-scheduler.crt";
        etc = {
          "certs/etcd-server.crt" = "store:etcd-etcd-server.crt";
          "certs/kube-scheduler.crt" = "store:kubernetes-kube-scheduler.crt";
        };
        etcd = [ "store:etcd-etcd-peer.crt" ];
        triggers = [ ];
      };
    }
  ];

  # --- Doubts -------------------------------------------------------------------------------------------------------

  doubts = [
    {
      name = "a_wired_host_gives_no_cause_for_doubt";
      got = cp1.warnings ++ w1.warnings;
      want = [ ];
    }
    {
      name = "a_service_without_an_identity_is_a_doubt";
      got = (host "cp1" [ { services.kubernetes.kubelet.enable = true; } ]).warnings;
      want = [
        (
          "certToolkit: services.kubernetes.kubelet is enabled on cp1, but nothing gives it a certificate, so it cannot join the cluster."
          + " Put \"worker\" into certToolkit.kubernetes.roles, or into nodes.cp1.roles, or disable it."
        )
      ];
    }
    {
      name = "an_extra_without_an_identity_is_a_doubt";
      got =
        (host "w1" [
          { services.kubernetes.flannel.enable = true; }
          { services.kubernetes.addonManager.enable = true; }
        ]).warnings;
      want = [
        (
          "certToolkit: services.kubernetes.flannel is enabled on w1, but nothing gives it a certificate, so it cannot join the cluster."
          + " Put \"flannel\" into certToolkit.kubernetes.extraComponents, or disable it."
        )
        (
          "certToolkit: services.kubernetes.addonManager is enabled on w1, but nothing gives it a certificate, so it cannot join the cluster."
          + " Put \"addon-manager\" into certToolkit.kubernetes.extraComponents, or disable it."
        )
      ];
    }
    {
      name = "lost_flags_are_a_doubt";
      got =
        (host "cp1" [ { services.kubernetes.apiserver.extraOpts = mkForce "--profiling=false"; } ])
        .warnings;
      want = [
        (
          "certToolkit: services.kubernetes.apiserver.extraOpts on cp1 has lost --requestheader-client-ca-file,"
          + " without which the API server refuses the requests of aggregated API servers and of its own front proxy."
          + " Set extraOpts without mkForce, so that the definitions are joined, or write the flag there yourself."
        )
      ];
    }
  ];

  contradictions = [
    {
      name = "what_is_said_twice_must_agree";
      got =
        (host "cp1" [
          {
            services.kubernetes.apiserver.serviceClusterIpRange = "10.0.0.0/24";
            services.kubernetes.addons.dns.clusterDomain = "k8s.local";
          }
        ]).warnings;
      want = [
        (
          "certToolkit: services.kubernetes.apiserver.serviceClusterIpRange on cp1 is \"10.0.0.0/24\","
          + " but certToolkit.kubernetes.serviceCIDRs is \"10.96.0.0/12,fd00:96::/108\"."
          + " Pods that reach the API server by its service address refuse its certificate. Say it in one of the two places only."
        )
        (
          "certToolkit: services.kubernetes.addons.dns.clusterDomain on cp1 is \"k8s.local\", but certToolkit.kubernetes.clusterDomain is \"cluster.local\"."
          + " Pods that reach the API server by its full name refuse its certificate. Say it in one of the two places only."
        )
      ];
    }
    {
      name = "a_kubelet_has_the_name_in_its_certificate";
      got =
        (host "w1" [
          (with' { nodeName = "w1.example.org"; })
          { services.kubernetes.kubelet.hostname = "w1"; }
        ]).warnings;
      want = [
        (
          "certToolkit: services.kubernetes.kubelet.hostname on w1 is \"w1\", but certToolkit.kubernetes.nodeName is \"w1.example.org\"."
          + " The API server does not let the kubelet register, because its certificate is that of another node."
          + " Say it in one of the two places only."
        )
      ];
    }
  ];

  # --- The rights of a new cluster ----------------------------------------------------------------------------------

  objectsOf =
    modules:
    let
      evaluation = evaluate.host "cp1" (
        [
          ./nixos-services.nix
          fleet
        ]
        ++ modules
      );
    in
    map
      (object: {
        inherit (object) kind;
        inherit (object.metadata) name;
        role = object.roleRef.name or null;
        subjects = map (subject: "${subject.kind} ${subject.name}") (object.subjects or [ ]);
      })
      (import ../../nix/module/wiring/bootstrap.nix { inherit lib; inherit (evaluation) config options; })
      .items;

  administrators = {
    kind = "ClusterRoleBinding";
    name = "kubeadm:cluster-admins";
    role = "cluster-admin";
    subjects = [ "Group kubeadm:cluster-admins" ];
  };
  kubelets = {
    kind = "ClusterRoleBinding";
    name = "certs:kube-apiserver-kubelet-client";
    role = "system:kubelet-api-admin";
    subjects = [ "User kube-apiserver-kubelet-client" ];
  };

  rights = [
    {
      name = "a_new_cluster_gets_administrators_and_access_to_kubelets";
      got = objectsOf [ ];
      want = [
        administrators
        kubelets
      ];
    }
    {
      name = "rights_follow_the_names_in_the_certificates";
      got = objectsOf [
        { certToolkit.cas.kubernetes.certs.kube-apiserver-kubelet-client.commonName = "api"; }
      ];
      want = [
        administrators
        (kubelets // { subjects = [ "User api" ]; })
      ];
    }
    {
      name = "extra_components_have_rights_and_add_ons_come_along_once";
      got = objectsOf [
        (with' {
          extraComponents = [
            "flannel"
            "konnectivity-server"
          ];
        })
        {
          services.kubernetes.addonManager.bootstrapAddons = {
            flannel-crb = {
              kind = "ClusterRoleBinding";
              metadata.name = "flannel";
            };
            coredns = {
              kind = "ClusterRole";
              metadata.name = "system:coredns";
            };
          };
        }
      ];
      want = [
        administrators
        kubelets
        {
          kind = "ClusterRole";
          name = "flannel";
          role = null;
          subjects = [ ];
        }
        {
          kind = "ClusterRoleBinding";
          name = "flannel";
          role = "flannel";
          subjects = [ "User flannel-client" ];
        }
        {
          kind = "ClusterRoleBinding";
          name = "system:konnectivity-server";
          role = "system:auth-delegator";
          subjects = [ "User system:konnectivity-server" ];
        }
        {
          kind = "ClusterRole";
          name = "system:coredns";
          role = null;
          subjects = [ ];
        }
      ];
    }
    {
      name = "the_manifest_is_a_file";
      got = lib.hasSuffix "-kubernetes-bootstrap.json" cp1.certToolkit.kubernetes.bootstrapManifest;
      want = true;
    }
  ];
in
settings ++ precedence ++ order ++ doubts ++ contradictions ++ rights
