# What `certToolkit` means: the declarations of all hosts become one manifest. Uses builtins only, so it can be evaluated
# without nixpkgs; knows nothing of NixOS or of X.509. The parts, in the order in which they build on each other.
# The program carries this file with the text of each part in place of its `import ./schema/<part>.nix`.
let
  helpers = import ./schema/helpers.nix;
  options = import ./schema/options.nix { inherit helpers; };
  files = import ./schema/files.nix { inherit helpers options; };
  recipients = import ./schema/recipients.nix { inherit helpers options files; };
  host = import ./schema/host.nix {
    inherit
      helpers
      options
      files
      recipients
      ;
  };
  fleet = import ./schema/fleet.nix {
    inherit
      helpers
      options
      files
      recipients
      host
      ;
  };
  plainFile = import ./schema/plain-file.nix { inherit helpers options fleet; };
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
}
