# A small cluster: two hosts that share one authority, whose certificates are made by `nix run .#certs.recreate`.
{
  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";
    agenix.url = "github:ryantm/agenix";
    agenix.inputs.nixpkgs.follows = "nixpkgs";
    agenix.inputs.darwin.follows = "";
    agenix.inputs.home-manager.follows = "";
    # Where you have certs from; or `nix registry add certs <where>` once.
    certs.url = "flake:certs";
    certs.inputs.nixpkgs.follows = "nixpkgs";
  };

  outputs =
    inputs@{
      self,
      nixpkgs,
      agenix,
      certs,
      ...
    }:
    let
      # Of the machine you work on.
      system = "x86_64-linux";

      mkHost =
        hostName:
        nixpkgs.lib.nixosSystem {
          specialArgs = inputs // {
            flakeRoot = ./.;
          };
          modules = [
            agenix.nixosModules.default
            certs.nixosModules.certToolkit
            ./certificates.nix
            ./hosts/${hostName}.nix
            {
              networking = { inherit hostName; };
              nixpkgs.hostPlatform = "x86_64-linux";
            }
          ];
        };
    in
    {
      nixosConfigurations = nixpkgs.lib.genAttrs [ "cp1" "w1" ] mkHost;

      # nix run .#certs.plan      what would be made, and why
      # nix run .#certs.recreate  make it
      # nix run .#certs.check     is everything in Git as declared?
      packages.${system}.certs = certs.lib.mkCerts {
        inherit system;
        inherit (self) nixosConfigurations;
      };

      # `nix flake check` does the same as `nix run .#certs.check`.
      checks.${system}.certs = self.packages.${system}.certs.flakeCheck;
    };
}
