# The options explain themselves, and docs/options.md is what they say.
{ lib }:
let
  evaluated = lib.evalModules { modules = [ ../../nix/module.nix ]; };
  options = builtins.filter (option: option.visible && !option.internal) (
    lib.optionAttrSetToDocList evaluated.options.certToolkit
  );
  namesWhere = lacks: map (option: option.name) (builtins.filter lacks options);
in
[
  {
    name = "every_option_has_a_description_that_is_a_sentence";
    got = namesWhere (
      option: !(option ? description) || builtins.match "[A-Z`].*[.].*" (lib.replaceStrings [ "\n" ] [ " " ] option.description) == null
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
]
