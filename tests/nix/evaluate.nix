# Evaluates certToolkit as a host would, with stubs for what NixOS and agenix bring. Not a test itself.
{ lib }:
let
  inherit (lib) mkOption types;

  nixos.options = {
    networking.hostName = mkOption { type = types.str; };
    assertions = mkOption {
      type = types.listOf types.unspecified;
      default = [ ];
    };
    warnings = mkOption {
      type = types.listOf types.str;
      default = [ ];
    };
  };

  agenix = ./agenix/modules/age.nix;
in
rec {
  # Nothing but our module.
  bare =
    specialArgs: modules:
    lib.evalModules {
      inherit specialArgs;
      modules = [ ../../nix/module.nix ] ++ modules;
    };

  # As under NixOS with agenix, and without it.
  host = name: modules: hostWith { } name modules;
  hostWith =
    specialArgs: name: modules:
    bare specialArgs (
      [
        nixos
        agenix
        { networking.hostName = name; }
      ]
      ++ modules
    );
  hostWithoutAgenix =
    specialArgs: name: modules:
    bare specialArgs (
      [
        nixos
        { networking.hostName = name; }
      ]
      ++ modules
    );

  # The hosts of a plain data file (see schema.nix, fromFile), as modules. In such a file a later part of a list replaces
  # what an earlier one says, which is mkForce for modules.
  hostsOf =
    {
      hosts,
      certToolkit ? { },
    }:
    let
      common = if builtins.isFunction certToolkit then args: { certToolkit = certToolkit args; } else { inherit certToolkit; };
      modulesOf =
        source:
        if builtins.isList source then
          [ (builtins.head source) ]
          ++ map (part: { certToolkit = lib.mapAttrs (_: lib.mkForce) part; }) (builtins.tail source)
        else if builtins.isPath source then
          [ source ]
        else
          [ { certToolkit = source; } ];
    in
    lib.mapAttrs (name: source: host name ([ common ] ++ modulesOf source)) hosts;
}
