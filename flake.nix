# Names what this project offers; each part is made in nix/.
{
  description = "Declared certificate authorities and Kubernetes certificates, issued, proved and sealed with age for NixOS";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";

  outputs =
    { self, nixpkgs }:
    let
      # With builtins, so that what needs no nixpkgs (lib.schema, the modules) can be had without fetching it.
      forAllSystems =
        make:
        builtins.listToAttrs (
          map
            (system: {
              name = system;
              value = make nixpkgs.legacyPackages.${system};
            })
            [
              "x86_64-linux"
              "aarch64-linux"
              "x86_64-darwin"
              "aarch64-darwin"
            ]
        );
      certsLib = import ./nix/lib.nix { inherit nixpkgs; };
    in
    {
      lib = certsLib;

      # By path within a set: a module that is imported twice is then one module.
      nixosModules = {
        default = self.nixosModules.certToolkit;
        certToolkit.imports = [ ./nix/module.nix ];
        kubernetesMultiYamlAddons.imports = [ ./nix/multi-yaml-addons.nix ];
      };

      flakeModules.default = import ./nix/flake-module.nix certsLib;
      flakeModule = self.flakeModules.default;

      packages = forAllSystems (pkgs: rec {
        default = certs;
        certs = pkgs.callPackage ./nix/package.nix { };
        docs = pkgs.writeText "options.md" (import ./nix/option-docs.nix { inherit (pkgs) lib; });
      });

      apps = forAllSystems (pkgs: rec {
        default = certs;
        certs = certsLib.mkApp self.packages.${pkgs.stdenv.hostPlatform.system}.certs;
      });

      overlays.default = final: _: { certs = final.callPackage ./nix/package.nix { }; };

      checks = forAllSystems (
        pkgs:
        import ./nix/checks.nix {
          inherit pkgs;
          inherit (self.packages.${pkgs.stdenv.hostPlatform.system}) certs;
        }
      );

      devShells = forAllSystems (pkgs: {
        default = import ./nix/shell.nix {
          inherit pkgs;
          inherit (self.packages.${pkgs.stdenv.hostPlatform.system}) certs;
        };
      });

      formatter = forAllSystems (pkgs: pkgs.nixfmt-tree);

      templates.default = {
        path = ./nix/templates/default;
        description = "A small Kubernetes cluster whose certificates are declared once and kept in Git";
        welcomeText = ''
          Write your public key into certificates.nix and the hosts' public keys into ssh-host-keys/,
          run `git add --all`, and then `nix run .#certs.recreate`.
        '';
      };

      # Where flakes written for K8Nix look for them. `nix flake check` says that it does not know these outputs.
      inherit (certsLib) mkRecreateCertsApp mkRecreateCertsScript;
    };
}
