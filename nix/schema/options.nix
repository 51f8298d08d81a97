# The options of `certToolkit`, the values where nobody says anything, and what is wrong with a value of the wrong kind.
{ prelude }:
let
  # Every value that holds when nobody says anything.
  builtinValues =
    let
      either = {
        names = {
          DC = null;
          C = null;
          postalCode = null;
          ST = null;
          L = null;
          street = null;
          O = null;
          OU = null;
          serialNumber = null;
          UID = null;
          emailAddress = null;
        };
        hosts = [ ];
        key = {
          algo = "ecdsa";
          size = 256;
        };
        renewBefore = null;
        owner = "";
        group = "";
        mode = "";
      };
    in
    {
      top = {
        dir = "./secrets/certs";
        userAgeKeys = [ ];
        userAgeIdentity = null;
        userAgeIdentities = [ ];
        owningHostKey = null;
        defaults = { };
        caDefaults = { };
        certDefaults = { };
        cas = { };
        keyPairs = { };
        roles = { };
        allow = { };
      };
      # Nothing is allowed that nobody has said, and nothing lasts long: whoever asks is not the one who declares.
      role = {
        authority = null;
        allowedDomains = [ ];
        allowBareDomains = false;
        allowSubdomains = false;
        allowWildcards = false;
        allowGlobDomains = false;
        allowLocalhost = false;
        allowAnyName = false;
        allowedIpRanges = [ ];
        allowedEmails = [ ];
        allowedUris = [ ];
        allowedCommonNames = [ ];
        requireCommonName = false;
        # The smallest size of each.
        allowedKeys = [
          { algo = "ecdsa"; }
          { algo = "rsa"; }
          { algo = "ed25519"; }
        ];
        usages = [ "server auth" ];
        expiry = "2160h";
        maxExpiry = "8760h";
        renewBefore = null;
      };
      leaf = either // {
        usages = [
          "server auth"
          "client auth"
        ];
        expiry = "8760h";
      };
      authority = either // {
        usages = [
          "cert sign"
          "crl sign"
        ];
        expiry = "87600h";
      };
    };

  # The tree of options: sets of fields, sets and lists of anything. A leaf is a kind of value; null stands everywhere for "not said".
  options =
    let
      text = {
        say = "a string";
        holds = isString;
      };
      texts = {
        say = "a list of strings";
        holds = value: isList value && all isString value;
      };
      number = {
        say = "a whole number, 0 or more";
        holds = value: isInt value && value >= 0;
      };
      flag = {
        say = "true or false";
        holds = isBool;
      };
      textOrTexts = {
        say = "a string or a list of strings";
        holds = value: isString value || texts.holds value;
      };
      keys = {
        say = "a list of public keys (strings, or paths of files that hold them)";
        holds = value: isList value && all isKeySource value;
      };
      keyOrKeys = {
        say = "a public key, the path of a file that holds one, or a list of these";
        holds = value: isKeySource value || keys.holds value;
      };
      textByName = {
        say = "a set of strings";
        isSet = true;
        holds = value: isAttrs value && all isString (attrValues value);
      };
      # A null in it is said.
      textOrNullByName = {
        say = "a set of strings, or null for none";
        isSet = true;
        holds = value: isAttrs value && all (part: part == null || isString part) (attrValues value);
      };
      isKeySource = value: isString value || isPath value;
      record = fields: { inherit fields; };
      mapOf = element: { inherit element; };
      listOf = member: { inherit member; };

      key = record {
        algo = text;
        size = number;
      };
      inheritable = {
        inherit key;
        expiry = text;
        renewBefore = text;
        names = record (mapAttrs (_: _: textOrTexts) builtinValues.leaf.names);
        hosts = texts;
        usages = texts;
        owner = text;
        group = text;
        mode = text;
      };
      certificate = inheritable // {
        commonName = text;
        allow = textByName;
      };
      leaf = certificate // {
        onHost = flag;
        component = text;
        kubeconfig = record {
          enable = flag;
          server = text;
          clusterName = text;
        };
      };
      subtrees = record {
        dns = texts;
        ip = texts;
        email = texts;
      };
    in
    {
      top = record {
        dir = text;
        userAgeKeys = keys;
        userAgeIdentity = text;
        userAgeIdentities = texts;
        owningHostKey = keyOrKeys;
        defaults = record inheritable;
        caDefaults = record inheritable;
        certDefaults = record inheritable;
        cas = mapOf (record {
          ca = record (
            certificate
            // {
              pathLength = number;
              keyOnHost = flag;
              keyOffline = flag;
              nameConstraints = record {
                permitted = subtrees;
                excluded = subtrees;
              };
            }
          );
          issuer = text;
          userAgeKeys = keys;
          crlUrls = texts;
          crlExpiry = text;
          issuerUrls = texts;
          certDefaults = record inheritable;
          certs = mapOf (record leaf);
        });
        keyPairs = mapOf (record {
          inherit (inheritable)
            key
            owner
            group
            mode
            ;
          userAgeKeys = keys;
          verificationKeys = texts;
          allow = textByName;
        });
        roles = mapOf (record {
          authority = text;
          allowedDomains = texts;
          allowBareDomains = flag;
          allowSubdomains = flag;
          allowWildcards = flag;
          allowGlobDomains = flag;
          allowLocalhost = flag;
          allowAnyName = flag;
          allowedIpRanges = texts;
          allowedEmails = texts;
          allowedUris = texts;
          allowedCommonNames = texts;
          requireCommonName = flag;
          allowedKeys = listOf key;
          maxExpiry = text;
          inherit (inheritable)
            key
            names
            usages
            expiry
            renewBefore
            ;
          allow = textByName;
        });
        kubernetes = record {
          enable = flag;
          wire = flag;
          reload = texts;
          cluster = text;
          nodes = mapOf (record {
            roles = texts;
            addresses = texts;
            nodeName = text;
          });
          roles = texts;
          nodeName = text;
          nodeIPs = texts;
          authorities = record {
            cluster = text;
            etcd = text;
            frontProxy = text;
          };
          serviceAccount = text;
          serviceCIDRs = texts;
          clusterDomain = text;
          controlPlaneEndpoint = text;
          extraSANs = texts;
          adminUsers = texts;
          superAdmin = flag;
          splitKubelet = flag;
          clusterSigning = flag;
          extraComponents = texts;
          certificateNames = textOrNullByName;
        };
        allow = textByName;
      };
    };

  # Options that nix/module.nix reads and that say nothing about certificates.
  moduleOnly = [
    "root"
    "hostName"
    "ageIntegration"
    "expiry"
    "monitoring"
    "trust"
  ];

  # What of `value` is an option: without the values the module derives, and without faulty ones.
  declared = clean options.top;

  clean =
    option: value:
    if option ? holds then
      if value != null && option.holds value then value else null
    else if option ? member then
      if isListOfSets value then map (clean option.member) value else null
    else if !(isAttrs value) then
      null
    else if option ? element then
      mapAttrs (_: clean option.element) value
    else
      mapAttrs (name: clean option.fields.${name}) (intersectAttrs option.fields value);

  # The faults of a whole certToolkit value.
  optionFaults =
    fault: raw:
    typeFaults fault [ ] options.top (if isAttrs raw then removeAttrs raw moduleOnly else raw);

  typeFaults =
    fault: path: option: value:
    let
      wrong = say: cure: [
        (fault "option-type" path "${optionName path} must be ${say}, but it is ${given}. ${cure}")
      ];
      given = if isAttrs value && option ? isSet then "a set with other things in it" else describe value;
      unknown = attrNames (removeAttrs value (attrNames option.fields));
      below = child: name: typeFaults fault (path ++ [ name ]) child value.${name};
    in
    if value == null then
      [ ]
    else if option ? holds then
      if option.holds value then [ ] else wrong option.say "Correct its value, or remove it."
    else if option ? member then
      if isListOfSets value then
        concatMap (typeFaults fault path option.member) value
      else
        wrong "a list of sets" "Write ${optionName path} = [ { … } ];."
    else if !(isAttrs value) then
      wrong "a set of options" "Write ${optionName path} = { … };."
    else if option ? element then
      concatMap (below option.element) (attrNames value)
    else
      map (
        name:
        fault "option-unknown" (path ++ [ name ]) (
          "There is no option ${optionName (path ++ [ name ])}."
          + " Options there are: ${concatStringsSep ", " (attrNames option.fields)}."
        )
      ) unknown
      ++ concatMap (name: below option.fields.${name} name) (
        attrNames (intersectAttrs option.fields value)
      );

  isListOfSets = value: isList value && all isAttrs value;

  optionName = path: concatStringsSep "." ([ "certToolkit" ] ++ map attributeName path);

  # As it is written in Nix: with quotes where the name needs them.
  attributeName =
    name: if match "[A-Za-z_][A-Za-z0-9_'-]*" name != null then name else quote (shorten 60 name);

  # Without the text of a string, which may be a secret in the wrong place.
  describe =
    value:
    {
      set = "a set";
      list = "a list with other things in it";
      string = "a string";
      int = toString value;
      float = toString value;
      bool = "true or false";
      path = "a path";
      lambda = "a function";
    }
    .${typeOf value} or (typeOf value);

  inherit (builtins)
    all
    attrNames
    attrValues
    concatMap
    concatStringsSep
    intersectAttrs
    isAttrs
    isBool
    isInt
    isList
    isString
    mapAttrs
    match
    removeAttrs
    typeOf
    ;
  inherit (prelude) isPath quote shorten;
in
{
  inherit
    builtinValues
    options
    clean
    declared
    moduleOnly
    optionFaults
    typeFaults
    optionName
    attributeName
    describe
    ;
}
