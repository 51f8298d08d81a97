# The package and the flake-parts module, with stubs for what builds and for what flake-parts brings.
{ lib }:
let
  inherit (lib) mkOption types;
  package = import ../../nix/package.nix {
    inherit lib;
    rustPlatform.buildRustPackage = arguments: arguments;
    stdenv = {
      buildPlatform.canExecute = _: true;
      hostPlatform = { };
    };
    rustc.version = cargo.package.rust-version;
    installShellFiles = null;
    age = null;
    openssl = null;
  };
  cargo = lib.importTOML ../../Cargo.toml;

  # flake-parts hands each system its own evaluation of this option.
  flakeParts =
    configuration:
    let
      outer = lib.evalModules {
        specialArgs = {
          self.nixosConfigurations.cp1 = "a host";
          flake-parts-lib.mkPerSystemOption =
            module: mkOption { type = types.deferredModuleWith { staticModules = [ module ]; }; };
        };
        modules = [
          (import ../../nix/flake-module.nix {
            mkApp = program: { inherit program; };
            mkCerts = arguments: {
              recreate = "recreate";
              plan = "plan";
              arguments = removeAttrs arguments [ "pkgs" ];
            };
          })
          { perSystem = configuration; }
        ];
      };
    in
    (lib.evalModules {
      specialArgs.pkgs = { };
      modules = [
        outer.config.perSystem
        {
          options = lib.genAttrs [ "packages" "apps" ] (
            _:
            mkOption {
              default = { };
              type = types.attrsOf types.anything;
            }
          );
        }
      ];
    }).config;
in
[
  {
    name = "the_package_is_what_cargo_says";
    got = {
      inherit (package) pname version;
      inherit (package.meta) mainProgram;
    };
    want = {
      pname = "certs";
      inherit (cargo.package) version;
      mainProgram = "certs";
    };
  }
  {
    name = "flake_parts_gets_the_program_and_its_apps";
    got = {
      inherit (flakeParts { }) packages apps;
    };
    want = {
      packages.certs = {
        recreate = "recreate";
        plan = "plan";
        arguments = {
          nixosConfigurations.cp1 = "a host";
          caModules = [ ];
        };
      };
      apps = {
        certs-recreate.program = "recreate";
        certs-plan.program = "plan";
      };
    };
  }
  {
    name = "flake_parts_without_hosts_gets_nothing";
    got = (flakeParts { certToolkit.nixosConfigurations = lib.mkForce { }; }).packages;
    want = { };
  }
]
