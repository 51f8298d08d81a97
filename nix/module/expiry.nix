# Says at evaluation which certificates of this host end soon or have ended, from the inventory beside the files.
# Owns the clock of an evaluation; when a certificate is to be renewed is for `certs` to say.
{
  config,
  lib,
  options,
  ...
}@args:
let
  inherit (lib)
    concatMap
    literalMD
    mapAttrsToList
    mkOption
    optional
    optionalAttrs
    types
    ;

  schema = import ../schema.nix;
  cfg = config.certToolkit;
  inherit (import ./derived.nix { inherit lib config options; }) isThere textOf;

  inventoryFile = "${schema.relativeDir cfg.dir}/inventory.json";

  # A project whose certificates are not made yet has none that could end.
  inventory =
    if cfg.root != null && isThere inventoryFile then builtins.fromJSON (textOf inventoryFile) else { };

  # A pure evaluation knows when the flake was last changed, an impure one also what time it is; the later one is nearer to now.
  knownTimes =
    let
      flake = if builtins.isAttrs cfg.root then cfg.root else args.self or { };
    in
    optional (flake ? lastModified) flake.lastModified
    ++ optional (builtins ? currentTime) builtins.currentTime;

  entries =
    let
      ofHost = (inventory.hosts or { }).${cfg.hostName} or { };
      leaves =
        ca: certs:
        mapAttrsToList (name: entry: {
          id = "cas.${ca}.certs.${name}";
          inherit entry;
        }) (lib.intersectAttrs (cfg.cas.${ca} or { certs = { }; }).certs (ofHost.${ca} or { }));
      authorities = mapAttrsToList (ca: entry: {
        id = "cas.${ca}.ca";
        inherit entry;
      }) (lib.intersectAttrs cfg.cas (inventory.authorities or { }));
    in
    authorities ++ concatMap (ca: leaves ca (ofHost.${ca} or { })) (lib.attrNames ofHost);

  left = found: found.entry.notAfterEpoch - cfg.expiry.clock;
  watched = if cfg.expiry.clock == null then [ ] else entries;
  expired = lib.filter (found: left found < 0) watched;
  ending = lib.filter (found: left found >= 0 && left found < cfg.expiry.warnDays * 86400) watched;

  cure = "Run `nix run .#certs.recreate` and commit what it makes.";
in
{
  options.certToolkit.expiry = {
    warnDays = mkOption {
      type = types.ints.unsigned;
      default = 30;
      description = "How many days before its end a certificate of this host is warned of when the configuration is evaluated.";
      example = 60;
    };
    refuseExpired = mkOption {
      type = types.bool;
      default = true;
      description = "Whether a configuration with a certificate that has ended is refused. If not, it is warned of.";
      example = false;
    };
    clock = mkOption {
      type = types.nullOr types.int;
      default = if knownTimes == [ ] then null else lib.foldl' lib.max 0 knownTimes;
      defaultText = literalMD "when the flake was last changed or, in an impure evaluation, the time";
      description = "The moment that ends are compared with, in seconds since 1970. `null` compares nothing.";
      example = 1767225600;
    };
  };

  config =
    optionalAttrs (options ? assertions) {
      assertions = map (found: {
        assertion = !cfg.expiry.refuseExpired;
        message = "certToolkit: ${found.id} (${found.entry.subject}) ended ${found.entry.notAfter}. ${cure}";
      }) expired;
    }
    // optionalAttrs (options ? warnings) {
      warnings =
        map (
          found:
          "certToolkit: ${found.id} (${found.entry.subject}) ends ${found.entry.notAfter}, in ${toString (left found / 86400)} days. ${cure}"
        ) ending
        ++ lib.optionals (!cfg.expiry.refuseExpired) (
          map (
            found: "certToolkit: ${found.id} (${found.entry.subject}) ended ${found.entry.notAfter}. ${cure}"
          ) expired
        );
    };
}
