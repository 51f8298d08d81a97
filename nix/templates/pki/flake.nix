# Hosts with certificates from our own authorities. What the authorities are is declared in authorities.nix, what a host has of
# its own in hosts/<name>.nix.
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

      # Each of these has a file hosts/<name>.nix, and its public SSH key in ssh-host-keys/<name>.pub.
      hosts = [ ];

      mkHost =
        hostName:
        nixpkgs.lib.nixosSystem {
          specialArgs = inputs // {
            flakeRoot = ./.;
          };
          modules = [
            agenix.nixosModules.default
            certs.nixosModules.certToolkit
            ./authorities.nix
            ./hosts/${hostName}.nix
            {
              networking = { inherit hostName; };
              nixpkgs.hostPlatform = "x86_64-linux";
              # `certs host add NAME` makes one, `certs host scan ADDRESS --accept NAME` reads one.
              certToolkit.owningHostKey = ./ssh-host-keys/${hostName}.pub;
              # Every host trusts what our root issued.
              certToolkit.trust.authorities = [ "root" ];
            }
          ];
        };
    in
    {
      nixosConfigurations = nixpkgs.lib.genAttrs hosts mkHost;

      # nix run .#certs.plan      what would be made, and why
      # nix run .#certs.recreate  make it
      # nix run .#certs.check     is everything in Git as declared?
      packages.${system}.certs = certs.lib.mkCerts {
        inherit system;
        inherit (self) nixosConfigurations;
        caModules = [ ./authorities.nix ];
        root = self;
      };

      # `nix flake check` does the same as `nix run .#certs.check`.
      checks.${system}.certs = self.packages.${system}.certs.flakeCheck;
    };
}
