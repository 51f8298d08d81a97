{
  hosts.cp1 =
    { config, inputs, ... }:
    {
      certToolkit = { };
    };
}
