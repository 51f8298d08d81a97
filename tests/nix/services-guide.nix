# What docs/guides/nixos-services.md promises of its modules: which units a renewed certificate restarts, and which it reloads. `before` and
# `after` are the project of the page with the certificates that were issued first, and with renewed ones (guide.rs).
{
  nixpkgs,
  before,
  after,
}:
let
  lib = import (nixpkgs + "/lib");

  web1 =
    project: extra:
    (import (nixpkgs + "/nixos/lib/eval-config.nix") {
      system = "x86_64-linux";
      modules = [
        ../../nix/module.nix
        ./agenix/modules/age.nix
        (project + "/authorities.nix")
        (project + "/hosts/web1.nix")
        {
          networking.hostName = "web1";
          certToolkit.root = project;
          boot.isContainer = true;
          system.stateVersion = lib.trivial.release;
        }
      ]
      ++ map (name: project + "/hosts/${name}.nix") extra;
    }).config;

  # What systemd compares: a reload trigger alone reloads a unit, every other difference restarts it.
  text =
    config: name:
    let
      unit = config.systemd.services.${name};
    in
    builtins.unsafeDiscardStringContext (
      builtins.toJSON {
        inherit (unit)
          after
          environment
          preStart
          restartTriggers
          serviceConfig
          wants
          ;
      }
    );
  changed = { old, new }: name: text old name != text new name;

  issued = web1 before [ ];
  renewal = {
    old = issued;
    new = web1 after [ ];
  };
  reloaded = {
    old = web1 before [ "web1-reload" ];
    new = web1 after [ "web1-reload" ];
  };
  ordered = web1 before [ "web1-order" ];

  isOurs = lib.hasPrefix "certToolkit";
in
[
  {
    name = "nothing_is_refused_and_nothing_is_warned_of";
    got =
      lib.filter isOurs issued.warnings
      ++ map (assertion: assertion.message) (lib.filter (entry: !entry.assertion) issued.assertions);
    want = [ ];
  }
  {
    name = "each_service_is_given_its_certificate_and_key";
    got =
      let
        host = issued.services.nginx.virtualHosts."www.svc.example.org";
        database = issued.services.postgresql.settings;
      in
      [
        (lib.hasSuffix "-services-www.crt" host.sslCertificate)
        host.sslCertificateKey
        (lib.hasSuffix "-services-db.crt" database.ssl_cert_file)
        database.ssl_key_file
      ];
    want = [
      true
      "/run/agenix/certtoolkit-derived-web1-services-www"
      true
      "/run/agenix/certtoolkit-derived-web1-services-db"
    ];
  }
  {
    name = "each_key_belongs_to_the_user_of_its_service";
    got = lib.mapAttrs' (name: secret: {
      name = lib.removePrefix "certtoolkit-derived-web1-services-" name;
      value = secret.owner;
    }) issued.age.secrets;
    want = {
      www = issued.systemd.services.nginx.serviceConfig.User;
      db = issued.systemd.services.postgresql.serviceConfig.User;
    };
  }
  {
    name = "a_renewal_restarts_both_services";
    got = map (changed renewal) [
      "nginx"
      "postgresql"
    ];
    want = [
      true
      true
    ];
  }
  {
    name = "with_reload_a_renewal_restarts_neither";
    got = map (changed reloaded) [
      "nginx"
      "postgresql"
    ];
    want = [
      false
      false
    ];
  }
  {
    name = "with_reload_a_renewal_reloads_both";
    got =
      let
        triggers = config: config.systemd.services.postgresql.reloadTriggers;
      in
      [
        (changed reloaded "nginx-config-reload")
        (triggers reloaded.old != triggers reloaded.new)
      ];
    want = [
      true
      true
    ];
  }
  {
    name = "postgresql_reads_the_path_that_stays";
    got =
      let
        link = reloaded.old.environment.etc."postgresql/server.crt";
      in
      [
        reloaded.old.services.postgresql.settings.ssl_cert_file
        (toString link.source == issued.services.postgresql.settings.ssl_cert_file)
      ];
    want = [
      "/etc/postgresql/server.crt"
      true
    ];
  }
  {
    name = "both_services_wait_for_a_unit_that_decrypts_keys";
    got =
      map (unit: lib.elem "agenix-install-secrets.service" ordered.systemd.services.${unit}.after)
        [
          "nginx"
          "postgresql"
        ];
    want = [
      true
      true
    ];
  }
]
