# The options `certToolkit`: what people write, with types, descriptions and inheritance, and the paths other options read.
# Owns nothing of their meaning (schema.nix does) and makes no file. Works in NixOS and in any evaluation of modules.
# Options that are inherited from level to level are in module/inherited.nix.
{
  config,
  lib,
  options,
  ...
}@args:
let
  inherit (lib)
    concatMap
    literalExpression
    literalMD
    mkOption
    optionalAttrs
    types
    ;

  schema = import ./schema.nix;
  cfg = config.certToolkit;
  resolved = schema.resolveHost {
    host = cfg.hostName;
    raw = cfg.manifest.certToolkit;
  };

  # agenix is used where it is imported, and never imported here.
  withAgenix = options ? age;
  secretName = id: "certtoolkit-${id}";

  inherit (import ./module/types.nix { inherit lib; })
    publicKey
    subtreesType
    urls
    ;
  inherit (import ./module/inherited.nix { inherit lib; }) inheritedOptions defaultsOption;

  # --- Values of one certificate only -------------------------------------------------------------------------------

  commonName =
    name:
    mkOption {
      type = types.str;
      default = name;
      defaultText = literalMD "the name of the attribute";
      description = "The common name (CN) of the subject.";
      example = "system:kube-scheduler";
    };

  # --- Values other options read ------------------------------------------------------------------------------------

  derived =
    type: description: text: value:
    mkOption {
      inherit type description;
      default = value;
      defaultText = literalMD text;
      readOnly = true;
    };

  derivedOptions =
    {
      what,
      id,
      files,
      keyPath,
    }:
    {
      id = derived types.str "A name for ${what} that no other has on this host." "`${id.text}`" id.value;
      relativePath =
        derived types.str "The file of the certificate, relative to the root." "`<dir>/${files.text}.crt`"
          files.value.certificate;
      relativeAgePath =
        derived types.str "The file of the sealed private key, relative to the root."
          "`<dir>/${files.text}.key.age`"
          files.value.key;
      path =
        derived types.path
          "The certificate in the Nix store. A new certificate is a new path, so units that use it restart."
          "`relativePath` below the root"
          (fileInStore files.value.certificate);
      agePath =
        derived types.path "The sealed private key in the Nix store." "`relativeAgePath` below the root"
          (fileInStore files.value.key);
      keyPath = derived types.str keyPath.description keyPath.text keyPath.value;
    };

  # Only this file is copied, so a change elsewhere in the project changes no path.
  fileInStore =
    relative:
    let
      file = rootDirectory + "/${relative}";
    in
    if builtins.pathExists file then
      builtins.path {
        path = file;
        name = baseNameOf relative;
      }
    else
      throw (
        "certToolkit: there is no file ${relative} below the root of the project."
        + " Make it with `nix run .#certs.recreate`, then run `git add ${schema.relativeDir cfg.dir}`, because Nix sees no file"
        + " that Git does not know. If the flake is not at the top of its repository, set certToolkit.root = ./. there."
      );

  rootDirectory =
    if cfg.root == null then
      throw (
        "certToolkit: the root of the project is not known."
        + " Set certToolkit.root = ./. in flake.nix, or give the modules `self` or `flakeRoot` as a special argument."
      )
    else if builtins.isPath cfg.root then
      cfg.root
    else
      "${cfg.root}";

  # --- Authorities and certificates ---------------------------------------------------------------------------------

  authorityModule =
    { name, config, ... }:
    let
      ca = name;
      authority = config;
    in
    {
      options = {
        ca = mkOption {
          type = types.submodule { options = authorityCertificateOptions ca; };
          default = { };
          description = "The certificate of the authority itself.";
          example = {
            commonName = "kubernetes";
            expiry = "87600h";
          };
        };
        issuer = mkOption {
          type = types.nullOr types.str;
          default = null;
          description = "The authority that issues this one, by its name in `cas`. `null` for a root, which issues itself.";
          example = "root";
        };
        userAgeKeys = mkOption {
          type = types.listOf publicKey;
          default = cfg.userAgeKeys;
          defaultText = literalExpression "config.certToolkit.userAgeKeys";
          description = "The public keys of the operators that may open the key of this authority.";
          example = [ "age1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs3290gq" ];
        };
        crlUrls = mkOption {
          type = urls;
          default = [ ];
          description = "Where the revocation list of this authority is published; written into what it issues.";
          example = [ "http://pki.example.org/cluster.crl" ];
        };
        issuerUrls = mkOption {
          type = urls;
          default = [ ];
          description = "Where the certificate of this authority is published; written into what it issues.";
          example = [ "http://pki.example.org/cluster.crt" ];
        };
        certDefaults = defaultsOption {
          parent = cfg.certDefaults;
          parentText = "config.certToolkit.certDefaults";
          fallback = null;
          description = "What the certificates of this authority have in common.";
        };
        certs = mkOption {
          type = types.attrsOf (
            types.submodule ({ name, ... }: { options = certificateOptions ca authority.certDefaults name; })
          );
          default = { };
          description = "The certificates this host has from the authority.";
          example = {
            apiserver = {
              commonName = "kube-apiserver";
              hosts = [ "10.0.0.1" ];
            };
          };
        };
        bundlePath =
          derived types.path
            (
              "What programs that trust this authority read: its certificate, in the Nix store."
              + " Programs that use OpenSSL trust an intermediate through the `bundlePath` of its root."
            )
            "`ca.path`"
            authority.ca.path;
      };
    };

  authorityCertificateOptions =
    ca:
    inheritedOptions {
      parent = cfg.caDefaults;
      parentText = "config.certToolkit.caDefaults";
      fallback = schema.builtinValues.authority;
    }
    // {
      commonName = commonName ca;
      pathLength = mkOption {
        type = types.nullOr types.ints.unsigned;
        default = null;
        description = "How many tiers of authorities there may be below this one. `null` for no limit of its own.";
        example = 0;
      };
      nameConstraints = mkOption {
        type = types.nullOr (
          types.submodule {
            options = {
              permitted = mkOption {
                type = subtreesType;
                default = { };
                description = "Names below this authority must lie within these, for each kind that is given.";
                example = {
                  dns = [ "example.org" ];
                };
              };
              excluded = mkOption {
                type = subtreesType;
                default = { };
                description = "Names below this authority must not lie within these.";
                example = {
                  ip = [ "0.0.0.0/0" ];
                };
              };
            };
          }
        );
        default = null;
        description = "The names this authority may certify (RFC 5280 §4.2.1.10).";
        example = {
          permitted.dns = [ "example.org" ];
        };
      };
    }
    // derivedOptions {
      what = "the authority";
      id = {
        text = "ca-<ca>";
        value = "ca-${ca}";
      };
      files = {
        text = "ca/<ca>";
        value = schema.layout.authority (schema.relativeDir cfg.dir) ca;
      };
      keyPath = {
        description = "Not available: the key of an authority is sealed to the operators, and is on no host.";
        text = "an error that says so";
        value = throw (
          "certToolkit: the private key of the authority \"${ca}\" is sealed to userAgeKeys only, so no host has it as a file."
          + " Declare a certificate in certToolkit.cas.${ca}.certs, and use its keyPath."
        );
      };
    };

  certificateOptions =
    ca: parent: name:
    let
      id = schema.layout.id cfg.hostName ca name;
      secret = secretName id;
    in
    inheritedOptions {
      inherit parent;
      parentText = "config.certToolkit.cas.<ca>.certDefaults";
      fallback = schema.builtinValues.leaf;
    }
    // {
      commonName = commonName name;
    }
    // derivedOptions {
      what = "the certificate";
      id = {
        text = "derived-<hostName>-<ca>-<cert>";
        value = id;
      };
      files = {
        text = "derived/<hostName>/<ca>-<cert>";
        value = schema.layout.leaf (schema.relativeDir cfg.dir) cfg.hostName ca name;
      };
      keyPath = {
        description = "The opened private key on the running host.";
        text = "`config.age.secrets.\"certtoolkit-<id>\".path`, or `/run/agenix/certtoolkit-<id>` without agenix";
        value =
          if withAgenix && cfg.ageIntegration then
            config.age.secrets.${secret}.path
          else
            "/run/agenix/${secret}";
      };
    };

  # --- agenix -------------------------------------------------------------------------------------------------------

  certificates = concatMap (authority: lib.attrValues authority.certs) (lib.attrValues cfg.cas);

  ageSecret = certificate: {
    name = secretName certificate.id;
    value = {
      file = certificate.agePath;
    }
    // lib.filterAttrs (_: value: value != "") { inherit (certificate) owner group mode; };
  };

  # Among the messages of a whole system, each says where it comes from.
  ofToolkit =
    message: if lib.hasPrefix "certToolkit" message then message else "certToolkit: ${message}";

  agenixMissing = {
    assertion = withAgenix || !cfg.ageIntegration || certificates == [ ];
    message =
      "certToolkit: nothing opens the private keys on this host, because agenix is not imported."
      + " Import agenix.nixosModules.default, or set certToolkit.ageIntegration = false if you open them yourself.";
  };
in
{
  options.certToolkit = {
    dir = mkOption {
      type = types.str;
      default = schema.builtinValues.top.dir;
      description = "The directory of all certificates and sealed keys, relative to the root.";
      example = "./secrets/certs";
    };
    root = mkOption {
      type = types.nullOr (
        types.oneOf [
          types.path
          (types.attrsOf types.anything)
        ]
      );
      default = args.flakeRoot or args.self or null;
      defaultText = literalMD "the special argument `flakeRoot`, or else `self`";
      description = ''
        The root of the project, which `dir` is relative to: the directory with `flake.nix`.
        Set it to `./.` in a flake that is not at the top of its repository.
      '';
      example = literalExpression "./.";
    };
    hostName = mkOption {
      type = types.str;
      default =
        config.networking.hostName or (throw (
          "certToolkit: the name of the host is not known. Set networking.hostName, or certToolkit.hostName without NixOS."
        ));
      defaultText = literalExpression "config.networking.hostName";
      description = "The name of the host in file names and ids.";
      example = "cp1";
    };
    userAgeKeys = mkOption {
      type = types.listOf publicKey;
      default = schema.builtinValues.top.userAgeKeys;
      description = ''
        The public keys of the operators, who may open every key: age recipients, SSH public keys, or paths of files with these.
      '';
      example = literalExpression ''
        [
          "age1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs3290gq"
          ./keys/alice.pub
        ]
      '';
    };
    userAgeIdentity = mkOption {
      type = types.nullOr types.str;
      default = schema.builtinValues.top.userAgeIdentity;
      description = "The file with an operator's own private key, on the operator's machine. `$HOME` and `~` are understood.";
      example = "$HOME/.ssh/id_ed25519";
    };
    userAgeIdentities = mkOption {
      type = types.listOf types.str;
      default = schema.builtinValues.top.userAgeIdentities;
      description = "Further files like `userAgeIdentity`, tried in this order.";
      example = [ "$HOME/.config/age/keys.txt" ];
    };
    owningHostKey = mkOption {
      type = types.nullOr (types.coercedTo publicKey lib.singleton (types.listOf publicKey));
      default = schema.builtinValues.top.owningHostKey;
      description = ''
        The public SSH key of the host, which may open the keys of its own certificates: the path of a file, the key
        itself, a string with a path that is read when the certificates are made, or a list of these.
      '';
      example = literalExpression "./ssh-host-keys/cp1.pub";
    };
    ageIntegration = mkOption {
      type = types.bool;
      default = args.ageIntegration or true;
      defaultText = literalMD "the special argument `ageIntegration`, or else `true`";
      description = "Whether agenix opens the private keys of the certificates on this host.";
      example = false;
    };
    defaults = defaultsOption {
      parent = null;
      parentText = null;
      fallback = null;
      description = "What all authorities and certificates have in common.";
    };
    caDefaults = defaultsOption {
      parent = cfg.defaults;
      parentText = "config.certToolkit.defaults";
      fallback = null;
      description = "What all authorities have in common.";
    };
    certDefaults = defaultsOption {
      parent = cfg.defaults;
      parentText = "config.certToolkit.defaults";
      fallback = null;
      description = "What all certificates have in common.";
    };
    cas = mkOption {
      type = types.attrsOf (types.submodule authorityModule);
      default = { };
      description = "The certificate authorities, and the certificates this host has from each.";
      example = {
        cluster = {
          ca.commonName = "kubernetes";
          certs.apiserver.hosts = [ "10.0.0.1" ];
        };
      };
    };
    manifest = mkOption {
      type = types.raw;
      default = {
        inherit (schema) version;
        host = cfg.hostName;
        certToolkit = schema.declared cfg;
      };
      defaultText = literalMD "what this host declares";
      description = "What this host contributes to the manifest of the fleet.";
      internal = true;
      readOnly = true;
    };
  };

  config =
    optionalAttrs withAgenix {
      age.secrets = lib.mkIf cfg.ageIntegration (lib.listToAttrs (map ageSecret certificates));
    }
    // optionalAttrs (options ? assertions) {
      assertions =
        map (error: {
          assertion = false;
          message = ofToolkit error.message;
        }) resolved.errors
        ++ [ agenixMissing ];
    }
    // optionalAttrs (options ? warnings) {
      warnings = map (warning: ofToolkit warning.message) resolved.warnings;
    };
}
