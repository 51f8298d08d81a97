# Keys that their readers may not read, where services are given them by hand.
{ lib }:
let
  evaluate = import ./evaluate.nix { inherit lib; };
  inherit (lib) mkOption types;

  # What else of NixOS is looked at.
  users.options.users = lib.genAttrs [ "users" "groups" ] (
    _:
    mkOption {
      default = { };
      type = types.attrsOf (
        types.submodule (
          { name, ... }:
          {
            options = {
              name = mkOption { default = name; };
              uid = mkOption { default = null; };
              group = mkOption { default = "nogroup"; };
            };
          }
        )
      );
    }
  );

  declared =
    { config, ... }:
    {
      users.users = {
        root.uid = 0;
        kubernetes.uid = 158;
      };
      users.groups.nogroup = { };
      certToolkit = {
        root = ./project;
        userAgeKeys = [ "age1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs3290gq" ];
        owningHostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGvhuwlHGWtNMpG3zYIGdi6uBXaMDXVFWgiUW0CDsHKD";
        cas.cluster.certs = {
          apiserver = { };
          scheduler = { };
        };
      };
    };

  on =
    modules:
    (evaluate.host "cp1" (
      [
        ./nixos-services.nix
        users
        declared
      ]
      ++ modules
    )).config.warnings;

  keyOf = config: name: config.certToolkit.cas.cluster.certs.${name}.keyPath;

  # As in a project that came from K8Nix.
  byHand =
    { config, ... }:
    {
      services.kubernetes.apiserver = {
        enable = true;
        tlsKeyFile = keyOf config "apiserver";
        serviceAccountKeyFile = /sa.pub;
        serviceAccountSigningKeyFile = /sa.key;
      };
      services.kubernetes.scheduler = {
        enable = true;
        kubeconfig.keyFile = keyOf config "scheduler";
      };
      systemd.services.kube-apiserver.serviceConfig.User = "kubernetes";
      systemd.services.kube-scheduler.serviceConfig.User = "kubernetes";
    };

  owned =
    owner: names:
    { ... }:
    {
      certToolkit.cas.cluster.certs = lib.genAttrs names (_: {
        inherit owner;
      });
    };

  unit =
    name: settings:
    { config, ... }:
    {
      systemd.services.${name} = settings (keyOf config "apiserver");
    };

  cannotRead =
    units: user: owner: cure:
    "certToolkit: ${units} on cp1 ${
      if lib.hasInfix " and " units then "run" else "runs"
    } as ${user}, but the key of certToolkit.cas.cluster.certs.apiserver belongs to ${owner}, so ${
      if lib.hasInfix " and " units then "they" else "it"
    } cannot read it. ${cure}";
  setOwner = user: "Set certToolkit.cas.cluster.certs.apiserver.owner = \"${user}\".";

  test = name: got: want: { inherit name got want; };
in
[
  (test "services_that_are_given_keys_by_hand_may_not_read_them" (on [ byHand ]) [
    (cannotRead "kube-apiserver.service" "kubernetes" "root" (setOwner "kubernetes"))
    (lib.replaceStrings [ "certs.apiserver" ] [ "certs.scheduler" ] (
      cannotRead "kube-scheduler.service" "kubernetes" "root" (setOwner "kubernetes")
    ))
  ])
  (test "they_may_once_they_own_them" (on [
    byHand
    (owned "kubernetes" [
      "apiserver"
      "scheduler"
    ])
  ]) [ ])
  (test "or_are_their_owner_by_number" (on [
    byHand
    (owned "158" [
      "apiserver"
      "scheduler"
    ])
  ]) [ ])
  (test "what_agenix_is_told_counts" (on [
    byHand
    {
      age.secrets."certtoolkit-derived-cp1-cluster-apiserver".owner = lib.mkForce "kubernetes";
      age.secrets."certtoolkit-derived-cp1-cluster-scheduler".mode = lib.mkForce "0444";
    }
  ]) [ ])
  (test "a_key_on_a_command_line_is_read" (on [
    (unit "web" (key: {
      serviceConfig = {
        User = "root";
        ExecStart = "/bin/web --key=${key}";
      };
    }))
    (unit "api" (key: {
      serviceConfig = {
        User = "kubernetes";
        ExecStart = [
          ""
          "/bin/api --key ${key},tls"
        ];
      };
    }))
    (unit "log" (key: {
      serviceConfig.User = "kubernetes";
      environment.KEY = key;
    }))
  ]) [ (cannotRead "api.service and log.service" "kubernetes" "root" (setOwner "kubernetes")) ])
  (test "what_systemd_reads_itself_is_read_by_root" (on [
    (unit "api" (key: {
      serviceConfig = {
        User = "kubernetes";
        ExecStart = "+/bin/api ${key}";
        LoadCredential = "key:${key}";
      };
    }))
  ]) [ ])
  # `apiserver` begins the name of another key.
  (test "a_longer_name_is_another_key" (on [
    { certToolkit.cas.cluster.certs.apiserver-2.owner = "kubernetes"; }
    (unit "api" (key: {
      serviceConfig = {
        User = "kubernetes";
        ExecStart = "/bin/api ${key}-2";
      };
    }))
  ]) [ ])
  (test "two_users_share_a_key_through_a_group" (on [
    { users.users.nginx = { }; }
    (owned "nginx" [ "apiserver" ])
    (unit "web" (key: {
      serviceConfig = {
        User = "nginx";
        ExecStart = "/bin/web ${key}";
      };
    }))
    (unit "api" (key: {
      serviceConfig = {
        User = "kubernetes";
        ExecStart = "/bin/api ${key}";
      };
    }))
  ]) [
    (cannotRead "api.service" "kubernetes" "nginx" "Set certToolkit.cas.cluster.certs.apiserver.group to a group of kubernetes and nginx, and its mode to \"0440\".")
  ])
  (test "a_user_made_by_systemd_is_handed_a_credential" (on [
    (unit "api" (key: {
      serviceConfig = {
        DynamicUser = true;
        ExecStart = "/bin/api ${key}";
      };
    }))
  ]) [
    (cannotRead "api.service" "a user of its own (DynamicUser)" "root" "Set systemd.services.api.serviceConfig.LoadCredential = \"key:/run/agenix/certtoolkit-derived-cp1-cluster-apiserver\", and let the program read \"\${CREDENTIALS_DIRECTORY}/key\".")
  ])
  (test "an_owner_that_is_not_a_user_is_noticed" (on [
    (owned "kubernets" [
      "apiserver"
      "scheduler"
    ])
    { certToolkit.cas.cluster.certs.apiserver.group = "wheeel"; }
  ]) [
    "certToolkit: there is no user \"kubernets\" on cp1, so agenix cannot give it the key of certToolkit.cas.cluster.certs.apiserver, certToolkit.cas.cluster.certs.scheduler. Declare users.users.kubernets, or correct owner."
    "certToolkit: there is no group \"wheeel\" on cp1, so agenix cannot give it the key of certToolkit.cas.cluster.certs.apiserver. Declare users.groups.wheeel, or correct group."
  ])
  (test "who_opens_keys_without_agenix_decides_whose_they_are" (on [
    byHand
    { certToolkit.ageIntegration = false; }
  ]) [ ])
]
