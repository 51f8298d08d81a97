{
  description = "A small Kubernetes cluster whose certificates live in Git";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";
    agenix.url = "github:ryantm/agenix";
    # Where you have certs from; or `nix registry add certs <where>` once.
    certs.url = "flake:certs";
  };

  outputs =
    inputs@{
      self,
      nixpkgs,
      agenix,
      certs,
    }:
    let
      system = "x86_64-linux";
      host =
        name:
        nixpkgs.lib.nixosSystem {
          inherit system;
          specialArgs = inputs;
          modules = [
            agenix.nixosModules.default
            certs.nixosModules.certToolkit
            ./cluster.nix
            { networking.hostName = name; }
          ];
        };
    in
    {
      nixosConfigurations = nixpkgs.lib.genAttrs [ "cp1" "worker1" "worker2" ] host;

      packages.${system}.certs = certs.lib.mkCerts {
        inherit (self) nixosConfigurations;
        inherit system;
      };
    };
}
