# The options explain themselves, and docs/options.md is what they say.
{ lib }:
let
  evaluated = lib.evalModules { modules = [ ../../nix/module.nix ]; };
  options = builtins.filter (option: option.visible && !option.internal) (
    lib.optionAttrSetToDocList evaluated.options.certToolkit
  );
  schema = import ../../nix/schema.nix;

  # The options that hold values, not further options.
  settable =
    let
      names = map (option: lib.removePrefix "certToolkit." option.name) (
        builtins.filter (option: !option.readOnly) options
      );
    in
    builtins.filter (name: !lib.any (lib.hasPrefix "${name}.") names) names;

  # The same of the schema's own table.
  leaves =
    path: option:
    if option ? holds then
      [ (lib.concatStringsSep "." path) ]
    else if option ? element then
      leaves (path ++ [ "<name>" ]) option.element
    else if option ? member then
      leaves (path ++ [ "*" ]) option.member
    else
      lib.concatLists (lib.mapAttrsToList (name: leaves (path ++ [ name ])) option.fields);

  namesWhere = lacks: map (option: option.name) (builtins.filter lacks options);

  # What the schema passes over, it passes over as a whole.
  groupOfModule =
    option:
    let
      group = lib.head (lib.splitString "." option);
    in
    if lib.elem group schema.moduleOnly then group else option;
in
[
  {
    name = "every_option_has_a_description_that_is_a_sentence";
    got = namesWhere (
      option:
      !(option ? description)
      || builtins.match "[A-Z`].*[.].*" (lib.replaceStrings [ "\n" ] [ " " ] option.description) == null
    );
    want = [ ];
  }
  {
    name = "every_option_has_a_default";
    got = namesWhere (option: !(option ? default));
    want = [ ];
  }
  {
    name = "every_option_one_can_set_has_an_example";
    got = namesWhere (option: !option.readOnly && !(option ? example));
    want = [ ];
  }
  {
    name = "docs_options_md_is_current";
    got = import ../../nix/option-docs.nix { inherit lib; };
    want = builtins.readFile ../../docs/options.md;
  }
  {
    name = "the_schema_knows_the_options_that_the_module_has";
    got = lib.naturalSort (leaves [ ] schema.options.top ++ schema.moduleOnly);
    want = lib.naturalSort (lib.unique (map groupOfModule settable));
  }
]
