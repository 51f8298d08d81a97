# The options `certToolkit`: what people write, with types, descriptions and inheritance, and the paths other options read.
# Owns nothing of their meaning (schema.nix does) and makes no file. Works in NixOS and in any evaluation of modules.
# Here is what concerns the whole host; authorities, key pairs, roles and Kubernetes are in module/.
{
  config,
  lib,
  options,
  ...
}@args:
let
  inherit (lib)
    attrValues
    concatMap
    filter
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
    root = if builtins.isPath cfg.root then toString cfg.root else null;
  };

  inherit (import ./module/types.nix { inherit lib; }) allowType publicKey;
  inherit (import ./module/inherited.nix { inherit lib; }) defaultsOption;
  inherit (import ./module/derived.nix { inherit lib config options; }) secretName withAgenix;

  # --- agenix -------------------------------------------------------------------------------------------------------

  # Everything that this host is to open: { id; agePath; owner; group; mode; }
  secrets =
    let
      authorities = attrValues cfg.cas;
    in
    filter (certificate: certificate.onHost) (
      concatMap (authority: attrValues authority.certs) authorities
    )
    ++ filter (authority: authority.keyOnHost) (map (authority: authority.ca) authorities)
    ++ attrValues cfg.keyPairs;

  ageSecret = secret: {
    name = secretName secret.id;
    value = {
      file = secret.agePath;
    }
    // lib.filterAttrs (_: value: value != "") { inherit (secret) owner group mode; };
  };

  # Among the messages of a whole system, each says where it comes from.
  ofToolkit =
    message: if lib.hasPrefix "certToolkit" message then message else "certToolkit: ${message}";

  agenixMissing = {
    assertion = withAgenix || !cfg.ageIntegration || secrets == [ ];
    message =
      "certToolkit: nothing opens the private keys on this host, because agenix is not imported."
      + " Import agenix.nixosModules.default, or set certToolkit.ageIntegration = false if you open them yourself.";
  };
in
{
  imports = [
    ./module/authorities.nix
    ./module/expiry.nix
    ./module/key-pairs.nix
    ./module/kubernetes.nix
    ./module/monitoring.nix
    ./module/readers.nix
    ./module/roles.nix
    ./module/trust.nix
    ./module/wiring.nix
  ];

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
      default =
        args.flakeRoot or (import ./module/flake.nix {
          special = args;
          inherit config;
        });
      defaultText = literalMD "the special argument `flakeRoot`, or else `self` or `inputs.self`";
      description = ''
        The root of the project, which `dir` is relative to: the directory with `flake.nix`.
        Set it to `./.` in a flake that is not at the top of its repository. Of a derivation the files are named and not read
        while the configuration is evaluated.
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
      description = "Defaults for all CAs and certificates.";
    };
    caDefaults = defaultsOption {
      parent = cfg.defaults;
      parentText = "config.certToolkit.defaults";
      fallback = null;
      description = "Defaults for all CAs.";
    };
    certDefaults = defaultsOption {
      parent = cfg.defaults;
      parentText = "config.certToolkit.defaults";
      fallback = null;
      description = "Defaults for all certificates.";
    };
    allow = mkOption {
      type = allowType;
      default = schema.builtinValues.top.allow;
      description = "Findings of `certs check` that are accepted on this host: the code of each, and the reason.";
      example = {
        kubelet-name-unlike-host = "The node was registered before it was renamed.";
      };
    };
    manifest = mkOption {
      type = types.raw;
      default = {
        inherit (schema) version;
        host = cfg.hostName;
        # A host without a place in a cluster has no name to have it under.
        certToolkit = removeAttrs (schema.declared cfg) (
          lib.optional (!cfg.kubernetes.enable) "kubernetes"
        );
      };
      defaultText = literalMD "what this host declares";
      description = "What this host contributes to the manifest of the fleet.";
      internal = true;
      readOnly = true;
    };
  };

  config =
    optionalAttrs withAgenix {
      age.secrets = lib.mkIf cfg.ageIntegration (lib.listToAttrs (map ageSecret secrets));
    }
    // optionalAttrs (options ? assertions) {
      assertions =
        # What is wrong with one value may be found in every authority that inherits it.
        map (message: {
          assertion = false;
          inherit message;
        }) (lib.unique (map (error: ofToolkit error.message) resolved.errors))
        ++ [ agenixMissing ];
    }
    // optionalAttrs (options ? warnings) {
      warnings = lib.unique (map (warning: ofToolkit warning.message) resolved.warnings);
    };
}
