# The options of agenix that our modules and tests set, with their defaults. Not a test itself.
{ lib, config, ... }:
let
  inherit (lib) mkOption types;
  users = config.users.users or { };
in
{
  options.age.identityPaths = mkOption {
    default = [ ];
    type = types.listOf types.path;
  };
  options.age.secrets = mkOption {
    default = { };
    type = types.attrsOf (
      types.submodule (
        { name, config, ... }:
        {
          options = {
            file = mkOption { type = types.path; };
            path = mkOption {
              type = types.str;
              default = "/run/agenix/${name}";
            };
            owner = mkOption {
              type = types.str;
              default = "0";
            };
            group = mkOption {
              type = types.str;
              default = (users.${config.owner} or { group = "0"; }).group;
            };
            mode = mkOption {
              type = types.str;
              default = "0400";
            };
          };
        }
      )
    );
  };
}
