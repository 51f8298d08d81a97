# The types of options that nixpkgs has not, and options that stand in several places.
{ lib }:
let
  inherit (lib) mapAttrs mkOption types;
  schema = import ../schema.nix;

  # A Nix path is read at evaluation; it must stay a path until then.
  publicKey = types.either types.str types.path;

  keyType = types.submodule {
    options = {
      algo = mkOption {
        type = types.enum [
          "rsa"
          "ecdsa"
          "ed25519"
        ];
        default = schema.builtinValues.leaf.key.algo;
        description = "The algorithm of the key.";
        example = "rsa";
      };
      size = mkOption {
        type = types.nullOr (
          types.enum [
            256
            384
            521
            2048
            3072
            4096
          ]
        );
        default = null;
        description = ''
          The size of the key in bits: 2048, 3072 or 4096 for `rsa`, 256, 384 or 521 for `ecdsa`, nothing for `ed25519`.
          `null` takes the smallest of these.
        '';
        example = 3072;
      };
    };
  };

  subtreesType = types.submodule {
    options =
      mapAttrs
        (
          _: what:
          mkOption {
            type = types.listOf types.str;
            default = [ ];
            inherit (what) description example;
          }
        )
        {
          dns = {
            description = "Domains: the name itself and every name below it; with a dot in front only the names below.";
            example = [ "example.org" ];
          };
          ip = {
            description = "Networks in CIDR notation.";
            example = [ "10.0.0.0/8" ];
          };
          email = {
            description = "Mailboxes, or the hosts they are on.";
            example = [ "example.org" ];
          };
        };
  };

  # The code of a finding -> why it is accepted.
  allowType = types.attrsOf types.str;

  allowOption =
    example:
    mkOption {
      type = allowType;
      default = { };
      description = "Findings of `certs check` that are accepted here: the code of each, and the reason.";
      inherit example;
    };

  urls = types.listOf (types.strMatching "[a-z][a-z0-9+.-]*:.+");
in
{
  inherit
    allowOption
    allowType
    publicKey
    keyType
    subtreesType
    urls
    ;
}
