# Hosts evaluated without NixOS: `{ <host> = modules; }`, of which only what they declare of certToolkit is of interest. Forty
# times faster than the whole system, because NixOS collects two thousand modules for each host.
#
# What else the modules set is accepted and passed over; what they read of NixOS is not there, except networking.hostName.
{ lib }:
{
  hosts,
  specialArgs,
  pkgs,
}:
let
  evaluate =
    name: modules:
    let
      evaluation = lib.evalModules {
        specialArgs = {
          ageIntegration = false;
        }
        // specialArgs;
        modules = [
          ./module.nix
          (standIn name)
        ]
        ++ lib.toList modules;
      };
    in
    {
      inherit (evaluation) config;
      errors = unread name evaluation;
    };

  standIn = name: {
    _file = "certs (hosts.${name})";
    options.networking.hostName = lib.mkOption {
      type = lib.types.str;
      default = name;
      description = "The name of the host, as NixOS has it.";
    };
    config._module = {
      freeformType = lib.types.lazyAttrsOf lib.types.anything;
      args.pkgs = lib.mkOptionDefault pkgs;
    };
  };

  # What NixOS would say of a node, and nobody says here.
  unread =
    name:
    { config, options, ... }:
    let
      cfg = config.certToolkit.kubernetes;
      isSaid = option: option.highestPrio < (lib.mkOptionDefault null).priority;
      domain = config.networking.domain or null;
      hasName =
        isSaid options.certToolkit.kubernetes.nodeName || (cfg.nodes.${name}.nodeName or null) != null;
      fault = code: field: message: {
        inherit code message;
        option = [
          "kubernetes"
          field
        ];
        hosts = [ name ];
      };
    in
    lib.optionals cfg.enable (
      lib.optional (!isSaid options.certToolkit.kubernetes.serviceCIDRs) (
        fault "service-network-unknown" "serviceCIDRs" (
          "certToolkit.kubernetes.serviceCIDRs is not set, and services.kubernetes.apiserver.serviceClusterIpRange cannot be read without"
          + " NixOS. Set serviceCIDRs to it: [ \"10.0.0.0/24\" ] is what NixOS has where you set nothing."
        )
      )
      ++ lib.optional (domain != null && !hasName) (
        fault "node-name-unknown" "nodeName" (
          "networking.domain is set on ${name}, so its kubelet registers as ${name}.${domain}, which cannot be read without NixOS."
          + " Set certToolkit.kubernetes.nodes.${name}.nodeName to the name of the node."
        )
      )
    );
in
builtins.mapAttrs evaluate hosts
