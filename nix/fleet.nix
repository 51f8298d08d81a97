# From evaluated configurations to the manifest of the fleet. Owns how hosts are found; what they mean is schema.nix'.
let
  schema = import ./schema.nix;

  # configurations: any set of things with `config` (NixOS, colmena, deploy-rs); those without certToolkit are passed over
  # authorities:    `config.certToolkit.manifest` of evaluations that are no hosts
  manifest =
    {
      configurations,
      authorities ? [ ],
    }:
    let
      contributions = map (configuration: configuration.config.certToolkit.manifest) (
        builtins.filter (configuration: configuration ? config.certToolkit.manifest) (
          builtins.attrValues configurations
        )
      );
      byHost = builtins.groupBy (contribution: contribution.host) contributions;
    in
    schema.manifest {
      hosts = builtins.mapAttrs (_: list: (builtins.head list).certToolkit) byHost;
      authorities = map (contribution: contribution.certToolkit) authorities;
      errors = builtins.concatLists (builtins.attrValues (builtins.mapAttrs twoHosts byHost));
    };

  # Several configurations of one host (its system and an installer of it, say) are fine while they declare the same.
  twoHosts =
    host: list:
    let
      first = builtins.head list;
    in
    if builtins.all (other: other.certToolkit == first.certToolkit) list then
      [ ]
    else
      [
        {
          code = "host-ambiguous";
          option = [ ];
          hosts = [ host ];
          message =
            "${toString (builtins.length list)} configurations have the host name \"${host}\", but declare different certificates."
            + " Give each its own networking.hostName, or its own certToolkit.hostName.";
        }
      ];
in
{
  inherit manifest;
}
