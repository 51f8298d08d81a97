# Which roots a host trusts as a whole, and what cannot be trusted.
{ lib }:
let
  evaluate = import ./evaluate.nix { inherit lib; };
  inherit (lib) mkOption types;

  pki.options.security.pki.certificateFiles = mkOption {
    type = types.listOf types.path;
    default = [ ];
  };

  host =
    authorities:
    (evaluate.hostWith { flakeRoot = ./project; } "cp1" [
      pki
      {
        certToolkit = {
          userAgeKeys = [ "age1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs3290gq" ];
          cas.cluster = { };
          cas.cluster-signing.issuer = "cluster";
          trust = { inherit authorities; };
        };
      }
    ]).config;

  refused = map (entry: entry.message) (
    lib.filter (entry: !entry.assertion) (host [ "cluster-signing" "gone" ]).assertions
  );
in
[
  {
    name = "nothing_is_trusted_unless_it_is_named";
    got = (host [ ]).security.pki.certificateFiles;
    want = [ ];
  }
  {
    name = "a_root_goes_to_the_trust_store_of_the_system";
    got = map (lib.hasSuffix "-cluster.crt") (host [ "cluster" ]).security.pki.certificateFiles;
    want = [ true ];
  }
  {
    name = "only_declared_roots_can_be_trusted";
    got = refused;
    want = [
      "certToolkit.trust.authorities names \"cluster-signing\", which \"cluster\" issues. Trust the root above it: a trust store is for roots, and what they issued is found through them."
      "certToolkit.trust.authorities names \"gone\", which this host does not declare. Declare certToolkit.cas.gone, or take it out of the list."
    ];
  }
  {
    name = "trust_says_nothing_to_the_manifest";
    got = (host [ "cluster" ]).certToolkit.manifest.certToolkit ? trust;
    want = false;
  }
]
