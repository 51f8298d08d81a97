# Watches the certificates this host has: a timer that writes metrics for the node exporter, or a service that Prometheus asks.
# What the metrics mean is for `certs metrics` to say; alerts and dashboard are in ../monitoring.
{
  config,
  lib,
  options,
  pkgs,
  ...
}:
let
  inherit (lib)
    concatMap
    literalExpression
    literalMD
    mkIf
    mkOption
    optionalAttrs
    types
    ;

  cfg = config.certToolkit;
  monitoring = cfg.monitoring;
  inherit (import ./derived.nix { inherit lib config options; }) derived;

  deployed = {
    version = 1;
    certificates = concatMap (
      ca:
      lib.mapAttrsToList (name: certificate: {
        artifact = "${cfg.hostName}/${ca}/${name}";
        certificate = "${certificate.path}";
        key = if certificate.onHost then certificate.keyPath else null;
        inherit (certificate) renewBefore;
      }) cfg.cas.${ca}.certs
    ) (lib.attrNames cfg.cas);
  };

  command = "${lib.getExe monitoring.package} metrics --deployed ${monitoring.deployedFile}";

  # It reads private keys, to see that they are there and fit, and can do nothing else.
  confined = {
    NoNewPrivileges = true;
    ProtectSystem = "strict";
    ProtectHome = true;
    PrivateTmp = true;
    PrivateDevices = true;
    ProtectKernelTunables = true;
    ProtectKernelModules = true;
    ProtectControlGroups = true;
    MemoryDenyWriteExecute = true;
    RestrictSUIDSGID = true;
    LockPersonality = true;
    CapabilityBoundingSet = [ "CAP_DAC_READ_SEARCH" ];
    SystemCallArchitectures = "native";
    LimitCORE = 0;
  };
in
{
  options.certToolkit.monitoring = {
    enable = mkOption {
      type = types.bool;
      default = false;
      description = ''
        Whether this host tells when its certificates end, and whether their keys are there and fit, as metrics for Prometheus.
        Where the node exporter runs, it hands them on.
      '';
      example = true;
    };
    package = mkOption {
      type = types.package;
      default = pkgs.certs or (pkgs.callPackage ../package.nix { });
      defaultText = literalMD "`pkgs.certs`, or `certs` built with the packages of the host";
      description = "The program.";
      example = literalExpression "inputs.certs.packages.\${system}.certs";
    };
    interval = mkOption {
      type = types.str;
      default = "hourly";
      description = "How often the files are looked at, as systemd.time(7) writes calendar events.";
      example = "*:0/15";
    };
    directory = mkOption {
      type = types.path;
      default = "/var/lib/certs-metrics";
      description = "The directory of the metrics file, `certs.prom`.";
      example = "/var/lib/node-exporter";
    };
    listen = mkOption {
      type = types.nullOr types.str;
      default = null;
      description = "An address and port at which the metrics are also served. `null` for none.";
      example = "127.0.0.1:9793";
    };
    deployedFile =
      derived types.path "The list of certificates and keys that are looked at." "a file in the Nix store"
        (builtins.toFile "certs-deployed.json" (builtins.toJSON deployed));
    rules =
      derived types.path "Alert rules for Prometheus (`services.prometheus.ruleFiles`)."
        "`nix/monitoring/rules.yml`"
        ../monitoring/rules.yml;
    dashboard =
      derived types.path "A dashboard for Grafana." "`nix/monitoring/dashboard.json`"
        ../monitoring/dashboard.json;
  };

  config = lib.mkMerge [
    (optionalAttrs (options ? systemd.services) {
      systemd.services = mkIf monitoring.enable (
        {
          certs-metrics = {
            description = "Metrics of this host's certificates";
            serviceConfig = confined // {
              Type = "oneshot";
              ExecStart = "${command} --output ${monitoring.directory}/certs.prom";
              ReadWritePaths = [ monitoring.directory ];
              PrivateNetwork = true;
            };
          };
        }
        // optionalAttrs (monitoring.listen != null) {
          certs-metrics-server = {
            description = "Metrics of this host's certificates, served";
            wantedBy = [ "multi-user.target" ];
            after = [ "network.target" ];
            serviceConfig = confined // {
              ExecStart = "${command} --listen ${monitoring.listen}";
              Restart = "on-failure";
              RestrictAddressFamilies = [
                "AF_INET"
                "AF_INET6"
              ];
            };
          };
        }
      );
    })
    (optionalAttrs (options ? systemd.timers) {
      systemd.timers = mkIf monitoring.enable {
        certs-metrics = {
          description = "Looks at this host's certificates now and then";
          wantedBy = [ "timers.target" ];
          timerConfig = {
            OnBootSec = "2min";
            OnCalendar = monitoring.interval;
            RandomizedDelaySec = "2min";
          };
        };
      };
    })
    (optionalAttrs (options ? systemd.tmpfiles) {
      systemd.tmpfiles.rules = mkIf monitoring.enable [ "d ${monitoring.directory} 0755 root root -" ];
    })
    (optionalAttrs (options ? services.prometheus.exporters) {
      services.prometheus.exporters.node = mkIf monitoring.enable {
        enabledCollectors = [ "textfile" ];
        extraFlags = [ "--collector.textfile.directory=${monitoring.directory}" ];
      };
    })
  ];
}
