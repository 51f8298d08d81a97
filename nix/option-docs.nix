# docs/options.md, from the options themselves: `import ./option-docs.nix { lib = …; }` is the text.
# Needs nothing but a nixpkgs lib, so it can be made and compared anywhere.
{ lib }:
let
  evaluated = lib.evalModules { modules = [ ./module.nix ]; };

  shown = lib.filter (option: option.visible && !option.internal && !(repeats option.loc)) (
    lib.optionAttrSetToDocList evaluated.options.certToolkit
  );

  # These levels have the same options; they are described once, under `defaults`.
  sameAsDefaults = [
    "certToolkit.caDefaults"
    "certToolkit.certDefaults"
    "certToolkit.cas.<ca>.certDefaults"
  ];

  repeats = loc: lib.any (level: lib.hasPrefix "${level}." (optionName loc)) sameAsDefaults;

  # What an attribute below each of these is called.
  elements = {
    cas = "<ca>";
    certs = "<cert>";
    keyPairs = "<keyPair>";
    nodes = "<host>";
    roles = "<role>";
  };

  optionName =
    loc:
    lib.concatStringsSep "." (
      lib.zipListsWith (before: part: if part == "<name>" then elements.${before} else part) (
        [ "" ] ++ loc
      ) loc
    );

  section =
    option:
    let
      name = optionName option.loc;
      facts = [
        "Type: ${option.type}${lib.optionalString option.readOnly " (read only)"}"
      ]
      ++ lib.optional (option ? default) "Default:${value option.default}"
      ++ lib.optional (option ? example) "Example:${value option.example}";
    in
    lib.concatStringsSep "\n\n" [
      "## `${name}`"
      (
        lib.trim option.description
        + lib.optionalString (lib.elem name sameAsDefaults) " It has the options of `certToolkit.defaults`."
      )
      (lib.concatStringsSep "  \n" facts)
    ];

  value =
    { _type, text }:
    if _type == "literalMD" then
      " ${text}"
    else if lib.hasInfix "\n" (lib.trim text) then
      "\n\n```nix\n${lib.trim text}\n```"
    else
      " `${lib.trim text}`";
in
''
  # Options of `certToolkit`

  Generated from `nix/module.nix`; do not edit. An option that is not set takes its default, which for most is the value
  one level up: `defaults`, then `caDefaults` or `certDefaults`, then `cas.<ca>.certDefaults`, then the certificate.
  `names` is inherited attribute by attribute; `hosts`, `usages` and `key` are inherited and replaced as a whole.
''
+ lib.concatMapStrings (option: "\n${section option}\n") shown
