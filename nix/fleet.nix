# From evaluated configurations to the manifest of the fleet. Owns how hosts are found; what they mean is schema.nix'.
let
  schema = import ./schema.nix;

  # configurations: any set of things with `config` (NixOS, colmena, deploy-rs); those without certToolkit are passed over
  # authorities:    `config.certToolkit.manifest` of evaluations that are no hosts
  # errors:         faults the caller found before it came here
  # root:           the directory of the project as text, by which messages name files; null where it is not known
  manifest =
    {
      configurations,
      authorities ? [ ],
      errors ? [ ],
      root ? rootOf configurations,
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
      inherit root;
      hosts = builtins.mapAttrs (_: list: (builtins.head list).certToolkit) byHost;
      authorities = map (contribution: contribution.certToolkit) authorities;
      errors =
        errors
        ++ builtins.concatLists (builtins.attrValues (builtins.mapAttrs twoHosts byHost))
        ++ (if contributions == [ ] && authorities == [ ] then [ (nobody configurations) ] else [ ]);
    };

  rootOf =
    configurations:
    let
      roots = builtins.filter builtins.isPath (
        map (configuration: configuration.config.certToolkit.root or null) (
          builtins.attrValues configurations
        )
      );
    in
    if roots == [ ] then null else toString (builtins.head roots);

  # A fleet without anything in it is a fleet that was looked for in the wrong place, and its files are not to be pruned.
  nobody =
    configurations:
    let
      names = builtins.attrNames configurations;
      shown = builtins.concatStringsSep ", " (builtins.genList (builtins.elemAt names) (
        if builtins.length names > 3 then 3 else builtins.length names
      )) + (if builtins.length names > 3 then ", …" else "");
      isDeployment = builtins.any (node: node ? profiles || node ? hostname) (
        builtins.attrValues configurations
      );
    in
    {
      code = "fleet-empty";
      option = [ ];
      hosts = [ ];
      message =
        if names == [ ] then
          "There are no hosts: nixosConfigurations is empty. Give mkCerts your nixosConfigurations, hosts or caModules."
        else if isDeployment then
          "None of ${shown} has a NixOS configuration; this looks like deploy.nodes, which says where hosts are and not what they are."
          + " Give self.nixosConfigurations instead."
        else
          "None of ${shown} declares certificates. Import certs.nixosModules.certToolkit into the hosts, and give mkCerts a set of"
          + " things with `config`, such as self.nixosConfigurations.";
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
