# `certToolkit.keyPairs`: key pairs without a certificate that several hosts have in common.
{
  config,
  lib,
  options,
  ...
}:
let
  inherit (lib) literalExpression mkOption types;

  schema = import ../schema.nix;
  cfg = config.certToolkit;

  inherit (import ./types.nix { inherit lib; }) allowOption publicKey;
  inherit (import ./inherited.nix { inherit lib; }) inheritedOptions;
  inherit (import ./derived.nix { inherit lib config options; })
    derived
    fileInStore
    bundleInStore
    keyPairFile
    secretPath
    secretPathText
    ;

  keyPair =
    { name, ... }:
    let
      id = schema.layout.keyPairId name;
      files = schema.layout.keyPair (schema.relativeDir cfg.dir) name;
    in
    {
      options = {
        inherit
          (inheritedOptions {
            parent = cfg.defaults;
            parentText = "config.certToolkit.defaults";
            fallback = schema.builtinValues.leaf;
          })
          key
          owner
          group
          mode
          ;
        userAgeKeys = mkOption {
          type = types.listOf publicKey;
          default = cfg.userAgeKeys;
          defaultText = literalExpression "config.certToolkit.userAgeKeys";
          description = "The public keys of the operators that may open the private key.";
          example = [ "age1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs3290gq" ];
        };
        verificationKeys = mkOption {
          type = types.listOf types.str;
          default = [ ];
          description = ''
            Other key pairs with accepted signatures, by their names in `keyPairs`: one that is about to
            replace this one, or that this one has replaced. Their public keys are in the file of this one, after its own.
          '';
          example = [ "service-account-next" ];
        };
        allow = allowOption { service-account-key-small = "Replaced with the cluster, next month."; };
        id = derived types.str "A name for the key pair that no other has." "`shared-<name>`" id;
        relativePublicPath =
          derived types.str "The file of the public keys, relative to the root." "`<dir>/shared/<name>.pub`"
            files.public;
        relativeAgePath =
          derived types.str "The file of the sealed private key, relative to the root."
            "`<dir>/shared/<name>.key.age`"
            files.key;
        publicPath =
          derived types.path
            "The public keys in the Nix store: its own first, then those of `verificationKeys`."
            "`relativePublicPath` below the root"
            (bundleInStore (keyPairFile name files.public));
        agePath =
          derived types.path "The sealed private key in the Nix store." "`relativeAgePath` below the root"
            (fileInStore files.key);
        keyPath = derived types.str "The opened private key on the running host." (secretPathText "<id>") (
          secretPath id
        );
      };
    };
in
{
  options.certToolkit.keyPairs = mkOption {
    type = types.attrsOf (types.submodule keyPair);
    default = schema.builtinValues.top.keyPairs;
    description = ''
      Key pairs without a certificate, such as the one that signs the tokens of service accounts. Every host that
      declares one can open its private key, and so can the operators.
    '';
    example = {
      service-account.owner = "kubernetes";
    };
  };
}
