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
          inherit (cfg)
            nixosConfigurations
            hosts
            specialArgs
            caModules
            root
            ;
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
        hosts = mkOption {
          type = types.lazyAttrsOf types.raw;
          default = { };
          description = ''
            Hosts evaluated without NixOS: their modules, of which only what they declare of certToolkit counts. Set
            `nixosConfigurations = { }` with it, or the same hosts are evaluated twice.
          '';
          example = literalExpression "{ cp1 = [ ./certificates.nix ]; }";
        };
        specialArgs = mkOption {
          type = types.lazyAttrsOf types.raw;
          default = { inherit self; };
          defaultText = literalExpression "{ inherit self; }";
          description = "The special arguments of the modules in `hosts`.";
          example = literalExpression "{ inherit self inputs; }";
        };
        root = mkOption {
          type = types.raw;
          default = self;
          defaultText = literalExpression "self";
          description = "The directory of the project, which `checks.certs` looks at.";
          example = literalExpression "./.";
        };
        check = mkOption {
          type = types.bool;
          default = true;
          description = "Whether `nix flake check` runs `certs check` over the project.";
          example = false;
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

      config = lib.mkIf (cfg.nixosConfigurations != { } || cfg.hosts != { } || cfg.caModules != [ ]) {
        packages.certs = certs;
        checks = lib.mkIf cfg.check { certs = certs.flakeCheck; };
        apps.certs-recreate = certsLib.mkApp certs.recreate;
        apps.certs-plan = certsLib.mkApp certs.plan;
      };
    }
  );
}
