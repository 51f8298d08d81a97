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
  (test "a_server_listens_where_wanted"
    (lib.hasSuffix "--listen 127.0.0.1:9793" watched.systemd.services.certs-metrics-server.serviceConfig.ExecStart)
    true
  )
]
