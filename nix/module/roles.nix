# `certToolkit.roles`: what may be issued beside the declared certificates, and for whom.
{ config, lib, ... }:
let
  inherit (lib)
    literalExpression
    mapAttrs
    mkOption
    types
    ;

  schema = import ../schema.nix;
  cfg = config.certToolkit;
  defaults = schema.builtinValues.role;

  inherit (import ./types.nix { inherit lib; }) allowOption keyType;
  inherit (import ./inherited.nix { inherit lib; }) inheritedOptions;

  permission = description: {
    type = types.bool;
    inherit description;
    example = true;
  };

  list = what: what // { type = types.listOf types.str; };

  role.options =
    mapAttrs (field: attributes: mkOption (attributes // { default = defaults.${field}; })) {
      authority = {
        type = types.nullOr types.str;
        description = "The authority that signs, by its name in `cas`. Every role must have one.";
        example = "lab-intermediate";
      };
      allowedDomains = list {
        description = ''
          Domains with allowed names, as far as `allowBareDomains`, `allowSubdomains` and `allowWildcards` say; with
          `allowGlobDomains` patterns of names.
        '';
        example = [ "lab.example.org" ];
      };
      allowBareDomains = permission "Whether the `allowedDomains` themselves may be names.";
      allowSubdomains = permission "Whether names below the `allowedDomains` are allowed, however deep.";
      allowWildcards = permission ''
        Whether wildcards (`*.example.org`) are allowed. One is, if the role allows all the names that it stands for: below
        a domain that takes `allowSubdomains` as well.
      '';
      allowGlobDomains = permission ''
        Whether `allowedDomains` may be patterns: `*` stands for any part of one label, `**` for any number of labels.
      '';
      allowLocalhost = permission "Whether `localhost` is allowed, and with `allowSubdomains` the names below it.";
      allowAnyName = permission ''
        Whether every DNS name is allowed. Addresses, e-mail addresses, URIs and other common names are not: they have
        lists of their own.
      '';
      allowedIpRanges = list {
        description = "Allowed addresses, as networks in CIDR notation.";
        example = [ "192.168.100.0/24" ];
      };
      allowedEmails = list {
        description = ''
          E-mail addresses that are allowed. `*` stands for any part of the name or of one label of the host, `**` for
          several labels, `*` alone for every address.
        '';
        example = [ "*@example.org" ];
      };
      allowedUris = list {
        description = ''
          URIs that are allowed. `*` stands for any part of one label or one segment of the path, `**` for several, `*`
          alone for every URI. No pattern stands for a user or a port that it does not say.
        '';
        example = [ "spiffe://example.org/ns/*/sa/*" ];
      };
      requireCommonName = permission "Whether every certificate must have a common name.";
      allowedCommonNames = list {
        description = ''
          Common names that are allowed although they are no DNS name, address or URI that the role allows: names of
          people and of services. `*` stands for any text without `:` and `/`, `**` for any text. A client of Kubernetes
          is the user that its common name says.
        '';
        example = [ "Alice *" ];
      };
      usages = list {
        description = ''
          The usages of the certificates, in the words of `certToolkit.defaults.usages`; at least one extended key
          usage, and not `any`. Who asks for less gets less. Where no key usage is listed there is what TLS needs of the key.
        '';
        example = [
          "server auth"
          "client auth"
        ];
      };
      allowedKeys = {
        type = types.listOf keyType;
        description = ''
          The kinds of keys that a certificate signing request may bring, each with the smallest size. Where the list is
          empty, only keys are certified that are made for it.
        '';
        example = literalExpression ''[ { algo = "rsa"; size = 3072; } ]'';
      };
      expiry = {
        type = types.str;
        description = "How long a certificate is valid where the request says nothing.";
        example = "720h";
      };
      maxExpiry = {
        type = types.str;
        description = "How long a certificate may be valid at most. Who asks for more gets this.";
        example = "2160h";
      };
      renewBefore = {
        type = types.nullOr types.str;
        description = "How long before its end a certificate is renewed. `null` stands for a third of its lifetime.";
        example = "240h";
      };
    }
    // {
      inherit
        (inheritedOptions {
          parent = cfg.certDefaults;
          parentText = "config.certToolkit.certDefaults";
          fallback = schema.builtinValues.leaf;
        })
        key
        names
        ;
      allow = allowOption { role-any-name = "Signs for the guests of a lab without a network."; };
    };
in
{
  options.certToolkit.roles = mkOption {
    type = types.attrsOf (types.submodule role);
    default = schema.builtinValues.top.roles;
    description = ''
      Certificates that may be issued next to the declared ones (`certs issue`, `certs sign`): for which names, with which keys
      and usages, for how long. Where nothing is said nothing is allowed. Roles belong to the whole fleet: hosts that
      declare one must agree on it.
    '';
    example = {
      lab = {
        authority = "lab-intermediate";
        allowedDomains = [ "lab.example.org" ];
        allowSubdomains = true;
      };
    };
  };
}
