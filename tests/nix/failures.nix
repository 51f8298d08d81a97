# Evaluations that must fail, and what they must say: { <name> = { value; says; }; }. Messages can be read from outside
# only, so tests/nix/main.rs reads them; module-tests.nix checks that each fails at all.
{ lib }:
let
  evaluate = import ./evaluate.nix { inherit lib; };
  declaration.certToolkit.cas.cluster.certs.not-made-yet = { };
  certs =
    specialArgs: module:
    (evaluate.hostWith specialArgs "cp1" [
      declaration
      module
    ]).config.certToolkit.cas.cluster;
  public =
    root:
    (evaluate.hostWith { flakeRoot = root; } "cp1" [
      { certToolkit.keyPairs.service-account = { }; }
    ]).config.certToolkit.keyPairs.service-account.publicPath;
in
{
  a_compiler_that_is_too_old_is_one_sentence = {
    value =
      (import ../../nix/package.nix {
        inherit lib;
        rustPlatform.buildRustPackage = arguments: arguments;
        rustc.version = "1.86.0";
        stdenv = null;
        installShellFiles = null;
        age = null;
        openssl = null;
      }).pname;
    says = "certs needs Rust ${(lib.importTOML ../../Cargo.toml).package.rust-version} or newer, but the nixpkgs it is built with has 1.86.0. Set package = certs.packages.\${system}.certs and remove certs.inputs.nixpkgs.follows, or update nixpkgs to 25.11 or newer.";
  };
  a_stranger_in_a_bundle_is_not_handed_on = {
    value = (certs { flakeRoot = ./bundles/stranger; } { }).bundlePath;
    says = "secrets/certs/ca/cluster.crt holds 1 of 2 blocks that secrets/certs/inventory.json does not list as known, and programs would trust them. Run `certs check`";
  };
  nor_is_it_as_the_file_of_the_authority = {
    value = (certs { flakeRoot = ./bundles/stranger; } { }).ca.path;
    says = "secrets/certs/ca/cluster.crt holds 1 of 2 blocks";
  };
  nor_beside_what_signs = {
    value = (certs { flakeRoot = ./bundles/stranger; } { }).ca.certificatePath;
    says = "secrets/certs/ca/cluster.crt holds 1 of 2 blocks";
  };
  an_authority_that_was_exchanged_is_not_handed_on = {
    value = (certs { flakeRoot = ./bundles/exchanged; } { }).bundlePath;
    says = "secrets/certs/ca/cluster.crt holds 1 of 1 blocks";
  };
  a_block_under_another_label_is_not_handed_on = {
    value = (certs { flakeRoot = ./bundles/hidden; } { }).bundlePath;
    says = "secrets/certs/ca/cluster.crt holds 1 of 2 blocks";
  };
  the_public_key_of_a_stranger_is_not_handed_on = {
    value = public ./bundles/stranger;
    says = "secrets/certs/shared/service-account.pub holds 1 of 2 blocks";
  };
  an_exchanged_public_key_is_not_handed_on = {
    value = public ./bundles/exchanged;
    says = "secrets/certs/shared/service-account.pub holds 1 of 1 blocks";
  };
  several_blocks_that_nothing_lists_are_not_handed_on = {
    value = public ./bundles/unlisted;
    says = "secrets/certs/shared/service-account.pub holds 2 of 2 blocks";
  };
  a_missing_certificate_says_what_to_run = {
    value = (certs { flakeRoot = ./project; } { }).certs.not-made-yet.path;
    says = "there is no file secrets/certs/derived/cp1/cluster-not-made-yet.crt below the root of the project. Make it with `nix run .#certs.recreate`, then run `git add secrets/certs`";
  };
  a_missing_key_says_what_to_run = {
    value = (certs { flakeRoot = ./project; } { }).certs.not-made-yet.agePath;
    says = "there is no file secrets/certs/derived/cp1/cluster-not-made-yet.key.age";
  };
  a_missing_authority_says_what_to_run = {
    value = (certs { flakeRoot = ./.; } { }).bundlePath;
    says = "there is no file secrets/certs/ca/cluster.crt";
  };
  a_script_of_k8nix_says_what_makes_the_certificates = {
    value = (certs { } { }).certs.not-made-yet.createScript;
    says = "certToolkit.cas.cluster.certs.not-made-yet.createScript is an option of K8Nix that certs does not have. Replace the script that is made of it by packages.<system>.certs = certs.lib.mkCerts { inherit (self) nixosConfigurations; system = …; }; and run `nix run .#certs.recreate`.";
  };
  a_script_of_an_authority_says_so_too = {
    value = (certs { } { }).ca.createScript;
    says = "certToolkit.cas.cluster.ca.createScript is an option of K8Nix that certs does not have. Replace the script that is made of it by packages.<system>.certs = certs.lib.mkCerts";
  };
  a_request_of_k8nix_says_where_its_content_is = {
    value = [ (certs { } { }).certs.not-made-yet.csr ];
    says = "certToolkit.cas.cluster.certs.not-made-yet.csr is an option of K8Nix that certs does not have. Read names, usages and lifetime from the manifest";
  };
  a_request_file_of_k8nix_says_so_too = {
    value = (certs { } { }).ca.csrFile;
    says = "certToolkit.cas.cluster.ca.csrFile is an option of K8Nix that certs does not have.";
  };
  an_unknown_root_says_how_to_set_it = {
    value = (certs { } { }).ca.path;
    says = "the root of the project is not known. Set certToolkit.root = ./. in flake.nix";
  };
  the_key_of_an_authority_is_on_no_host = {
    value = (certs { flakeRoot = ./project; } { }).ca.keyPath;
    says = "the private key of the authority \"cluster\" is sealed to userAgeKeys only";
  };
  the_key_of_a_person_is_on_no_host = {
    value =
      (certs { flakeRoot = ./project; } {
        certToolkit.cas.cluster.certs.not-made-yet.onHost = false;
      }).certs.not-made-yet.keyPath;
    says = "the private key of the certificate \"not-made-yet\" is sealed to userAgeKeys only (onHost = false)";
  };
  a_kubeconfig_that_nobody_enabled_says_how_to = {
    value = (certs { flakeRoot = ./project; } { }).certs.not-made-yet.kubeconfig.path;
    says = "Set certToolkit.cas.cluster.certs.not-made-yet.kubeconfig.enable = true.";
  };
  a_kubeconfig_of_an_unknown_server_says_how_to_set_it = {
    value =
      (certs { flakeRoot = ./project; } {
        certToolkit.cas.cluster.certs.not-made-yet.kubeconfig.enable = true;
      }).certs.not-made-yet.kubeconfig.path;
    says = "where the API server is, is not known. Set certToolkit.kubernetes.controlPlaneEndpoint, or certToolkit.cas.cluster.certs.not-made-yet.kubeconfig.server.";
  };
  a_missing_key_pair_says_what_to_run = {
    value =
      (evaluate.hostWith { flakeRoot = ./project; } "cp1" [
        { certToolkit.keyPairs.not-made-yet = { }; }
      ]).config.certToolkit.keyPairs.not-made-yet.publicPath;
    says = "there is no file secrets/certs/shared/not-made-yet.pub below the root of the project. Make it with `nix run .#certs.recreate`";
  };
  an_unknown_role_is_refused = {
    value =
      (evaluate.host "cp1" [ { certToolkit.kubernetes.roles = [ "master" ]; } ])
      .config.certToolkit.kubernetes.roles;
    says = "certToolkit.kubernetes.roles";
  };
  an_unknown_component_is_refused = {
    value =
      (certs { } { certToolkit.cas.cluster.certs.not-made-yet.component = "apiserver"; })
      .certs.not-made-yet.component;
    says = "certToolkit.cas.cluster.certs.not-made-yet.component";
  };
  a_bundle_of_no_cluster_says_so = {
    value = (evaluate.host "cp1" [ { } ]).config.certToolkit.kubernetes.clientCaBundle;
    says = "kubernetes.clientCaBundle is there only with certToolkit.kubernetes.enable = true.";
  };
  an_unknown_host_name_says_how_to_set_it = {
    value = (evaluate.bare { } [ declaration ]).config.certToolkit.cas.cluster.certs.not-made-yet.id;
    says = "Set networking.hostName, or certToolkit.hostName without NixOS.";
  };
  a_wired_worker_without_an_api_server_says_how_to_name_one = {
    value =
      (evaluate.host "w1" [
        ./nixos-services.nix
        {
          certToolkit.kubernetes = {
            enable = true;
            wire = true;
            roles = [ "worker" ];
          };
        }
      ]).config.services.kubernetes.kubelet.kubeconfig.server;
    says = "where the API server is, is not known on w1. Set certToolkit.kubernetes.controlPlaneEndpoint, or name a control plane in certToolkit.kubernetes.nodes.";
  };
  a_wrong_algorithm_is_refused = {
    value = (certs { } { certToolkit.defaults.key.algo = "dsa"; }).ca.key;
    says = "certToolkit.defaults.key.algo";
  };
  a_wrong_mode_is_refused = {
    value = (certs { } { certToolkit.defaults.mode = "rw-r--r--"; }).ca.mode;
    says = "certToolkit.defaults.mode";
  };
  a_derived_value_cannot_be_set = {
    value = (certs { } { certToolkit.cas.cluster.certs.not-made-yet.id = "x"; }).certs.not-made-yet.id;
    says = "read-only";
  };
}
