# IP addresses and networks as numbers: read in every notation, masked, counted on by one, written as RFC 5952 has it.
# Knows nothing of certificates. builtins have no arithmetic on text, so an address is a list of numbers: four octets, or
# eight groups of 16 bits.
let
  # "10.0.0.128/25" -> { address; length; prefix; }, null if it is no network. Bits of the host may be set.
  parseNetwork =
    text:
    let
      halves = match "([^/]*)/(0|[1-9][0-9]{0,2})" text;
      address = parseAddress (head halves);
      prefix = fromJSON (elemAt halves 1);
      length = bits address;
    in
    if halves == null || address == null || prefix > length then
      null
    else
      { inherit address length prefix; };

  # The address after that of the network itself; null where the network has only one.
  firstAddress =
    network:
    let
      base = masked network;
      last = length base - 1;
    in
    if network.prefix == network.length then
      null
    else
      # The last bit of a masked address is 0, so nothing is carried.
      format (imap (index: number: if index == last then number + 1 else number) base);

  formatNetwork = network: "${format (masked network)}/${toString network.prefix}";

  # The address without the bits of the host.
  masked =
    { address, prefix, ... }:
    let
      width = unit address;
    in
    imap (index: keepBits width (prefix - index * width)) address;

  isAddress = text: parseAddress text != null;

  # One text for all that mean one address.
  canonicalAddress = text: format (parseAddress text);

  # Whether an address, as text, is in a network. An address of the other family is not.
  contains =
    network: text:
    let
      address = parseAddress text;
    in
    address != null
    && length address == length network.address
    && masked (network // { inherit address; }) == masked network;

  # Whether two networks have an address in common: one of them then contains the other.
  overlap =
    a: b:
    let
      wider = if a.prefix < b.prefix then a else b;
      narrower = if a.prefix < b.prefix then b else a;
    in
    contains wider (format narrower.address);

  # 4 or 6.
  family = network: if network.length == 32 then 4 else 6;

  parseAddress = text: if match ".*:.*" text == null then parseIPv4 text else parseIPv6 text;

  parseIPv4 =
    text:
    let
      # A leading zero is octal to some programs and decimal to others.
      octets = match (concatStringsSep "\\." (genList (_: "(0|[1-9][0-9]{0,2})") 4)) text;
      numbers = map fromJSON octets;
    in
    if octets == null || any (octet: octet > 255) numbers then null else numbers;

  # RFC 4291 §2.2: eight groups, "::" once for as many zeros as are missing, the last 32 bits also as an IPv4 address.
  parseIPv6 =
    text:
    let
      sides = filter isString (split "::" text);
      groups = imap (index: groupsOf (index == length sides - 1)) sides;
      known = concatLists groups;
      zeros = genList (_: 0) (8 - length known);
    in
    if length sides > 2 || any (list: list == null) groups then
      null
    else if length sides == 1 then
      if length known == 8 then known else null
    else if length known > 7 then
      null
    else
      head groups ++ zeros ++ elemAt groups 1;

  # One side of "::"; only the right one may end in an IPv4 address.
  groupsOf =
    isEnd: text:
    let
      parts = filter isString (split ":" text);
      final = length parts - 1;
      groups = imap (
        index: part:
        if isEnd && index == final && match ".*\\..*" part != null then tailOf part else groupOf part
      ) parts;
    in
    if text == "" then
      [ ]
    else if any (group: group == null) groups then
      null
    else
      concatLists groups;

  groupOf =
    part:
    if match "[0-9a-fA-F]{1,4}" part == null then
      null
    else
      [ (foldl' (number: digit: number * 16 + hexadecimal.${digit}) 0 (characters part)) ];

  tailOf =
    part:
    let
      octets = parseIPv4 part;
      pair = index: elemAt octets index * 256 + elemAt octets (index + 1);
    in
    if octets == null then
      null
    else
      [
        (pair 0)
        (pair 2)
      ];

  format =
    address:
    if length address == 4 then concatStringsSep "." (map toString address) else formatIPv6 address;

  # RFC 5952 §4: no leading zeros, lower case, the first of the longest runs of two or more zeros as "::". §5: what stands
  # for an IPv4 address is written as one.
  formatIPv6 =
    groups:
    let
      run = longestZeros groups;
      text = from: count: concatStringsSep ":" (map toHex (sublist from count groups));
      afterRun = run.start + run.length;
      octets =
        number:
        let
          high = number / 256;
        in
        "${toString high}.${toString (number - high * 256)}";
    in
    if run.start == 0 && run.length == 5 && elemAt groups 5 == 65535 then
      "::ffff:${octets (elemAt groups 6)}.${octets (elemAt groups 7)}"
    else if run.length < 2 then
      text 0 8
    else
      "${text 0 run.start}::${text afterRun (8 - afterRun)}";

  longestZeros =
    groups:
    let
      step =
        state: number:
        let
          current = if number != 0 then 0 else state.current + 1;
        in
        {
          index = state.index + 1;
          inherit current;
        }
        // (
          if current > state.length then
            {
              start = state.index + 1 - current;
              length = current;
            }
          else
            { inherit (state) start length; }
        );
    in
    foldl' step {
      index = 0;
      current = 0;
      start = 0;
      length = 0;
    } groups;

  toHex =
    number:
    let
      rest = number / 16;
    in
    (if rest == 0 then "" else toHex rest) + substring (number - rest * 16) 1 "0123456789abcdef";

  hexadecimal =
    let
      valuesOf = digits: listToAttrs (imap (value: name: { inherit name value; }) (characters digits));
    in
    valuesOf "0123456789abcdef" // valuesOf "0123456789ABCDEF";

  bits = address: length address * unit address;
  unit = address: if length address == 4 then 8 else 16;

  # Clears all but the first `count` bits of a number that is `width` bits wide.
  keepBits =
    width: count: number:
    let
      block = power (width - clamp 0 width count);
    in
    number / block * block;

  power = exponent: if exponent == 0 then 1 else 2 * power (exponent - 1);
  clamp =
    low: high: number:
    if number < low then
      low
    else if number > high then
      high
    else
      number;
  imap = function: list: genList (index: function index (elemAt list index)) (length list);
  sublist =
    from: count: list:
    genList (index: elemAt list (from + index)) count;
  characters = text: genList (index: substring index 1 text) (stringLength text);

  inherit (builtins)
    any
    concatLists
    concatStringsSep
    elemAt
    filter
    foldl'
    fromJSON
    genList
    head
    isString
    length
    listToAttrs
    match
    split
    stringLength
    substring
    ;
in
{
  inherit
    parseNetwork
    contains
    overlap
    firstAddress
    formatNetwork
    canonicalAddress
    isAddress
    family
    ;
}
