# Who reads the opened keys of this host: units that run as a user who may not, and owners that are not users here.
# Looks at what the services of NixOS are given, whoever gives it to them; sets nothing.
{
  config,
  lib,
  options,
  ...
}:
let
  inherit (lib)
    attrByPath
    attrNames
    attrValues
    concatMap
    concatStringsSep
    filter
    mapAttrsToList
    optional
    optionals
    unique
    ;

  cfg = config.certToolkit;
  inherit (import ./derived.nix { inherit lib config options; }) secretName withAgenix;

  # Without agenix, whoever opens the keys decides whose they are.
  known = withAgenix && cfg.ageIntegration;

  # Every key that agenix opens here: { option; path; owner; group; mode; }
  keys =
    let
      key = option: secret: {
        inherit option;
        path = secret.keyPath;
        inherit (config.age.secrets.${secretName secret.id}) owner group mode;
      };
      ofAuthority =
        ca: authority:
        optional authority.ca.keyOnHost (key "cas.${ca}.ca" authority.ca)
        ++ mapAttrsToList (name: certificate: key "cas.${ca}.certs.${name}" certificate) (
          lib.filterAttrs (_: certificate: certificate.onHost) authority.certs
        );
    in
    lib.concatLists (mapAttrsToList ofAuthority cfg.cas)
    ++ mapAttrsToList (name: pair: key "keyPairs.${name}" pair) cfg.keyPairs;

  # --- Owners -------------------------------------------------------------------------------------------------------

  isNumber = text: builtins.match "[0-9]+" text != null;

  unknownOwners =
    field: what: declared:
    let
      names = attrNames declared ++ map (entry: entry.name) (attrValues declared);
      unknown = filter (key: !isNumber key.${field} && !(lib.elem key.${field} names)) keys;
    in
    mapAttrsToList (
      name: list:
      "certToolkit: there is no ${what} \"${name}\" on ${cfg.hostName}, so agenix cannot give it the key of ${listed list}."
      + " Declare users.${what}s.${name}, or correct ${field}."
    ) (lib.groupBy (key: key.${field}) unknown);

  listed = list: concatStringsSep ", " (map (key: "certToolkit.${key.option}") list);

  # --- Units --------------------------------------------------------------------------------------------------------

  services = config.services;
  of =
    path: names:
    let
      service = attrByPath path { } services;
    in
    optionals (service.enable or false) (
      filter (file: file != null) (map (name: attrByPath name null service) names)
    );
  kubernetes = component: of [ "kubernetes" component ];

  # What no command line shows, because it is in a file that the unit is given.
  configured = {
    kube-apiserver = kubernetes "apiserver" [
      [ "tlsKeyFile" ]
      [ "kubeletClientKeyFile" ]
      [ "proxyClientKeyFile" ]
      [
        "etcd"
        "keyFile"
      ]
      [ "serviceAccountKeyFile" ]
      [ "serviceAccountSigningKeyFile" ]
    ];
    kube-controller-manager = kubernetes "controllerManager" [
      [ "tlsKeyFile" ]
      [ "serviceAccountKeyFile" ]
      [
        "kubeconfig"
        "keyFile"
      ]
    ];
    kube-scheduler = kubernetes "scheduler" [
      [
        "kubeconfig"
        "keyFile"
      ]
    ];
    kube-addon-manager =
      let
        place = cfg.kubernetes.certificates.addon-manager or null;
      in
      optional (
        cfg.kubernetes.wire && place != null
      ) cfg.cas.${place.authority}.certs.${place.name}.keyPath;
    etcd =
      of
        [ "etcd" ]
        [
          [ "keyFile" ]
          [ "peerKeyFile" ]
        ];
    nginx = optionals (services.nginx.enable or false) (
      filter (file: file != null) (
        map (host: host.sslCertificateKey or null) (attrValues services.nginx.virtualHosts)
      )
    );
    postgresql =
      of
        [ "postgresql" ]
        [
          [
            "settings"
            "ssl_key_file"
          ]
        ];
    nats =
      of
        [ "nats" ]
        [
          [
            "settings"
            "tls"
            "key_file"
          ]
        ];
  };

  # systemd runs these as root, whatever the user of the unit.
  isPrivileged = command: builtins.match "[@:-]*[+!].*" command != null;

  textOf =
    unit:
    let
      commands =
        name:
        filter (command: !isPrivileged command) (
          map toString (lib.toList (unit.serviceConfig.${name} or [ ]))
        );
    in
    concatStringsSep "\n" (
      commands "ExecStart"
      ++ map toString (attrValues (unit.environment or { }))
      ++ [ (unit.script or "") ]
      ++ optional (!(unit.serviceConfig.PermissionsStartOnly or false)) (unit.preStart or "")
    );

  # The name of one key may begin with that of another, so whole words are compared.
  mentioned =
    text:
    let
      anywhere = builtins.replaceStrings paths (map (_: "") paths) text != text;
      words = filter builtins.isString (builtins.split "[^A-Za-z0-9+._=/-]+" text);
      ends = path: lib.any (lib.hasSuffix path) words;
    in
    if anywhere then filter ends paths else [ ];
  paths = map (key: key.path) keys;

  # The user of a unit: null for root, who reads everything.
  userOf =
    unit:
    let
      user = toString (unit.serviceConfig.User or "");
    in
    if user != "" then
      if lib.elem user [
        "root"
        "0"
      ] then
        null
      else
        user
    else if unit.serviceConfig.DynamicUser or false then
      "a user of its own (DynamicUser)"
    else
      null;

  # { unit; user; isDynamic; paths; } of every unit that is not root's.
  readers = concatMap (
    name:
    let
      unit = config.systemd.services.${name};
      user = userOf unit;
    in
    optional (user != null) {
      unit = name;
      inherit user;
      isDynamic = toString (unit.serviceConfig.User or "") == "";
      paths = unique (map toString (configured.${name} or [ ]) ++ mentioned (textOf unit));
    }
  ) (attrNames config.systemd.services);

  mayRead =
    key: user:
    # A group may have anyone in it.
    key.owner == user
    || key.owner == toString (attrByPath [ "users" user "uid" ] "" (config.users or { }))
    || builtins.match "0?[0-7]([4-7][0-7]|[0-7][4-7])" key.mode != null;

  unreadable =
    key:
    let
      all = filter (reader: lib.elem key.path reader.paths) readers;
      shut = filter (reader: !mayRead key reader.user) all;
      users = unique (map (reader: reader.user) all);
      say =
        user: units:
        let
          reader = builtins.head units;
          many = builtins.length units > 1;
          names = concatStringsSep " and " (map (reader: "${reader.unit}.service") units);
          owner =
            if lib.elem key.owner [
              "0"
              "root"
            ] then
              "root"
            else
              key.owner;
        in
        "certToolkit: ${names} on ${cfg.hostName} ${
          if many then "run" else "runs"
        } as ${user}, but the key of certToolkit.${key.option} belongs to ${owner}, so ${
          if many then "they" else "it"
        } cannot read it. "
        + (
          if reader.isDynamic then
            "Set systemd.services.${reader.unit}.serviceConfig.LoadCredential = \"key:${key.path}\", and let the program read \"\${CREDENTIALS_DIRECTORY}/key\"."
          else if builtins.length users > 1 then
            "Set certToolkit.${key.option}.group to a group of ${concatStringsSep " and " users}, and its mode to \"0440\"."
          else
            "Set certToolkit.${key.option}.owner = \"${user}\"."
        );
    in
    mapAttrsToList say (lib.groupBy (reader: reader.user) shut);
in
{
  config = lib.optionalAttrs (options ? warnings) {
    warnings = optionals known (
      lib.optionals (options ? users.users) (
        unknownOwners "owner" "user" config.users.users ++ unknownOwners "group" "group" config.users.groups
      )
      ++ optionals (options ? systemd.services && options ? services) (concatMap unreadable keys)
    );
  };
}
