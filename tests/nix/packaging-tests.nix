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
          self = {
            nixosConfigurations.cp1 = "a host";
            outPath = "/the/flake";
          };
          flake-parts-lib.mkPerSystemOption =
            module: mkOption { type = types.deferredModuleWith { staticModules = [ module ]; }; };
        };
        modules = [
          (import ../../nix/flake-module.nix {
            mkApp = program: { inherit program; };
            mkCerts = arguments: {
              recreate = "recreate";
              plan = "plan";
              flakeCheck = "check";
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
          options = lib.genAttrs [ "packages" "apps" "checks" ] (
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
      inherit (flakeParts { }) apps checks;
      # The flake itself is handed on as it is.
      packages.certs = lib.mapAttrsRecursive (_: toString) (flakeParts { }).packages.certs;
    };
    want = {
      packages.certs = {
        recreate = "recreate";
        plan = "plan";
        flakeCheck = "check";
        arguments = {
          nixosConfigurations.cp1 = "a host";
          caModules = "";
          root.nixosConfigurations.cp1 = "a host";
          root.outPath = "/the/flake";
          specialArgs.self.nixosConfigurations.cp1 = "a host";
          specialArgs.self.outPath = "/the/flake";
          hosts = { };
        };
      };
      checks.certs = "check";
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
  {
    name = "flake_parts_checks_nothing_where_that_is_wanted";
    got = (flakeParts { certToolkit.check = false; }).checks;
    want = { };
  }
  {
    name = "flake_parts_takes_hosts_without_nixos";
    got =
      (flakeParts {
        certToolkit = {
          nixosConfigurations = lib.mkForce { };
          hosts.cp1 = [ "a module" ];
        };
      }).packages.certs.arguments.hosts;
    want.cp1 = [ "a module" ];
  }
]
