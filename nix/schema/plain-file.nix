# `certs --file certs.nix`: declarations as plain data, without NixOS and without nixpkgs.
{
  prelude,
  options,
  fleet,
}:
let
  # For `certs --file certs.nix`: { certToolkit = common; hosts.<host> = source; } where each of them is a certToolkit value, a
  # set or a NixOS module with `certToolkit` in it, the path of one, or a list of these merged from left to right. What is
  # common holds for every host, below what is its own, and declares authorities where there is no host yet.
  fromFile =
    file:
    let
      content = import file;
      hosts = content.hosts or { };
      common = if content ? certToolkit then [ content.certToolkit ] else [ ];
    in
    if !(isAttrs content) || !(isAttrs hosts) || !(content ? hosts || content ? certToolkit) then
      throw "${toString file} must be a set { hosts.<name> = …; }, one entry for each host. Wrap what it holds in such a set."
    else
      manifest {
        root = toString (dirOf file);
        hosts = mapAttrs (host: source: hostValue host (common ++ [ source ])) hosts;
        authorities = if hosts == { } then map authoritiesOf common else [ ];
      };

  # Without the one option that is about the host itself.
  authoritiesOf =
    common:
    let
      nobody = throw "The certToolkit of a plain file asks for the name of the host, and there is no host yet. Use it in owningHostKey, or below hosts.<name>.";
    in
    removeAttrs (hostValue nobody common) [ "owningHostKey" ];

  hostValue =
    host: source:
    if isPath source then
      hostValue host (import source)
    else if isList source then
      foldl' mergeDeep { } (map (hostValue host) source)
    else if isFunction source then
      hostValue host (callModule host source)
    else if isAttrs source then
      if source ? imports then
        throw (
          "The module of hosts.${attributeName host} imports others, which a plain file cannot do."
          + " List them instead: hosts.${attributeName host} = [ ./one.nix ./other.nix ];."
        )
      else
        source.certToolkit or source.config.certToolkit or source
    else
      throw "hosts.${attributeName host} is ${describe source}; it must be a certToolkit value, a module, a path or a list of these.";

  # Enough of a module's arguments for one that only declares data.
  callModule =
    host: module:
    let
      arguments = {
        config.networking.hostName = host;
        name = host;
        options = { };
        # Many modules ask for these and do not use them.
        lib = absent "lib";
        pkgs = absent "pkgs";
      };
      absent =
        name:
        throw (
          "The module of hosts.${attributeName host} uses ${name}, which a plain file cannot give."
          + " Evaluate it as a flake (certs recreate --flake .), or write what it says as plain data."
        );
      needed = attrNames (filterAttrs (_: optional: !optional) (functionArgs module));
      lacking = filter (name: !(arguments ? ${name})) needed;
    in
    if lacking == [ ] then
      module arguments
    else
      throw (
        "The module of hosts.${attributeName host} asks for ${concatStringsSep ", " lacking}, which a plain file cannot give."
        + " Evaluate it as a flake (certs recreate --flake .), or remove the arguments."
      );

  mergeDeep =
    left: right:
    left
    // mapAttrs (
      name: value:
      if isAttrs value && isAttrs (left.${name} or null) then mergeDeep left.${name} value else value
    ) right;

  inherit (builtins)
    attrNames
    concatStringsSep
    filter
    foldl'
    functionArgs
    isAttrs
    isFunction
    isList
    mapAttrs
    removeAttrs
    ;
  inherit (prelude) isPath filterAttrs;
  inherit (options) attributeName describe;
  inherit (fleet) manifest;
in
{
  inherit fromFile;
}
