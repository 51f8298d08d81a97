# For flake-parts: `perSystem.certToolkit`, which adds the packages and apps of the project's certificates.
# Takes the functions of lib.nix and gives the module; needs no flake-parts of its own.
certsLib:
{
  flake-parts-lib,
  lib,
  self,
  ...
}:
let
  inherit (lib) literalExpression mkOption types;
in
{
  options.perSystem = flake-parts-lib.mkPerSystemOption (
    {
      config,
      pkgs,
      ...
    }:
    let
      cfg = config.certToolkit;
      certs = certsLib.mkCerts (
        {
          inherit pkgs;
          inherit (cfg) nixosConfigurations caModules;
        }
        // lib.optionalAttrs (cfg.package != null) { inherit (cfg) package; }
      );
    in
    {
      options.certToolkit = {
        nixosConfigurations = mkOption {
          type = types.lazyAttrsOf types.raw;
          default = self.nixosConfigurations or { };
          defaultText = literalExpression "self.nixosConfigurations";
          description = "The hosts of the fleet: anything with `config`. Those without certToolkit are passed over.";
          example = literalExpression "self.nixosConfigurations // self.colmenaHive.nodes";
        };
        caModules = mkOption {
          type = types.listOf types.deferredModule;
          default = [ ];
          description = "Modules that declare authorities beside the hosts.";
          example = literalExpression "[ ./authorities.nix ]";
        };
        package = mkOption {
          type = types.nullOr types.package;
          default = null;
          description = "The program. `null` builds it with the packages of this flake.";
          example = literalExpression "inputs.certs.packages.\${system}.certs";
        };
      };

      config = lib.mkIf (cfg.nixosConfigurations != { }) {
        packages.certs = certs;
        apps.certs-recreate = certsLib.mkApp certs.recreate;
        apps.certs-plan = certsLib.mkApp certs.plan;
      };
    }
  );
}
