# Plain data files that must be refused, and what must be said: { <name> = { value; says; }; }. Needs no lib.
let
  schema = import ../../nix/schema.nix;
in
{
  a_file_without_hosts_is_refused = {
    value = schema.fromFile ./files/no-hosts.nix;
    says = "no-hosts.nix must be a set { hosts.<name> = …; }, one entry for each host.";
  };
  a_source_that_is_no_declaration_is_refused = {
    value = schema.fromFile ./files/number.nix;
    says = "hosts.cp1 is 7; it must be a certToolkit value, a module, a path or a list of these.";
  };
  a_module_that_needs_more_is_refused = {
    value = schema.fromFile ./files/needs-inputs.nix;
    says = "The module of hosts.cp1 asks for inputs, which a plain file cannot give.";
  };
  a_module_that_uses_lib_is_refused = {
    value = schema.fromFile ./files/uses-lib.nix;
    says = "The module of hosts.cp1 uses lib, which a plain file cannot give.";
  };
  a_module_that_imports_is_refused = {
    value = schema.fromFile ./files/imports.nix;
    says = "The module of hosts.cp1 imports others, which a plain file cannot do. List them instead: hosts.cp1 = [ ./one.nix ./other.nix ];.";
  };
}
