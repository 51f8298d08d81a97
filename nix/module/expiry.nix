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
  inherit (import ./time.nix { inherit lib; }) duration epoch;
  derived = import ./derived.nix { inherit lib config options; };

  inventory = if cfg.root != null then derived.inventory else { };

  # A pure evaluation knows when the flake was last changed, an impure one also what time it is; the later one is nearer to now.
  knownTimes =
    let
      self = import ./flake.nix {
        special = args;
        inherit config;
      };
      flakes = lib.filter (flake: flake ? lastModified) [
        cfg.root
        self
      ];
    in
    map (flake: flake.lastModified) flakes ++ optional (builtins ? currentTime) builtins.currentTime;

  ofHost = (inventory.hosts or { }).${cfg.hostName} or { };
  ofAuthorities = lib.intersectAttrs cfg.cas (inventory.authorities or { });

  # { id; entry; isDue; } of everything this host has or trusts.
  entries =
    let
      leaves =
        ca: certs:
        mapAttrsToList (name: entry: {
          id = "cas.${ca}.certs.${name}";
          inherit entry;
          isDue = isDue [ ] ca cfg.cas.${ca}.certs.${name} entry;
        }) (lib.intersectAttrs (cfg.cas.${ca} or { certs = { }; }).certs (ofHost.${ca} or { }));
      authorities = mapAttrsToList (ca: entry: {
        id = "cas.${ca}.ca";
        inherit entry;
        isDue = isDue [ ca ] cfg.cas.${ca}.issuer cfg.cas.${ca}.ca entry;
      }) ofAuthorities;
    in
    authorities ++ concatMap (ca: leaves ca (ofHost.${ca} or { })) (lib.attrNames ofHost);

  # Whether `certs recreate` would renew it now: a renewal is early enough, and what ends with its issuer would gain nothing
  # before that is renewed.
  isDue =
    below: issuer: declared: entry:
    let
      above = ofAuthorities.${issuer};
      gains =
        issuer == null
        || lib.elem issuer below
        || !(ofAuthorities ? ${issuer})
        || entry.notAfterEpoch < above.notAfterEpoch
        || isDue (below ++ [ issuer ]) cfg.cas.${issuer}.issuer cfg.cas.${issuer}.ca above;
      begin = if entry ? notBefore then epoch entry.notBefore else null;
      before = if declared.renewBefore == null then null else duration declared.renewBefore;
      window =
        if before != null then
          before
        else if begin == null then
          null
        else
          (entry.notAfterEpoch - begin) / 3;
    in
    (window == null || entry.notAfterEpoch - cfg.expiry.clock <= window) && gains;

  left = found: found.entry.notAfterEpoch - cfg.expiry.clock;
  watched = if cfg.expiry.clock == null then [ ] else entries;
  expired = lib.filter (found: left found < 0) watched;
  ending = lib.filter (
    found: left found >= 0 && left found < cfg.expiry.warnDays * 86400 && found.isDue
  ) watched;

  # Not where a person has said that nothing is to be compared.
  isUnwatched =
    cfg.expiry.clock == null
    && options.certToolkit.expiry.clock.highestPrio >= (lib.mkOptionDefault null).priority
    && entries != [ ];

  cure = "Run `nix run .#certs.recreate` and commit what it makes.";
in
{
  options.certToolkit.expiry = {
    warnDays = mkOption {
      type = types.ints.unsigned;
      default = 30;
      description = ''
        How many days before its end a certificate of this host is warned of when the configuration is evaluated. Not before
        `certs recreate` would renew it (`renewBefore`).
      '';
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
      description = ''
        The moment that ends are compared with, in seconds since 1970. `null` compares nothing. When the flake was last changed is
        known from `root`, or from `self` or `inputs.self` as an argument of the modules.
      '';
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
        optional isUnwatched (
          "certToolkit: the expiry of the certificates of ${cfg.hostName} is not watched, because this evaluation does not know the time."
          + " Give the modules the flake (specialArgs = { inherit self; }), or set certToolkit.expiry.clock: self.lastModified, or null to watch nothing."
        )
        ++ map (
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
