# What wins where the wiring and a person say the same thing, when a unit starts again, and what is doubtful.
{ lib }:
let
  inherit (lib) mkForce;
  evaluate = import ./evaluate.nix { inherit lib; };
  inherit (import ./wired.nix { inherit lib; })
    fleet
    host
    clusterWith
    named
    part
    flagsOf
    ;

  cp1 = host "cp1" [ ];
  w1 = host "w1" [ (clusterWith { extraComponents = [ "flannel" ]; }) ];

  unit =
    configuration: name:
    part [
      "after"
      "wants"
      "restartTriggers"
    ] configuration.systemd.services.${name};

  failedAssertions =
    configuration:
    map (assertion: assertion.message) (
      lib.filter (assertion: !assertion.assertion) configuration.assertions
    );

  # --- What wins ----------------------------------------------------------------------------------------------------

  precedence = [
    {
      name = "nothing_is_set_without_wire";
      got =
        let
          inherit (host "cp1" [ (clusterWith { wire = mkForce false; }) ]) services systemd;
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
              (clusterWith { extraComponents = [ "flannel" ]; })
            ])
            services
            assertions
            ;
        in
        {
          inherit (services.kubernetes) easyCerts;
          failed = failedAssertions { inherit assertions; };
        };
      want = {
        easyCerts = false;
        failed = [ ];
      };
    }
    {
      name = "easy_certs_beside_it_are_refused";
      got = failedAssertions (host "cp1" [ { services.kubernetes.easyCerts = true; } ]);
      want = [
        (
          "certToolkit.kubernetes.wire and services.kubernetes.easyCerts both give the services their certificates."
          + " Set services.kubernetes.easyCerts = false, or certToolkit.kubernetes.wire = false."
        )
      ];
    }
    {
      # Or there would never be a first time.
      name = "what_is_to_be_issued_needs_no_file";
      got =
        let
          inherit (host "w1" [ { certToolkit.root = mkForce ./.; } ]) certToolkit;
        in
        builtins.deepSeq certToolkit.manifest (
          lib.attrNames certToolkit.manifest.certToolkit.cas.kubernetes.certs
        );
      want = [
        "kube-proxy"
        "kubelet"
      ];
    }
    {
      name = "without_nixos_it_is_refused";
      got = failedAssertions (evaluate.host "cp1" [ fleet ]).config;
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
              (clusterWith {
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
          + " A certificate for it is made on hosts with the role \"control-plane\" only. Put \"control-plane\" into"
          + " certToolkit.kubernetes.roles, or into nodes.w1.roles, and \"addon-manager\" into certToolkit.kubernetes.extraComponents,"
          + " or disable it."
        )
      ];
    }
    {
      # What was asked for is placed on the hosts with its role, so asking again would not help.
      name = "an_extra_that_was_asked_for_elsewhere_needs_its_role";
      got =
        (host "cp1" [
          { services.kubernetes.flannel.enable = true; }
          (clusterWith { extraComponents = [ "flannel" ]; })
        ]).warnings;
      want = [
        (
          "certToolkit: services.kubernetes.flannel is enabled on cp1, but nothing gives it a certificate, so it cannot join the cluster."
          + " A certificate for it is made on hosts with the role \"worker\" only. Put \"worker\" into certToolkit.kubernetes.roles,"
          + " or into nodes.cp1.roles, or disable it."
        )
      ];
    }
    {
      name = "an_extra_that_was_given_no_name_is_a_doubt";
      got =
        (host "w1" [
          { services.kubernetes.flannel.enable = true; }
          (clusterWith {
            extraComponents = [ "flannel" ];
            certificateNames.flannel = null;
          })
        ]).warnings;
      want = [
        (
          "certToolkit: services.kubernetes.flannel is enabled on w1, but nothing gives it a certificate, so it cannot join the cluster."
          + " Remove certToolkit.kubernetes.certificateNames.flannel = null, which leaves it without one, or disable it."
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

  # As NixOS runs them.
  users = {
    systemd.services = lib.mapAttrs (_: User: { serviceConfig = { inherit User; }; }) {
      etcd = "etcd";
      kube-apiserver = "kubernetes";
      kube-controller-manager = "kubernetes";
      kube-scheduler = "kubernetes";
    };
  };

  readers = [
    {
      name = "services_may_read_their_keys";
      got = (host "cp1" [ users ]).warnings;
      want = [ ];
    }
    {
      name = "a_key_of_another_user_is_a_doubt";
      got =
        (host "cp1" [
          users
          {
            certToolkit.cas.kubernetes.certs.kube-scheduler.owner = "root";
            certToolkit.cas.etcd.certs.etcd-peer.owner = "etcd-io";
            # Read through its group, or by everyone.
            certToolkit.cas.etcd.certs.etcd-server = {
              owner = "root";
              group = "etcd";
              mode = "0440";
            };
          }
        ]).warnings;
      want = [
        (
          "certToolkit: etcd.service on cp1 runs as etcd, but the key of certToolkit.cas.etcd.certs.etcd-peer belongs to etcd-io,"
          + " so it cannot read it. Set certToolkit.cas.etcd.certs.etcd-peer.owner = \"etcd\"."
        )
        (
          "certToolkit: kube-scheduler.service on cp1 runs as kubernetes, but the key of certToolkit.cas.kubernetes.certs.kube-scheduler belongs to root,"
          + " so it cannot read it. Set certToolkit.cas.kubernetes.certs.kube-scheduler.owner = \"kubernetes\"."
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
      # What its kubelet tells the pods comes from the same options.
      name = "a_worker_must_agree_as_well";
      got =
        map (lib.hasInfix "follows from the former. Say it in one of the two places only.")
          (host "w1" [
            {
              services.kubernetes.apiserver.serviceClusterIpRange = "10.112.0.0/24";
              services.kubernetes.addons.dns.clusterDomain = "k8s.local";
            }
          ]).warnings;
      want = [
        true
        true
        # The address of its DNS.
        false
      ];
    }
    {
      # nixpkgs takes three octets, whatever the network.
      name = "the_dns_that_pods_are_told_is_a_service";
      got =
        (host "w1" [ (clusterWith { serviceCIDRs = mkForce [ "10.96.0.0/25" ]; }) ]).warnings
        ++ (host "w1" [ (clusterWith { serviceCIDRs = mkForce [ "fd00:96::/108" ]; }) ]).warnings;
      want =
        map
          (
            { address, network }:
            "certToolkit: the kubelet on w1 tells its pods that the DNS of the cluster is at ${address}, which is not inside"
            + " the service network ${network}. Set services.kubernetes.addons.dns.clusterIp on all hosts to an address inside it."
          )
          [
            {
              address = "10.96.0.254";
              network = "10.96.0.0/25";
            }
            {
              address = "fd00:96::/108.254";
              network = "fd00:96::/108";
            }
          ];
    }
    {
      name = "a_dns_of_the_node_itself_is_no_doubt";
      got = (host "w1" [ { services.kubernetes.kubelet.clusterDns = [ "169.254.20.10" ]; } ]).warnings;
      want = [ ];
    }
    {
      name = "pods_have_a_network_of_their_own";
      got =
        (host "w1" [ { services.kubernetes.clusterCidr = "10.0.0.0/8"; } ]).warnings
        ++ (host "w1" [ { services.kubernetes.clusterCidr = "fd00:96::/64"; } ]).warnings
        ++ (host "w1" [ { services.kubernetes.clusterCidr = null; } ]).warnings;
      want =
        let
          overlaps = pods: ''
            certToolkit: the pod network ${pods} (services.kubernetes.clusterCidr) on w1 overlaps the service network 10.96.0.0/12, fd00:96::/108, so a pod and a service may have one address. Set services.kubernetes.clusterCidr on all hosts to a network that nothing else uses, or change certToolkit.kubernetes.serviceCIDRs.'';
        in
        [
          (overlaps "10.0.0.0/8")
          (
            "certToolkit: the address 10.0.0.11 of w1 is inside the pod network 10.0.0.0/8 (services.kubernetes.clusterCidr),"
            + " so a pod may have it too. Set services.kubernetes.clusterCidr on all hosts to a network that nothing else uses."
          )
          (overlaps "fd00:96::/64")
        ];
    }
    {
      name = "a_kubelet_has_the_name_in_its_certificate";
      got =
        (host "w1" [
          (clusterWith { nodeName = "w1.example.org"; })
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
in
precedence ++ order ++ doubts ++ readers ++ contradictions
