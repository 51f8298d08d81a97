# What `certToolkit` means: the declarations of all hosts become one manifest. Uses builtins only, so it can be evaluated
# without nixpkgs; knows nothing of NixOS or of X.509. The parts, in the order in which they build on each other.
# The program carries this file with the text of each part in place of its `import ./schema/<part>.nix`.
let
  prelude = import ./schema/prelude.nix;
  options = import ./schema/options.nix { inherit prelude; };
  files = import ./schema/files.nix { inherit prelude options; };
  recipients = import ./schema/recipients.nix { inherit prelude options files; };
  addresses = import ./schema/addresses.nix;
  kubernetesComponents = import ./schema/kubernetes-components.nix { inherit prelude addresses; };
  kubernetesFaults = import ./schema/kubernetes-faults.nix {
    inherit
      prelude
      options
      addresses
      kubernetesComponents
      ;
  };
  kubernetesNodes = import ./schema/kubernetes-nodes.nix { inherit prelude options kubernetesFaults; };
  kubernetes = import ./schema/kubernetes.nix {
    inherit
      prelude
      addresses
      kubernetesComponents
      kubernetesFaults
      kubernetesNodes
      ;
  };
  host = import ./schema/host.nix {
    inherit
      prelude
      options
      files
      recipients
      kubernetes
      kubernetesFaults
      kubernetesNodes
      ;
  };
  shared = import ./schema/shared.nix { inherit prelude options; };
  kubernetesCluster = import ./schema/kubernetes-cluster.nix { inherit prelude options addresses; };
  fleet = import ./schema/fleet.nix {
    inherit
      prelude
      options
      files
      recipients
      kubernetesCluster
      kubernetesNodes
      host
      shared
      ;
  };
  plainFile = import ./schema/plain-file.nix { inherit prelude options fleet; };
in
{
  inherit (fleet) version manifest;
  inherit (host) resolveHost;
  inherit (plainFile) fromFile;

  # For nix/module.nix, which has the same options with types, and the same defaults.
  inherit (options)
    options
    builtinValues
    declared
    moduleOnly
    ;
  inherit (files) layout relativeDir;
  kubernetes = {
    inherit (kubernetes) preset settingsOf signingAuthority;
    inherit (kubernetesComponents) roles componentIds extraIds;
  };
}
