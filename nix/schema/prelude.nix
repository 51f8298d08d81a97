# What nixpkgs' lib has and builtins have not.
let
  isPath = value: typeOf value == "path";
  orElse = default: value: if value == null then default else value;
  toList = value: if isList value then value else [ value ];
  unique = foldl' (list: value: if elem value list then list else list ++ [ value ]) [ ];
  max = a: b: if a > b then a else b;
  # The lists made of each attribute, one after the other.
  concatMapAttrsToList = f: set: concatLists (attrValues (mapAttrs f set));
  filterAttrs = keep: set: removeAttrs set (filter (name: !(keep name set.${name})) (attrNames set));
  quote = toJSON;
  # What `written` leaves open is taken from `preset`, in sets field by field. A null that is written stays.
  mergeUnder =
    preset: written:
    preset
    // mapAttrs (
      name: value:
      let
        below = preset.${name} or null;
      in
      if !(isAttrs below) then
        value
      else if value == null then
        below
      else
        mergeUnder below value
    ) written;
  shorten = limit: text: if stringLength text <= limit then text else "${substring 0 limit text}…";

  inherit (builtins)
    attrNames
    attrValues
    concatLists
    elem
    filter
    foldl'
    isAttrs
    isList
    mapAttrs
    removeAttrs
    stringLength
    substring
    toJSON
    typeOf
    ;
in
{
  inherit
    isPath
    orElse
    toList
    unique
    max
    concatMapAttrsToList
    filterAttrs
    mergeUnder
    quote
    shorten
    ;
}
