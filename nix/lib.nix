# Functions for the flakes of users: from their configurations to the program that makes their certificates.
# Owns the wrappers; the manifest is made in fleet.nix and schema.nix.
{ nixpkgs }:
let
  inherit (nixpkgs) lib;
  schema = import ./schema.nix;
  fleet = import ./fleet.nix;

  # The program `certs` of one project:
  #   nix run .#certs            the program itself
  #   nix run .#certs.recreate   with the manifest of the project; so are .plan and .check
  #   nix eval --json .#certs.manifest
  # All of these hang on one derivation, because flakes allow nothing but derivations in `packages`.
  #
  # nixosConfigurations: any set of things with `config`: NixOS systems, the nodes of colmena or deploy-rs
  # caModules:           modules that declare authorities beside the hosts, as K8Nix has them
  # system, or pkgs:     for which to build the wrappers
  mkCerts =
    {
      nixosConfigurations,
      caModules ? [ ],
      system ? pkgs.stdenv.hostPlatform.system,
      pkgs ? nixpkgs.legacyPackages.${system},
      package ? pkgs.callPackage ./package.nix { },
    }:
    let
      manifest = mkManifest { inherit nixosConfigurations caModules; };
      manifestFile = pkgs.writeText "certs-manifest.json" (builtins.toJSON manifest);
      command =
        verb:
        wrap {
          inherit
            pkgs
            package
            manifestFile
            verb
            ;
        } "certs-${verb}";
    in
    lib.extendDerivation true {
      inherit manifest manifestFile;
      recreate = command "recreate";
      plan = command "plan";
      check = command "check";
    } package;

  mkManifest =
    {
      nixosConfigurations,
      caModules ? [ ],
    }:
    fleet.manifest {
      configurations = nixosConfigurations;
      authorities = lib.optional (caModules != [ ]) (authoritiesOf caModules);
    };

  # These modules are evaluated by themselves, without NixOS, as K8Nix does.
  authoritiesOf =
    caModules:
    (lib.evalModules {
      specialArgs.ageIntegration = false;
      modules = [ ./module.nix ] ++ caModules;
    }).config.certToolkit.manifest;

  # The root of the project is where the program is run; it finds flake.nix upwards from there.
  wrap =
    {
      pkgs,
      package,
      manifestFile,
      verb,
    }:
    name:
    pkgs.writeShellScriptBin name ''
      exec ${lib.getExe package} ${verb} --manifest ${manifestFile} "$@"
    '';

  # As K8Nix calls it: the package with bin/recreate-certs.
  mkRecreateCertsScript =
    {
      nixosConfigurations,
      caModules ? [ ],
      system ? pkgs.stdenv.hostPlatform.system,
      pkgs ? nixpkgs.legacyPackages.${system},
      package ? pkgs.callPackage ./package.nix { },
    }:
    wrap {
      inherit pkgs package;
      inherit
        (mkCerts {
          inherit
            nixosConfigurations
            caModules
            pkgs
            package
            ;
        })
        manifestFile
        ;
      verb = "recreate";
    } "recreate-certs";

  mkRecreateCertsApp = arguments: mkApp (mkRecreateCertsScript arguments);

  # `derivation` as an entry of `apps`; newer versions of Nix want a description there.
  mkApp = derivation: {
    type = "app";
    program = lib.getExe derivation;
    meta.description = derivation.meta.description or "Make the declared certificates true";
  };
in
{
  inherit
    mkApp
    mkCerts
    mkManifest
    mkRecreateCertsApp
    mkRecreateCertsScript
    schema
    ;
}
