# What is wrong with certToolkit.kubernetes: faults that leave nothing to declare, or declare it twice. Whether an identity
# would work is for the program's lints.
{
  prelude,
  options,
  addresses,
  kubernetesComponents,
}:
let
  settingFaults =
    fault: settings:
    roleFaults fault settings
    ++ nodeAddressFaults fault settings
    ++ serviceAddressFaults fault settings
    ++ concatMap (serviceNetworkFaults fault) settings.serviceCIDRs
    ++ serviceFamilyFaults fault settings.serviceCIDRs
    ++ endpointFaults fault settings.controlPlaneEndpoint
    ++ adminFaults fault settings.adminUsers
    ++ nameFaults fault settings.certificateNames
    ++ extraFaults fault settings.extraComponents;

  roleFaults =
    fault: settings:
    let
      inherit (settings) host;
    in
    (
      if settings.roles == ofNodeOr [ ] settings then
        [ ]
      else
        unknownRoles fault [ "roles" ] settings.roles
    )
    ++ (
      if settings.roles != [ ] then
        [ ]
      else
        [
          (fault "node-without-role" [ "kubernetes" "roles" ] (
            "The host ${quote host} has no role in the cluster ${quote settings.cluster}, although certToolkit.kubernetes.enable"
            + " is true there. Add it to kubernetes.nodes (nodes.${attributeName host} = { roles = [ \"worker\" ]; addresses = [ … ]; };),"
            + " set kubernetes.roles on it, or set kubernetes.enable = false."
          ))
        ]
    );

  # Of the table itself, whichever hosts have it.
  nodeRoleFaults =
    fault: nodes:
    concatMap (
      name:
      unknownRoles fault [ "nodes" name "roles" ] (orElse [ ] ((orElse { } nodes.${name}).roles or null))
    ) (attrNames nodes);

  unknownRoles =
    fault: option: list:
    map (
      role:
      fault "role-unknown" ([ "kubernetes" ] ++ option) (
        "${
          optionName ([ "kubernetes" ] ++ option)
        } has the role ${quote (shorten 60 role)}, which does not exist."
        + " The roles are ${listed roles}; a control plane that also runs pods has \"worker\" too."
      )
    ) (filter (role: !(elem role roles)) list);

  ofNodeOr =
    default: settings:
    orElse default ((orElse { } (settings.nodes.${settings.host} or null)).roles or null);

  nodeAddressFaults =
    fault: settings:
    (
      if settings.nodeIPs != [ ] || settings.roles == [ ] then
        [ ]
      else
        [
          (fault "node-without-address" [ "kubernetes" "nodeIPs" ] (
            "The host ${quote settings.host} has no address in the cluster ${quote settings.cluster}, so nobody could verify its"
            + " servers by one. Set kubernetes.nodes.${attributeName settings.host}.addresses or, on this host,"
            + " kubernetes.nodeIPs: the addresses by which the other nodes reach it."
          ))
        ]
    )
    ++ map (
      address:
      fault "node-address-invalid" [ "kubernetes" "nodeIPs" ] (
        "The address ${quote (shorten 60 address)} of the host ${quote settings.host} is no IP address."
        + " Write one such as \"192.0.2.1\" or \"fd00::1\", without prefix, port or zone; names belong into extraSANs."
      )
    ) (filter (address: !(isAddress address)) settings.nodeIPs);

  # An address of the service network is rewritten to that of a service on every node: whoever asks for the node would
  # reach the service, and its first address is the API server itself.
  serviceAddressFaults =
    fault: settings:
    let
      inherit (settings) host;
      ofTable = orElse [ ] ((orElse { } (settings.nodes.${host} or null)).addresses or null);
      inServices =
        address:
        filter (cidr: contains (parseNetwork cidr) address) (
          filter (cidr: parseNetwork cidr != null) settings.serviceCIDRs
        );
      say =
        option: what: address:
        map (
          cidr:
          fault "address-in-service-network" ([ "kubernetes" ] ++ option) (
            "The ${what address} is inside the service network ${quote cidr}, whose addresses every node rewrites to those of"
            + " services, so nothing could reach it. Give it an address outside, or set kubernetes.serviceCIDRs to a network that"
            + " nothing else uses."
          )
        ) (inServices address);
      nodes =
        map (address: {
          inherit address;
          option =
            if elem address ofTable then
              [
                "nodes"
                host
                "addresses"
              ]
            else
              [ "nodeIPs" ];
        }) settings.nodeIPs;
      endpoint = endpointHost settings.controlPlaneEndpoint;
    in
    concatMap (node: say node.option (address: "address ${quote address} of the host ${quote host}") node.address) nodes
    ++ (
      if endpoint == null then
        [ ]
      else
        say [ "controlPlaneEndpoint" ] (
          address: "endpoint ${quote address} of the cluster ${quote settings.cluster}"
        ) endpoint
    );

  serviceNetworkFaults =
    fault: cidr:
    let
      network = parseNetwork cidr;
      say = code: message: [
        (fault code [
          "kubernetes"
          "serviceCIDRs"
        ] "The service network ${quote (shorten 60 cidr)} ${message}")
      ];
    in
    if network == null then
      say "service-network-invalid" (
        "is no network in CIDR notation."
        + " Write the value of the API server's --service-cluster-ip-range, such as \"10.96.0.0/12\" or \"fd00:10:96::/108\"."
      )
    else if network.length - network.prefix < 3 then
      say "service-network-small" (
        "has fewer than 8 addresses, which kube-apiserver refuses."
        + " Use a prefix of /${toString (network.length - 3)} or shorter, for example /${toString (network.length - 20)}."
      )
    else
      [ ];

  serviceFamilyFaults =
    fault: cidrs:
    let
      families = map family (networksOf cidrs);
      say = message: [ (fault "service-networks" [ "kubernetes" "serviceCIDRs" ] message) ];
    in
    if cidrs == [ ] then
      say (
        "certToolkit.kubernetes.serviceCIDRs is empty, so the API server's certificate would lack the address of the service"
        + " \"kubernetes\". Write the value of its --service-cluster-ip-range, such as [ \"10.96.0.0/12\" ]."
      )
    else if length families != length (unique families) then
      say (
        "certToolkit.kubernetes.serviceCIDRs has two networks of one family; kube-apiserver takes at most one of IPv4"
        + " and one of IPv6. Keep one of each."
      )
    else
      [ ];

  endpointFaults =
    fault: endpoint:
    if endpoint == null || endpointHost endpoint != null then
      [ ]
    else
      [
        (fault "endpoint-invalid" [ "kubernetes" "controlPlaneEndpoint" ] (
          "certToolkit.kubernetes.controlPlaneEndpoint is ${quote (shorten 60 endpoint)}, which is no host with or without a port."
          + " Write it without https://, such as \"api.example.org:6443\", \"192.0.2.10:6443\" or \"[fd00::10]:6443\"."
        ))
      ];

  # The user of a certificate that people carry. What begins with `system:` is Kubernetes' own, and has its rights.
  adminFaults =
    fault: users:
    map
      (
        user:
        fault "admin-user-invalid" [ "kubernetes" "adminUsers" ] (
          if match "[[:space:]]*" user != null then
            "certToolkit.kubernetes.adminUsers has an empty name, which kube-apiserver takes for no user. Write the name of a person,"
            + " such as \"alice\", or remove it."
          else
            "certToolkit.kubernetes.adminUsers has ${quote (shorten 60 user)}, and names that begin with \"system:\" belong to"
            + " Kubernetes: whoever has the certificate would be that component. Write the name of a person, such as \"alice\"."
        )
      )
      (filter (user: match "[[:space:]]*" user != null || match "system:.*" user != null) users);

  nameFaults =
    fault: names:
    map (
      id:
      fault "component-unknown" [ "kubernetes" "certificateNames" id ] (
        "certToolkit.kubernetes.certificateNames names the component ${quote (shorten 60 id)}, which does not exist."
        + " The components are ${listed componentIds}."
      )
    ) (filter (id: !(elem id componentIds)) (attrNames names));

  extraFaults =
    fault: ids:
    map (
      id:
      fault "component-unknown" [ "kubernetes" "extraComponents" ] (
        if elem id componentIds then
          "certToolkit.kubernetes.extraComponents has ${quote id}, which belongs to a role and needs not be asked for."
          + " Remove it, and give the host the role."
        else
          "certToolkit.kubernetes.extraComponents has ${quote (shorten 60 id)}, which does not exist."
          + " What can be asked for is ${listed extraIds}."
      )
    ) (filter (id: !(elem id extraIds)) ids);

  # One certificate cannot be two: its subject and usages would be those of either.
  clashes =
    fault: placed:
    map
      (
        list:
        fault "component-name-clash" [ "kubernetes" "certificateNames" ] (
          "The components ${listed (map (certificate: certificate.id) list)} would share the certificate"
          + " cas.${attributeName (head list).authority}.certs.${attributeName (head list).name}."
          + " Give each its own name in kubernetes.certificateNames, or null to those that need none."
        )
      )
      (
        filter (list: length list > 1) (
          attrValues (groupBy (certificate: "${certificate.authority}/${certificate.name}") placed)
        )
      );

  # For certs.<name>.component, which people set by hand.
  componentFaults =
    fault: cas:
    let
      inCertificate =
        ca: name: certificate:
        let
          id = (orElse { } certificate).component or null;
        in
        if id == null || elem id componentIds then
          [ ]
        else
          [
            (fault "component-unknown" [ "cas" ca "certs" name "component" ] (
              "${
                optionName [
                  "cas"
                  ca
                  "certs"
                  name
                  "component"
                ]
              } is ${quote (shorten 60 id)}, which does not exist."
              + " The components are ${listed componentIds}."
            ))
          ];
    in
    concatMapAttrsToList (
      ca: cfg: concatMapAttrsToList (inCertificate ca) (orElse { } (cfg.certs or null))
    ) cas;

  listed = list: concatStringsSep ", " (map quote list);

  inherit (builtins)
    attrNames
    attrValues
    concatMap
    concatStringsSep
    elem
    filter
    groupBy
    head
    length
    match
    ;
  inherit (prelude)
    concatMapAttrsToList
    orElse
    quote
    shorten
    unique
    ;
  inherit (options) attributeName optionName;
  inherit (addresses)
    contains
    family
    isAddress
    parseNetwork
    ;
  inherit (kubernetesComponents)
    componentIds
    endpointHost
    extraIds
    networksOf
    roles
    ;
in
{
  inherit
    settingFaults
    nodeRoleFaults
    clashes
    componentFaults
    ;
}
