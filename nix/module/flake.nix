# The flake that a host is evaluated from, as its modules are told of it: `self` or `inputs.self`, as a special argument or in
# `_module.args`. Null where they are not told.
{ special, config }:
let
  module = config._module.args;
in
special.self or special.inputs.self or module.self or module.inputs.self or null
