# What `nix flake check` checks: the package with its own tests, every file of tests/nix on the nixpkgs at hand, and a
# cluster on virtual machines.
{ pkgs, certs }:
let
  inherit (pkgs) lib;

  tests = lib.filterAttrs (name: _: lib.hasSuffix "-tests.nix" name) (builtins.readDir ../tests/nix);

  # Each file gives a list of { name; got; want; }.
  check =
    file: arguments:
    let
      results = import (../tests/nix + "/${file}") arguments;
      failed = builtins.filter (result: result.got != result.want) results;
      say = result: ''
        ${result.name}
          got:  ${builtins.toJSON result.got}
          want: ${builtins.toJSON result.want}
      '';
    in
    if failed == [ ] then
      pkgs.runCommand (lib.removeSuffix ".nix" file) { } ''
        echo ${lib.escapeShellArg "${toString (builtins.length results)} tests passed"} | tee $out
      ''
    else
      throw "${file}: ${toString (builtins.length failed)} tests failed\n${lib.concatMapStrings say failed}";

  ofFiles = lib.mapAttrs' (
    file: _: lib.nameValuePair (lib.removeSuffix "-tests.nix" file) (check file { inherit lib; })
  ) tests;

  # Machines need NixOS.
  onNixos = lib.optionalAttrs (pkgs ? testers.runNixOSTest && pkgs.stdenv.hostPlatform.isLinux) {
    on-nixpkgs = check "on-nixpkgs.nix" { nixpkgs = pkgs.path; };
    vm-kubernetes = import ../tests/nixos/kubernetes.nix { inherit pkgs certs; };
  };
in
# No name may hide another: the tests of kubernetes-tests.nix once did not run.
builtins.foldl' lib.attrsets.unionOfDisjoint { } [
  ofFiles
  { package = certs; }
  onNixos
]
