# What is handed on of a public file in which every block is known: all of it, or its first certificate.
{ lib }:
let
  evaluate = import ./evaluate.nix { inherit lib; };

  toolkit =
    root:
    (evaluate.hostWith { flakeRoot = root; } "cp1" [
      {
        certToolkit = {
          cas.cluster = { };
          keyPairs.service-account = { };
        };
      }
    ]).config.certToolkit;

  known = toolkit ./bundles/known;
  unlisted = toolkit ./bundles/unlisted;
  inStore =
    root: relative:
    builtins.path {
      path = root + "/secrets/certs/${relative}";
      name = baseNameOf relative;
    };
in
[
  {
    name = "a_known_predecessor_is_in_the_bundle";
    got = [
      known.cas.cluster.bundlePath
      known.cas.cluster.ca.path
    ];
    want = [
      (inStore ./bundles/known "ca/cluster.crt")
      (inStore ./bundles/known "ca/cluster.crt")
    ];
  }
  {
    name = "what_reads_one_certificate_gets_the_first_alone";
    got = known.cas.cluster.ca.certificatePath;
    want = builtins.toFile "cluster.crt" (builtins.readFile ./bundles/first.crt);
  }
  {
    name = "a_file_of_one_certificate_is_the_same_for_both";
    got = unlisted.cas.cluster.ca.certificatePath;
    want = unlisted.cas.cluster.bundlePath;
  }
  {
    name = "a_listed_public_key_is_handed_on";
    got = known.keyPairs.service-account.publicPath;
    want = inStore ./bundles/known "shared/service-account.pub";
  }
]
