# `certToolkit.trust`: which of our roots the whole machine trusts. Owns the list; the trust store is NixOS'.
{
  config,
  lib,
  options,
  ...
}:
let
  inherit (lib)
    concatMap
    mkOption
    optional
    optionalAttrs
    types
    ;

  cfg = config.certToolkit;
  inherit (cfg.trust) authorities;

  known = lib.filter (ca: cfg.cas ? ${ca} && cfg.cas.${ca}.issuer == null) authorities;

  # What is wrong with a name in the list.
  faults =
    ca:
    let
      issuer = cfg.cas.${ca}.issuer;
    in
    if !(cfg.cas ? ${ca}) then
      [
        "certToolkit.trust.authorities names \"${ca}\", which this host does not declare. Declare certToolkit.cas.${ca}, or take it out of the list."
      ]
    else
      optional (issuer != null) (
        "certToolkit.trust.authorities names \"${ca}\", which \"${issuer}\" issues."
        + " Trust the root above it: a trust store is for roots, and what they issued is found through them."
      );
in
{
  options.certToolkit.trust.authorities = mkOption {
    type = types.listOf types.str;
    default = [ ];
    description = ''
      The roots, by their names in `cas`, that every program on this host trusts which asks the trust store of the system:
      their certificates go to `security.pki.certificateFiles`. Name none that is for a single service, such as the
      authority of etcd: programs of that service read its `bundlePath`.
    '';
    example = [ "root" ];
  };

  config =
    optionalAttrs (options ? security.pki.certificateFiles) {
      security.pki.certificateFiles = map (ca: cfg.cas.${ca}.bundlePath) known;
    }
    // optionalAttrs (options ? assertions) {
      assertions = map (message: {
        assertion = false;
        inherit message;
      }) (concatMap faults authorities);
    };
}
