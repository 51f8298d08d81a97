# The manifest of a fleet of evaluated hosts: the same, to the byte, as from the plain data.
{ lib }:
let
  evaluate = import ./evaluate.nix { inherit lib; };
  fleet = import ../../nix/fleet.nix;
  certs = import ../../nix/lib.nix { nixpkgs = { inherit lib; }; };

  cases = builtins.filter (
    case:
    !(builtins.elem case [
      # Values that the types of the options refuse before the schema sees them.
      "faults"
      "role-faults"
      "kubernetes-two-tables"
      "kubernetes-unknown-words"
      "null-inherits"
    ])
  ) (lib.attrNames (lib.filterAttrs (_: type: type == "directory") (builtins.readDir ../contract)));

  contract = map (case: {
    name = "${lib.replaceStrings [ "-" ] [ "_" ] case}_gives_the_same_manifest_through_the_options";
    got = fleet.manifest {
      configurations = evaluate.hostsOf (import ../contract/${case}/input.nix);
      root = toString ../contract/${case};
    };
    want = lib.importJSON ../contract/${case}/manifest.json;
  }) cases;

  operator = {
    certToolkit = {
      userAgeKeys = [ "age1wtmuzz5uq9fjal4jex5zfw3wz94qs0txrs42pmlx6a5z5rhwaccq5tky2u" ];
      owningHostKey = "./cp1.pub";
    };
  };
  commonName = name: { certToolkit.cas.cluster.ca.commonName = name; };
  host = name: modules: evaluate.host name ([ operator ] ++ modules);

  # NixOS is not at hand; whatever else the template sets is taken as it is.
  template =
    name:
    evaluate.host name [
      ../../nix/templates/default/certificates.nix
      (../../nix/templates/default/hosts + "/${name}.nix")
      {
        options =
          let
            anything = lib.mkOption { type = lib.types.attrsOf lib.types.anything; };
          in
          lib.genAttrs [ "boot" "fileSystems" "services" "system" ] (_: anything)
          // {
            networking.firewall = anything;
          };
      }
    ];

  authorityOnly =
    module:
    (evaluate.bare { ageIntegration = false; } [
      operator
      module
    ]).config.certToolkit.manifest;
in
contract
++ [
  {
    name = "configurations_without_certificates_are_passed_over";
    got =
      lib.attrNames
        (fleet.manifest {
          configurations = {
            other.config = { };
            cp1 = host "cp1" [ ];
          };
        }).hosts;
    want = [ "cp1" ];
  }
  {
    name = "a_host_is_known_by_its_host_name";
    got =
      lib.attrNames
        (fleet.manifest {
          configurations.attribute = host "cp1" [ ];
        }).hosts;
    want = [ "cp1" ];
  }
  {
    name = "equal_configurations_of_one_host_are_one_host";
    got =
      (fleet.manifest {
        configurations = {
          cp1 = host "cp1" [ (commonName "a") ];
          installer = host "cp1" [ (commonName "a") ];
        };
      }).errors;
    want = [ ];
  }
  {
    name = "different_configurations_of_one_host_are_a_fault";
    got =
      map (error: error.message)
        (fleet.manifest {
          configurations = {
            cp1 = host "cp1" [ (commonName "a") ];
            installer = host "cp1" [ (commonName "b") ];
          };
        }).errors;
    want = [
      (
        "2 configurations have the host name \"cp1\", but declare different certificates."
        + " Give each its own networking.hostName, or its own certToolkit.hostName."
      )
    ];
  }
  {
    name = "ca_modules_declare_authorities_and_are_no_hosts";
    got =
      let
        manifest = fleet.manifest {
          configurations.cp1 = host "cp1" [ (commonName "a") ];
          authorities = [
            (authorityOnly {
              certToolkit.cas.cluster.ca.commonName = "a";
              certToolkit.cas.other.certs.ignored = { };
            })
          ];
        };
      in
      {
        hosts = lib.attrNames manifest.hosts;
        authorities = lib.mapAttrs (_: authority: authority.declaredBy) manifest.authorities;
        inherit (manifest) errors;
      };
    want = {
      hosts = [ "cp1" ];
      authorities = {
        cluster = [ "cp1" ];
        other = [ ];
      };
      errors = [ ];
    };
  }
  {
    name = "ca_modules_that_disagree_with_a_host_are_a_fault";
    got =
      map (error: error.code)
        (fleet.manifest {
          configurations.cp1 = host "cp1" [ (commonName "a") ];
          authorities = [ (authorityOnly (commonName "b")) ];
        }).errors;
    want = [ "authority-disagreement" ];
  }
  {
    name = "the_template_lacks_only_the_keys_of_its_user";
    got =
      let
        manifest = fleet.manifest { configurations = lib.genAttrs [ "cp1" "w1" ] template; };
      in
      {
        faults = map (error: error.code) manifest.errors;
        inherit (manifest) warnings;
        w1 = lib.attrNames manifest.hosts.w1.certificates.kubernetes;
        authorities = lib.attrNames manifest.authorities;
      };
    want = {
      faults = [
        "key-file-missing"
        "key-file-missing"
        "key-placeholder"
      ];
      warnings = [ ];
      w1 = [
        "flannel"
        "kube-proxy"
        "kubelet"
      ];
      authorities = [
        "etcd"
        "front-proxy"
        "kubernetes"
      ];
    };
  }
  {
    name = "a_fleet_without_hosts_says_where_to_look";
    got =
      map (configurations: map (error: error.message) (fleet.manifest { inherit configurations; }).errors)
        [
          { }
          # deploy-rs
          {
            cp1.profiles.system = { };
            w1.profiles.system = { };
          }
          (lib.genAttrs [ "a" "b" "c" "d" ] (_: {
            config.networking.hostName = "x";
          }))
        ];
    want = [
      [
        "There are no hosts: nixosConfigurations is empty. Give mkCerts your nixosConfigurations, hosts or caModules."
      ]
      [
        (
          "None of cp1, w1 has a NixOS configuration; this looks like deploy.nodes, which says where hosts are and not what they are."
          + " Give self.nixosConfigurations instead."
        )
      ]
      [
        (
          "None of a, b, c, … declares certificates. Import certs.nixosModules.certToolkit into the hosts, and give mkCerts a set of"
          + " things with `config`, such as self.nixosConfigurations."
        )
      ]
    ];
  }
  {
    name = "authorities_without_a_host_yet_are_a_fleet";
    got = map (error: error.code) (certs.mkManifest { caModules = [ operator ]; }).errors;
    want = [ ];
  }
  {
    name = "hosts_are_evaluated_without_nixos";
    got =
      let
        manifest = certs.mkManifest {
          specialArgs.site = "bern";
          hosts = {
            cp1 = [
              operator
              (
                { config, site, ... }:
                {
                  certToolkit.cas.cluster.certs.web.hosts = [ "${config.networking.hostName}.${site}.example" ];
                  # Passed over, and so is what it would be read from.
                  services.nginx.enable = config.services.web.enable;
                }
              )
            ];
            w1 = operator;
          };
        };
      in
      {
        inherit (manifest) errors;
        hosts = lib.attrNames manifest.hosts;
        sans = manifest.hosts.cp1.certificates.cluster.web.hosts;
      };
    want = {
      errors = [ ];
      hosts = [
        "cp1"
        "w1"
      ];
      sans = [ "cp1.bern.example" ];
    };
  }
  {
    name = "hosts_without_nixos_say_what_nixos_would";
    got =
      map (error: error.option)
        (certs.mkManifest {
          hosts.w1 = [
            operator
            {
              networking.domain = "example.org";
              certToolkit.kubernetes = {
                enable = true;
                roles = [ "worker" ];
                nodeIPs = [ "192.0.2.1" ];
              };
            }
          ];
        }).errors;
    want = [
      [
        "kubernetes"
        "nodeName"
      ]
      [
        "kubernetes"
        "serviceCIDRs"
      ]
    ];
  }
  {
    name = "a_host_given_in_both_ways_must_be_one";
    got =
      let
        errors =
          module:
          map (error: error.code)
            (certs.mkManifest {
              nixosConfigurations.cp1 = host "cp1" [ ];
              hosts.cp1 = [
                operator
                module
              ];
            }).errors;
      in
      [
        (errors { })
        (errors { certToolkit.cas.cluster.certs.web = { }; })
      ];
    want = [
      [ ]
      [ "host-ambiguous" ]
    ];
  }
]
