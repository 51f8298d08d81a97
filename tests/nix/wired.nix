# A cluster whose certificates are given to the services of nixos-services.nix, for the tests of the wiring. Not a test itself.
# The files of the project `cluster` are there to be named, not to be read.
{ lib }:
let
  evaluate = import ./evaluate.nix { inherit lib; };

  fleet.certToolkit = {
    root = ./cluster;
    userAgeKeys = [ "age1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs3290gq" ];
    owningHostKey = "./host.pub";
    kubernetes = {
      enable = true;
      wire = true;
      controlPlaneEndpoint = "api.example.org:6443";
      serviceCIDRs = [
        "10.96.0.0/12"
        "fd00:96::/108"
      ];
      nodes = {
        cp1 = {
          roles = [
            "control-plane"
            "etcd"
          ];
          addresses = [
            "10.0.0.1"
            "fd00::1"
          ];
        };
        cp2 = {
          roles = [
            "control-plane"
            "etcd"
          ];
          addresses = [ "10.0.0.2" ];
        };
        w1 = {
          roles = [ "worker" ];
          addresses = [ "10.0.0.11" ];
        };
      };
    };
  };

  evaluation =
    name: modules:
    evaluate.host name (
      [
        ./nixos-services.nix
        fleet
      ]
      ++ modules
    );
  host = name: modules: (evaluation name modules).config;

  # Further settings of the cluster.
  clusterWith = settings: { certToolkit.kubernetes = settings; };

  # Store paths and opened keys by the name of their file.
  named =
    value:
    let
      text = builtins.unsafeDiscardStringContext (toString value);
      inStore = builtins.match "${builtins.storeDir}/[0-9a-z]{32}-(.*)" text;
      opened = builtins.match "/run/agenix/certtoolkit-(.*)" text;
    in
    if builtins.isAttrs value then
      lib.mapAttrs (_: named) value
    else if builtins.isList value then
      map named value
    else if !builtins.isString value && !builtins.isPath value then
      value
    else if inStore != null then
      "store:${builtins.head inStore}"
    else if opened != null then
      "key:${builtins.head opened}"
    else
      value;

  # The named options among those of a service.
  part = names: service: named (lib.getAttrs names service);

  flagsOf = text: lib.filter (word: word != "") (lib.splitString " " text);
in
{
  inherit
    fleet
    evaluation
    host
    clusterWith
    named
    part
    flagsOf
    ;
}
