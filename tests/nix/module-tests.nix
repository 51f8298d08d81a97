# The options as NixOS gives them: K8Nix' rules, the values other options read, agenix, and roots of every kind.
{ lib }:
let
  evaluate = import ./evaluate.nix { inherit lib; };
  failures = import ./failures.nix { inherit lib; };

  toolkit = modules: (evaluate.bare { ageIntegration = false; } modules).config.certToolkit;

  # A rule of K8Nix: what is written, and the part of the configuration that follows from it.
  rule = name: written: read: want: {
    inherit name want;
    got = read (toolkit [ { certToolkit = written; } ]);
  };

  # Names that are said; the others are null.
  said = lib.filterAttrs (_: value: value != null);

  rules = [
    (rule "dir_is_kept_as_written" { dir = "./my-dir"; } (c: c.dir) "./my-dir")
    (rule "ca_defaults_derive_from_defaults" { defaults.expiry = "42h"; } (
      c: c.caDefaults.expiry
    ) "42h")
    (rule "ca_defaults_need_no_defaults" { caDefaults.expiry = "42h"; } (c: c.caDefaults.expiry) "42h")
    (rule "ca_default_names_merge_with_default_names"
      {
        defaults.names.L = "CH";
        caDefaults.names.O = "MyOrga";
      }
      (c: said c.caDefaults.names)
      {
        L = "CH";
        O = "MyOrga";
      }
    )
    (rule "cert_default_names_merge_with_default_names"
      {
        defaults.names.L = "CH";
        certDefaults.names.O = "MyOrga";
      }
      (c: said c.certDefaults.names)
      {
        L = "CH";
        O = "MyOrga";
      }
    )
    (rule "defaults_reach_the_cert_defaults_of_an_authority" {
      defaults.expiry = "42h";
      cas.my-ca = { };
    } (c: c.cas.my-ca.certDefaults.expiry) "42h")
    (rule "ca_defaults_are_used_by_the_authority" {
      caDefaults.expiry = "42h";
      cas.my-ca.ca = { };
    } (c: c.cas.my-ca.ca.expiry) "42h")
    (rule "cert_defaults_of_an_authority_are_used_by_its_certs" {
      cas.my-ca = {
        ca = { };
        certDefaults.expiry = "42h";
        certs.my-cert = { };
      };
    } (c: c.cas.my-ca.certs.my-cert.expiry) "42h")
    (rule "names_merge_over_all_levels"
      {
        defaults.names = {
          C = "CH";
          ST = "BAD";
          L = "BAD";
          O = "BAD";
        };
        certDefaults.names = {
          ST = "Bern";
          L = "BAD";
          O = "BAD";
        };
        cas.my-ca = {
          ca = { };
          certDefaults.names = {
            L = "Thun";
            O = "BAD";
          };
          certs.my-cert.names.O = "MyOrg";
        };
      }
      (c: said c.cas.my-ca.certs.my-cert.names)
      {
        C = "CH";
        ST = "Bern";
        L = "Thun";
        O = "MyOrg";
      }
    )
    (rule "mk_default_wins_over_what_is_inherited" {
      defaults.expiry = "1h";
      cas.my-ca.certs.my-cert.expiry = lib.mkDefault "42h";
    } (c: c.cas.my-ca.certs.my-cert.expiry) "42h")
    (rule "null_inherits" {
      defaults.expiry = "42h";
      cas.my-ca.certs.my-cert.expiry = null;
    } (c: c.cas.my-ca.certs.my-cert.expiry) "42h")
    (rule "null_in_names_means_none" {
      defaults.names.O = "MyOrg";
      cas.my-ca.certs.my-cert.names.O = null;
    } (c: c.cas.my-ca.certs.my-cert.names.O) null)
    (rule "a_key_is_replaced_whole"
      {
        defaults.key = {
          algo = "rsa";
          size = 4096;
        };
        cas.my-ca.certs.my-cert.key.algo = "ed25519";
      }
      (c: c.cas.my-ca.certs.my-cert.key)
      {
        algo = "ed25519";
        size = null;
      }
    )
    (rule "an_authority_has_its_own_defaults" { cas.my-ca = { }; } (c: {
      inherit (c.cas.my-ca.ca)
        commonName
        expiry
        usages
        key
        ;
    }) (schemaDefaults "authority" "my-ca"))
    (rule "a_certificate_has_its_own_defaults" { cas.my-ca.certs.my-cert = { }; } (c: {
      inherit (c.cas.my-ca.certs.my-cert)
        commonName
        expiry
        usages
        key
        ;
    }) (schemaDefaults "leaf" "my-cert"))
  ];

  schemaDefaults = kind: commonName: {
    inherit commonName;
    inherit ((import ../../nix/schema.nix).builtinValues.${kind}) expiry usages key;
  };

  # --- Derived values -----------------------------------------------------------------------------------------------

  declaration = {
    certToolkit = {
      userAgeKeys = [ "age1wtmuzz5uq9fjal4jex5zfw3wz94qs0txrs42pmlx6a5z5rhwaccq5tky2u" ];
      owningHostKey = "./cp1.pub";
      cas.cluster.certs = {
        apiserver = {
          owner = "kubernetes";
          mode = "0440";
        };
        not-made-yet = { };
      };
    };
  };
  onlyMade.certToolkit = declaration.certToolkit // {
    cas.cluster.certs.apiserver = declaration.certToolkit.cas.cluster.certs.apiserver;
  };

  cluster =
    (evaluate.hostWith { flakeRoot = ./project; } "cp1" [ declaration ]).config.certToolkit.cas.cluster;

  # A store path without its hash.
  nameInStore =
    path:
    builtins.match "${builtins.storeDir}/[0-9a-z]{32}-(.*)" (builtins.unsafeDiscardStringContext path);

  apiserverPath =
    specialArgs: module:
    nameInStore
      (evaluate.hostWith specialArgs "cp1" [
        declaration
        module
      ]).config.certToolkit.cas.cluster.certs.apiserver.path;

  derivedValues = [
    {
      name = "a_certificate_says_its_id_and_files";
      got = {
        inherit (cluster.certs.apiserver)
          id
          relativePath
          relativeAgePath
          keyPath
          ;
      };
      want = {
        id = "derived-cp1-cluster-apiserver";
        relativePath = "secrets/certs/derived/cp1/cluster-apiserver.crt";
        relativeAgePath = "secrets/certs/derived/cp1/cluster-apiserver.key.age";
        keyPath = "/run/agenix/certtoolkit-derived-cp1-cluster-apiserver";
      };
    }
    {
      name = "an_authority_says_its_id_and_files";
      got = {
        inherit (cluster.ca) id relativePath relativeAgePath;
      };
      want = {
        id = "ca-cluster";
        relativePath = "secrets/certs/ca/cluster.crt";
        relativeAgePath = "secrets/certs/ca/cluster.key.age";
      };
    }
    {
      name = "files_are_single_files_in_the_store";
      got = map nameInStore [
        cluster.certs.apiserver.path
        cluster.certs.apiserver.agePath
        cluster.ca.path
        cluster.ca.agePath
      ];
      want = map lib.singleton [
        "cluster-apiserver.crt"
        "cluster-apiserver.key.age"
        "cluster.crt"
        "cluster.key.age"
      ];
    }
    {
      name = "the_bundle_is_the_certificate_of_the_authority";
      got = cluster.bundlePath;
      want = cluster.ca.path;
    }
    {
      name = "relative_values_and_key_paths_need_no_files";
      got = {
        inherit (cluster.certs.not-made-yet) relativePath keyPath;
      };
      want = {
        relativePath = "secrets/certs/derived/cp1/cluster-not-made-yet.crt";
        keyPath = "/run/agenix/certtoolkit-derived-cp1-cluster-not-made-yet";
      };
    }
    {
      name = "a_directory_is_normalised_in_paths_only";
      got =
        (toolkit [
          {
            certToolkit = {
              dir = "./a//b/";
              hostName = "cp1";
              cas.c.certs.d = { };
            };
          }
        ]).cas.c.certs.d.relativePath;
      want = "a/b/derived/cp1/c-d.crt";
    }
    {
      name = "every_kind_of_root_leads_to_the_files";
      got = [
        (apiserverPath { flakeRoot = ./project; } { })
        (apiserverPath { self.outPath = toString ./project; } { })
        (apiserverPath {
          self.outPath = "/nowhere";
          flakeRoot = ./project;
        } { })
        (apiserverPath { self.outPath = "/nowhere"; } { certToolkit.root = ./project; })
        (apiserverPath { } { certToolkit.root = toString ./project; })
        (apiserverPath { } { certToolkit.root.outPath = toString ./project; })
      ];
      want = lib.genList (_: [ "cluster-apiserver.crt" ]) 6;
    }
  ];

  # --- agenix -------------------------------------------------------------------------------------------------------

  secrets = specialArgs: module: (evaluate.hostWith specialArgs "cp1" [ module ]).config.age.secrets;
  failedAssertions =
    evaluation:
    map (assertion: assertion.message) (
      builtins.filter (assertion: !assertion.assertion) evaluation.config.assertions
    );

  agenix = [
    {
      name = "agenix_opens_the_keys_of_certificates_and_no_others";
      got = lib.mapAttrs (_: secret: {
        inherit (secret) owner group mode;
        file = nameInStore secret.file;
      }) (secrets { flakeRoot = ./project; } onlyMade);
      want.certtoolkit-derived-cp1-cluster-apiserver = {
        owner = "kubernetes";
        group = "0";
        mode = "0440";
        file = [ "cluster-apiserver.key.age" ];
      };
    }
    {
      name = "agenix_is_left_alone_by_special_argument";
      got = secrets { ageIntegration = false; } declaration;
      want = { };
    }
    {
      name = "agenix_is_left_alone_by_option";
      got = secrets { } (lib.recursiveUpdate declaration { certToolkit.ageIntegration = false; });
      want = { };
    }
    {
      name = "a_host_without_agenix_is_told_to_import_it";
      got = failedAssertions (evaluate.hostWithoutAgenix { } "cp1" [ declaration ]);
      want = [
        (
          "certToolkit: nothing opens the private keys on this host, because agenix is not imported."
          + " Import agenix.nixosModules.default, or set certToolkit.ageIntegration = false if you open them yourself."
        )
      ];
    }
    {
      name = "a_host_without_agenix_that_opens_keys_itself_is_fine";
      got = failedAssertions (
        evaluate.hostWithoutAgenix { ageIntegration = false; } "cp1" [ declaration ]
      );
      want = [ ];
    }
    {
      name = "a_host_that_declares_nothing_is_fine";
      got = failedAssertions (evaluate.hostWithoutAgenix { } "cp1" [ ]);
      want = [ ];
    }
    {
      name = "faults_of_the_declaration_are_assertions";
      got = failedAssertions (
        evaluate.host "cp1" [
          {
            certToolkit.userAgeKeys = [ "age1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs3290gq" ];
            certToolkit.cas.cluster.certs."a/b" = { };
          }
        ]
      );
      want = [
        (
          "certToolkit: The certificate name \"a/b\" contains a character that is not allowed there, but it becomes part of a file name."
          + " Use letters, digits and + - . _ = only, beginning with a letter, a digit or _, at most 100 of them."
        )
        (
          "certToolkit.owningHostKey is not set, so the host could not open the keys of its certificates."
          + " Set it to the host's public SSH key: the contents of /etc/ssh/ssh_host_ed25519_key.pub, or the path of a copy."
        )
      ];
    }
    {
      name = "doubts_about_the_declaration_are_warnings";
      got =
        map (lib.hasPrefix "certToolkit.dir is \"my certs\"")
          (evaluate.host "cp1" [ { certToolkit.dir = "my certs"; } ]).config.warnings;
      want = [ true ];
    }
    {
      # Every authority inherits it.
      name = "a_fault_is_said_once_and_names_the_file_in_the_project";
      got =
        let
          inherit
            (evaluate.host "cp1" [
              {
                certToolkit = {
                  root = ./project;
                  userAgeKeys = [ ./project/keys/ada.pub ];
                  owningHostKey = ./project/keys/ada.pub;
                  cas = lib.genAttrs [ "a" "b" ] (_: { });
                };
              }
            ])
            config
            ;
        in
        map (failed: failed.message) (lib.filter (entry: !entry.assertion) config.assertions);
      want =
        map
          (
            option:
            "certToolkit.${option} names the file keys/ada.pub, which does not exist. Create it with the public key in it, and run git add if the project is a flake in Git."
          )
          [
            "userAgeKeys"
            "owningHostKey"
          ];
    }
  ];

  throws = lib.mapAttrsToList (name: failure: {
    name = "${name}_throws";
    got = (builtins.tryEval (builtins.deepSeq failure.value true)).success;
    want = false;
  }) failures;
in
rules ++ derivedValues ++ agenix ++ throws
