# What a host tells of its certificates' time: at evaluation, and as metrics while it runs.
{ lib }:
let
  evaluate = import ./evaluate.nix { inherit lib; };
  inherit (lib) mkOption types;

  # The options of NixOS that monitoring sets.
  systemd.options = {
    systemd = {
      services = mkOption {
        type = types.attrsOf types.raw;
        default = { };
      };
      timers = mkOption {
        type = types.attrsOf types.raw;
        default = { };
      };
      tmpfiles.rules = mkOption {
        type = types.listOf types.str;
        default = [ ];
      };
    };
    services.prometheus.exporters.node = {
      enabledCollectors = mkOption {
        type = types.listOf types.str;
        default = [ ];
      };
      extraFlags = mkOption {
        type = types.listOf types.str;
        default = [ ];
      };
    };
  };

  declared = {
    certToolkit = {
      userAgeKeys = [ "age1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs3290gq" ];
      owningHostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGvhuwlHGWtNMpG3zYIGdi6uBXaMDXVFWgiUW0CDsHKD";
      cas.cluster.certs.apiserver = { };
    };
  };

  host =
    toolkit:
    (evaluate.host "cp1" [
      systemd
      declared
      {
        certToolkit = {
          root = ./expiring;
        }
        // toolkit;
      }
    ]).config;

  # Of the whole configuration only what this module says.
  refusals =
    toolkit:
    map (failed: failed.message) (
      lib.filter (entry: !entry.assertion && lib.hasInfix "ended" entry.message) (host toolkit).assertions
    );
  warnings = toolkit: lib.filter (lib.hasInfix "end") (host toolkit).warnings;

  at = clock: { expiry.clock = clock; };
  day = 86400;

  watched = host {
    root = ./project;
    monitoring = {
      enable = true;
      listen = "127.0.0.1:9793";
      package = lib.setAttrByPath [ "outPath" ] "/nix/store/certs" // {
        type = "derivation";
        name = "certs";
        meta.mainProgram = "certs";
      };
    };
  };
  service = watched.systemd.services.certs-metrics.serviceConfig;

  # A certificate of thirty days, so many days before its end.
  monthly =
    days: declaration:
    warnings (
      at (1000000000 - days * day)
      // {
        cas.cluster.certs = lib.mkForce { month = declaration; };
      }
    );
  endsIn =
    days:
    "certToolkit: cas.cluster.certs.month (CN=month) ends 2001-09-09T01:46:40Z, in ${toString days} days. Run `nix run .#certs.recreate` and commit what it makes.";

  # A flake with a time, told to the modules in every way there is, and a root that has none.
  clockOf =
    specialArgs: module:
    (evaluate.hostWith specialArgs "cp1" [
      { certToolkit.root = ./expiring; }
      module
    ]).config.certToolkit.expiry.clock;
  self = {
    outPath = "/nowhere";
    lastModified = 4102444800;
  };

  inherit (import ../../nix/module/time.nix { inherit lib; }) duration epoch;

  test = name: got: want: { inherit name got want; };
in
[
  (test "long_before_the_end_nothing_is_said"
    {
      refusals = refusals (at (1000000000 - 31 * day));
      warnings = warnings (at (1000000000 - 31 * day));
    }
    {
      refusals = [ ];
      warnings = [ ];
    }
  )
  (test "a_certificate_that_ends_soon_is_warned_of" (warnings (at (1000000000 - 29 * day))) [
    "certToolkit: cas.cluster.certs.apiserver (CN=apiserver) ends 2001-09-09T01:46:40Z, in 29 days. Run `nix run .#certs.recreate` and commit what it makes."
  ])
  (test "a_certificate_that_has_ended_is_refused" (refusals (at 1000000001)) [
    "certToolkit: cas.cluster.certs.apiserver (CN=apiserver) ended 2001-09-09T01:46:40Z. Run `nix run .#certs.recreate` and commit what it makes."
  ])
  (test "or_warned_of_where_that_is_wanted"
    (
      let
        toolkit.expiry = {
          clock = 1000000001;
          refuseExpired = false;
        };
      in
      {
        refusals = refusals toolkit;
        warnings = warnings toolkit;
      }
    )
    {
      refusals = [ ];
      warnings = [
        "certToolkit: cas.cluster.certs.apiserver (CN=apiserver) ended 2001-09-09T01:46:40Z. Run `nix run .#certs.recreate` and commit what it makes."
      ];
    }
  )
  (test "an_authority_of_the_host_is_watched_too" (warnings (at (2000000000 - day))) [
    "certToolkit: cas.cluster.ca (CN=cluster) ends 2033-05-18T03:33:20Z, in 1 days. Run `nix run .#certs.recreate` and commit what it makes."
  ])
  (test "without_a_clock_nothing_is_compared" (refusals (at null)) [ ])
  (test "without_an_inventory_nothing_is_compared" (refusals (
    at 4000000000 // { root = ./user; }
  )) [ ])
  (test "the_clock_of_a_flake_is_its_last_change"
    (evaluate.hostWith {
      self = {
        outPath = "/nowhere";
        lastModified = 4102444800;
      };
    } "cp1" [ ]).config.certToolkit.expiry.clock
    4102444800
  )
  (test "nothing_watches_unless_wanted" (host { }).systemd.services { })
  (test "a_timer_writes_for_the_node_exporter"
    {
      start = lib.hasPrefix "/nix/store/certs/bin/certs metrics --deployed " service.ExecStart;
      output = lib.hasSuffix "--output /var/lib/certs-metrics/certs.prom" service.ExecStart;
      inherit (service) ReadWritePaths;
      calendar = watched.systemd.timers.certs-metrics.timerConfig.OnCalendar;
      tmpfiles = watched.systemd.tmpfiles.rules;
      exporter = watched.services.prometheus.exporters.node.extraFlags;
    }
    {
      start = true;
      output = true;
      ReadWritePaths = [ "/var/lib/certs-metrics" ];
      calendar = "hourly";
      tmpfiles = [ "d /var/lib/certs-metrics 0755 root root -" ];
      exporter = [ "--collector.textfile.directory=/var/lib/certs-metrics" ];
    }
  )
  (test "the_program_is_that_of_the_hosts_packages"
    (
      let
        program = watched.certToolkit.monitoring.package;
        enabled =
          pkgs:
          (evaluate.host "cp1" [
            systemd
            declared
            {
              _module.args = { inherit pkgs; };
              certToolkit = {
                root = ./project;
                monitoring.enable = true;
              };
            }
          ]).config.systemd.services.certs-metrics.serviceConfig.ExecStart;
      in
      map (lib.hasPrefix "/nix/store/certs/bin/certs metrics") [
        (enabled { certs = program; })
        (enabled { callPackage = _: _: program; })
      ]
    )
    [
      true
      true
    ]
  )
  (test "a_server_listens_where_wanted"
    (lib.hasSuffix "--listen 127.0.0.1:9793" watched.systemd.services.certs-metrics-server.serviceConfig.ExecStart)
    true
  )
  (test "before_its_renewal_there_is_nothing_to_do"
    (map (days: monthly days { }) [
      29
      11
      10
    ])
    [
      [ ]
      [ ]
      [ (endsIn 10) ]
    ]
  )
  (test "the_declared_renewal_counts"
    [
      (monthly 5 { renewBefore = "1.5d12h"; })
      (monthly 2 { renewBefore = "1.5d12h"; })
      (monthly 20 { renewBefore = "600h"; })
    ]
    [
      [ ]
      [ (endsIn 2) ]
      [ (endsIn 20) ]
    ]
  )
  # A renewed one would end on the same day.
  (test "what_ends_with_its_issuer_waits_for_it"
    (map
      (
        renewBefore:
        warnings (
          at (1000000000 - 5 * day)
          // {
            cas = lib.mkForce {
              old = {
                ca = { inherit renewBefore; };
                certs.clamped = { };
              };
            };
          }
        )
      )
      [
        "24h"
        "240h"
      ]
    )
    [
      [ ]
      [
        "certToolkit: cas.old.ca (CN=old) ends 2001-09-09T01:46:40Z, in 5 days. Run `nix run .#certs.recreate` and commit what it makes."
        "certToolkit: cas.old.certs.clamped (CN=clamped) ends 2001-09-09T01:46:40Z, in 5 days. Run `nix run .#certs.recreate` and commit what it makes."
      ]
    ]
  )
  (test "the_time_of_the_flake_is_known_beside_a_root_that_has_none"
    [
      (clockOf { inherit self; } { })
      (clockOf { inputs.self = self; } { })
      (clockOf { } { _module.args = { inherit self; }; })
      (clockOf { } { _module.args.inputs.self = self; })
    ]
    [
      4102444800
      4102444800
      4102444800
      4102444800
    ]
  )
  # As `nix flake check` evaluates this file; any other evaluation knows the time.
  (test "an_evaluation_that_does_not_know_the_time_says_so"
    (map
      (expiry: lib.filter (lib.hasInfix "not watched") (host { inherit expiry; }).warnings)
      [
        { }
        { clock = null; }
      ]
    )
    [
      (lib.optional (!builtins ? currentTime) (
        "certToolkit: the expiry of the certificates of cp1 is not watched, because this evaluation does not know the time."
        + " Give the modules the flake (specialArgs = { inherit self; }), or set certToolkit.expiry.clock: self.lastModified, or null to watch nothing."
      ))
      [ ]
    ]
  )
  (test "moments_are_read"
    (map epoch [
      "1970-01-01T00:00:00Z"
      "2000-02-29T23:59:59Z"
      "2001-09-09T01:46:40Z"
      "2024-12-31T00:00:08Z"
      "2100-03-01T00:00:00Z"
      "now"
    ])
    [
      0
      951868799
      1000000000
      1735603208
      4107542400
      null
    ]
  )
  (test "durations_are_read"
    (map duration [
      "8760h"
      "1y"
      "1h30m"
      "1.5d"
      "08h"
      "2w"
      "90"
      "1h x"
      ""
    ])
    [
      31536000
      31536000
      5400
      129600
      28800
      1209600
      null
      null
      null
    ]
  )
]
