# The options that every level has, from `defaults` down to one certificate, each with the level above as its default.
{ lib }:
let
  inherit (lib)
    literalExpression
    literalMD
    mapAttrs
    mkOption
    types
    ;
  inherit (import ./types.nix { inherit lib; }) keyType;

  # parent:     the options these default to, null for none; `parentText` names them in the manual
  # fallback:   the values where nobody says anything, null if a level below says them
  inheritedOptions =
    {
      parent,
      parentText,
      fallback,
    }:
    let
      inherited =
        field:
        let
          value = if parent == null then null else parent.${field};
        in
        if value == null && fallback != null then fallback.${field} else value;

      # An explicit null is "not said", and inherits as well.
      option =
        field: attributes:
        mkOption (
          attributes
          // {
            type = types.nullOr attributes.type;
            default = inherited field;
            defaultText = inheritedText field;
            apply = value: if value == null then inherited field else value;
          }
        );

      inheritedText =
        field:
        if parent == null then
          null
        else if fallback == null then
          literalExpression "${parentText}.${field}"
        else
          literalMD "`${parentText}.${field}`, or `${
            lib.generators.toPretty { multiline = false; } fallback.${field}
          }` if that is not set";
    in
    {
      key = option "key" {
        type = keyType;
        description = "The kind of private key. It is inherited and replaced as a whole.";
        example = {
          algo = "ecdsa";
          size = 384;
        };
      };
      expiry = option "expiry" {
        type = types.str;
        description = "How long the certificate is valid: a duration such as `90m`, `8760h`, `1h30m`, `30d` or `1y`.";
        example = "8760h";
      };
      renewBefore = option "renewBefore" {
        type = types.str;
        description = "How long before its end the certificate is renewed. `null` stands for a third of its lifetime.";
        example = "720h";
      };
      hosts = option "hosts" {
        type = types.listOf types.str;
        description = ''
          Subject alternative names: DNS names, IP addresses, e-mail addresses and URIs, told apart by their form.
          The list is inherited and replaced as a whole.
        '';
        example = [
          "192.0.2.1"
          "kubernetes.default.svc"
        ];
      };
      usages = option "usages" {
        type = types.listOf types.str;
        description = ''
          Key usages and extended key usages in the words of cfssl: `signing`, `digital signature`,
          `content commitment`, `key encipherment`, `key agreement`, `data encipherment`, `cert sign`, `crl sign`,
          `encipher only`, `decipher only`; `any`, `server auth`, `client auth`, `code signing`, `email protection`,
          `s/mime`, `ipsec end system`, `ipsec tunnel`, `ipsec user`, `timestamping`, `ocsp signing`, `microsoft sgc`,
          `netscape sgc`. An authority always has `cert sign` and `crl sign`, and no extended key usage.
          One that was made elsewhere without `crl sign` is kept until it has a CRL.
          The list is inherited and replaced as a whole.
        '';
        example = [ "client auth" ];
      };
      owner = option "owner" {
        type = types.str;
        description = "The user that owns the private key on the host. Empty for the choice of agenix.";
        example = "kubernetes";
      };
      group = option "group" {
        type = types.str;
        description = "The group of the private key on the host. Empty for the choice of agenix.";
        example = "kubernetes";
      };
      mode = option "mode" {
        type = types.strMatching "|0?[0-7]{3}";
        description = "The permissions of the private key on the host. Empty for the choice of agenix.";
        example = "0440";
      };
      names = mkOption {
        type = types.submodule {
          options =
            mapAttrs
              (
                attribute: what:
                mkOption {
                  type = types.nullOr (types.either types.str (types.listOf types.str));
                  default = if parent == null then null else parent.names.${attribute};
                  defaultText = if parent == null then null else literalExpression "${parentText}.names.${attribute}";
                  description = "${what.noun} (${attribute}) of the subject. A list gives several, `null` none.";
                  inherit (what) example;
                }
              )
              {
                C = {
                  noun = "The country";
                  example = "CH";
                };
                ST = {
                  noun = "The state or province";
                  example = "Bern";
                };
                L = {
                  noun = "The locality";
                  example = "Thun";
                };
                O = {
                  noun = "The organization";
                  example = "system:masters";
                };
                OU = {
                  noun = "The organizational unit";
                  example = [
                    "Operations"
                    "Web"
                  ];
                };
                DC = {
                  noun = "The domain components, the highest first as OpenSSL shows them,";
                  example = [
                    "example"
                    "lab"
                  ];
                };
                postalCode = {
                  noun = "The postal code";
                  example = "94105";
                };
                street = {
                  noun = "The street";
                  example = "101 Second Street";
                };
                serialNumber = {
                  noun = "The serial number of the holder, not of the certificate,";
                  example = "HRB 1234";
                };
                UID = {
                  noun = "The user id";
                  example = "c-0123456789abcdef";
                };
                emailAddress = {
                  noun = "The e-mail address, which programs take from `hosts` instead,";
                  example = "ca@example.org";
                };
              };
        };
        default = { };
        description = "The attributes of the subject, without the common name. Each is inherited by itself.";
        example = {
          O = "system:masters";
        };
      };
    };

  defaultsOption =
    { description, ... }@level:
    mkOption {
      type = types.submodule { options = inheritedOptions (removeAttrs level [ "description" ]); };
      default = { };
      inherit description;
      example = {
        expiry = "720h";
        names.O = "Example";
      };
    };
in
{
  inherit inheritedOptions defaultsOption;
}
