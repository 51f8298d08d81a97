# Kubernetes: what a host needs by its roles in a cluster, as declarations that stand under what a person writes. What the
# components are is in kubernetes-components.nix.
{
  prelude,
  addresses,
  kubernetesComponents,
  kubernetesFaults,
  kubernetesNodes,
}:
let
  # host: its name; null for a value that only declares authorities, which has no part in a cluster
  # raw:  the value of certToolkit.kubernetes
  # table: its nodes, where they are read already
  # -> { cas; keyPairs; certificates = { <component> = { authority; name; }; }; membership; adminHost; faults; }
  preset =
    {
      host,
      raw,
      table ? readTable (raw.nodes or null),
    }:
    let
      given = orElse { } raw;
      settings = settingsOf host (given // { inherit (table) nodes; });
      placed = placedCertificates table.firstControlPlane settings;
    in
    if host == null || given.enable or null != true then
      {
        cas = { };
        keyPairs = { };
        certificates = { };
        membership = null;
        adminHost = null;
        faults = _: [ ];
      }
    else
      {
        cas = authoritiesWith settings placed;
        keyPairs =
          if elem "control-plane" settings.roles then
            { ${settings.serviceAccount}.owner = "kubernetes"; }
          else
            { };
        certificates = listToAttrs (
          map (certificate: {
            name = certificate.id;
            value = { inherit (certificate) authority name; };
          }) placed
        );
        membership = membershipOf settings;
        adminHost = if settings.adminUsers != [ ] || settings.superAdmin then table.firstControlPlane else null;
        faults =
          fault: settingFaults fault settings ++ table.roleFaults fault ++ clashes fault placed;
      };

  # --- Settings -----------------------------------------------------------------------------------------------------

  # Every option of certToolkit.kubernetes with its value for this host: what is said, or what follows from the rest.
  settingsOf =
    host: given:
    let
      said = filterAttrs (_: value: value != null) given;
      node = orElse { } ((orElse { } (said.nodes or null)).${orElse "" host} or null);
      # Another cluster of the same fleet has authorities and keys of its own.
      ofCluster = name: if settings.cluster == "kubernetes" then name else "${settings.cluster}-${name}";
      settings = {
        inherit host;
        enable = false;
        wire = false;
        cluster = "kubernetes";
        nodes = { };
        roles = orElse [ ] (node.roles or null);
        nodeName = orElse host (node.nodeName or null);
        nodeIPs = orElse [ ] (node.addresses or null);
        serviceAccount = ofCluster "service-account";
        serviceCIDRs = [ "10.96.0.0/12" ];
        clusterDomain = "cluster.local";
        controlPlaneEndpoint = null;
        extraSANs = [ ];
        adminUsers = [ ];
        superAdmin = true;
        splitKubelet = false;
        clusterSigning = false;
        extraComponents = [ ];
        certificateNames = { };
      }
      // said
      // {
        authorities = {
          inherit (settings) cluster;
          etcd = ofCluster "etcd";
          frontProxy = ofCluster "front-proxy";
        }
        // filterAttrs (_: name: name != null) (orElse { } (said.authorities or null));
      };
    in
    settings;

  signingAuthority =
    settings: if settings.clusterSigning then "${settings.authorities.cluster}-signing" else null;

  # What the program is told of the host's place in its cluster.
  membershipOf = settings: {
    inherit (settings)
      cluster
      nodeName
      clusterDomain
      controlPlaneEndpoint
      serviceAccount
      ;
    roles = filter (role: elem role settings.roles) (sort lessThan roles);
    nodeIPs = filter isAddress settings.nodeIPs;
    serviceCIDRs = map formatNetwork (networksOf settings.serviceCIDRs);
    authorities = settings.authorities // {
      signing = signingAuthority settings;
    };
  };

  # --- Certificates -------------------------------------------------------------------------------------------------

  # The components of this host with the names of their certificates:
  # [ { id; component; authority; name; certificate; } ]
  placedCertificates =
    adminHost: settings:
    let
      all = components settings;
      wanted =
        id:
        let
          component = all.${id};
        in
        (
          if component.role == "admin" then
            isAdminHost adminHost settings && (id != "super-admin" || settings.superAdmin)
          else
            elem component.role settings.roles
        )
        && (!(component ? extra) || elem id settings.extraComponents)
        && (id != "kubelet" || !settings.splitKubelet)
        && (
          !(elem id [
            "kubelet-client"
            "kubelet-server"
          ])
          || settings.splitKubelet
        )
        && nameOf id != null;
      nameOf = id: settings.certificateNames.${id} or id;
      place = id: default: certificate: {
        inherit id;
        component = certificate.component;
        authority = settings.authorities.${all.${certificate.component}.authority};
        name = settings.certificateNames.${certificate.component} or default;
        certificate = removeAttrs certificate [
          "role"
          "authority"
          "extra"
        ];
      };
      instances =
        id:
        if id == "admin" then
          map (
            user:
            place "admin-${user}" "admin-${fileNameOf user}" (
              all.admin
              // {
                component = id;
                commonName = user;
              }
            )
          ) settings.adminUsers
        else
          [ (place id id (all.${id} // { component = id; })) ];
    in
    concatMap instances (filter wanted componentIds);

  # People's credentials lie with the first control plane of the table, so that the cluster has each once.
  isAdminHost =
    adminHost: settings:
    elem "control-plane" settings.roles
    && elem adminHost [
      null
      settings.host
    ];

  # "alice@example.org" -> "alice-example.org"
  fileNameOf = user: concatStringsSep "-" (filter isString (split "[^A-Za-z0-9+._=-]+" user));

  # --- What is declared ---------------------------------------------------------------------------------------------

  authoritiesWith =
    settings: placed:
    let
      is = role: elem role settings.roles;
      inherit (settings) authorities;
      signing = signingAuthority settings;
      # All of them on every host of the cluster: what a person writes of one in a module that all hosts import stands
      # on the same ground everywhere.
      names = unique (map (certificate: certificate.authority) placed ++ attrValues authorities);
    in
    listToAttrs (
      map (name: {
        inherit name;
        value = {
          ca.commonName = "${name}-ca";
          certs = listToAttrs (
            map (certificate: {
              inherit (certificate) name;
              value = certificate.certificate;
            }) (filter (certificate: certificate.authority == name) placed)
          );
        };
      }) names
    )
    // (
      # The controller manager signs with it, so its key is on the hosts; the key of the root never is.
      if signing == null then
        { }
      else
        {
          ${signing} = {
            issuer = authorities.cluster;
            ca = {
              commonName = "${signing}-ca";
              pathLength = 0;
              owner = "kubernetes";
            }
            // (if is "control-plane" then { keyOnHost = true; } else { });
          };
        }
    );

  inherit (builtins)
    attrValues
    concatMap
    concatStringsSep
    elem
    filter
    isString
    lessThan
    listToAttrs
    removeAttrs
    sort
    split
    ;
  inherit (prelude) filterAttrs orElse unique;
  inherit (addresses) formatNetwork isAddress;
  inherit (kubernetesComponents)
    components
    componentIds
    networksOf
    roles
    ;
  inherit (kubernetesFaults) settingFaults clashes;
  inherit (kubernetesNodes) readTable;
in
{
  inherit preset settingsOf signingAuthority;
}
