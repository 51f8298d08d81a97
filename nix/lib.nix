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
  #   checks.<system>.certs = certs.flakeCheck      runs `certs check` over the project
  # All of these hang on one derivation, because flakes allow nothing but derivations in `packages`.
  #
  # nixosConfigurations: any set of things with `config`: NixOS systems, the nodes of colmena
  # hosts:               { <host> = modules; }, evaluated without NixOS: see hosts.nix
  # specialArgs:         for the modules of `hosts`
  # caModules:           modules that declare authorities beside the hosts, as K8Nix has them
  # root:                the directory of the project, for flakeCheck
  # system, or pkgs:     for which to build the wrappers
  mkCerts =
    {
      nixosConfigurations ? { },
      hosts ? { },
      specialArgs ? { },
      caModules ? [ ],
      root ? null,
      system ? pkgs.stdenv.hostPlatform.system,
      pkgs ? nixpkgs.legacyPackages.${system},
      package ? pkgs.callPackage ./package.nix { },
    }:
    let
      withoutNixos = hostsOf {
        inherit hosts specialArgs pkgs;
      };
      manifest = manifestOf {
        inherit nixosConfigurations withoutNixos caModules;
      };
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
      # As the hosts have it.
      roots = builtins.filter (found: found != null) (
        [ root ]
        ++ map (configuration: configuration.config.certToolkit.root or null) (
          builtins.attrValues (nixosConfigurations // withoutNixos)
        )
      );
      directory =
        if roots == [ ] then
          throw "certs: flakeCheck does not know the directory of the project. Give mkCerts root = self, or ./. in a flake that is not at the top of its repository."
        else
          builtins.head roots;
    in
    lib.extendDerivation true {
      inherit manifest manifestFile;
      recreate = command "recreate";
      plan = command "plan";
      check = command "check";
      flakeCheck = pkgs.runCommand "certs-check" { } ''
        if ! ${lib.getExe package} check --manifest ${manifestFile} --root ${directory} > report; then
          cat report >&2
          exit 1
        fi
        mv report $out
      '';
    } package;

  mkManifest =
    {
      nixosConfigurations ? { },
      hosts ? { },
      specialArgs ? { },
      caModules ? [ ],
      pkgs ? throw "certs: mkManifest was given no pkgs, and a module of `hosts` asks for them.",
    }:
    manifestOf {
      inherit nixosConfigurations caModules;
      withoutNixos = hostsOf { inherit hosts specialArgs pkgs; };
    };

  hostsOf = import ./hosts.nix { inherit lib; };

  manifestOf =
    {
      nixosConfigurations,
      withoutNixos,
      caModules,
    }:
    fleet.manifest {
      # Of a host that is given in both ways each is looked at.
      configurations =
        nixosConfigurations
        // builtins.listToAttrs (
          map (name: {
            name = if nixosConfigurations ? ${name} then "${name} (hosts)" else name;
            value = withoutNixos.${name};
          }) (builtins.attrNames withoutNixos)
        );
      authorities = lib.optional (caModules != [ ]) (authoritiesOf caModules);
      errors = builtins.concatMap (host: host.errors) (builtins.attrValues withoutNixos);
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
