# multiYamlAddons by itself, with stubs for what NixOS has.
{ lib }:
let
  inherit (lib) mkOption types;
  evaluate =
    module:
    (lib.evalModules {
      specialArgs.pkgs = {
        # Stands for the built list.
        runCommand =
          _: _: _:
          ./files/list.json;
        writeText = builtins.toFile;
        linkFarm = _: entries: lib.concatMapStringsSep " " (entry: entry.name) entries;
        jq = null;
        yq-go = null;
      };
      modules = [
        ../../nix/multi-yaml-addons.nix
        module
        {
          options = {
            services.kubernetes.addonManager = {
              enable = mkOption { default = true; };
              addons = mkOption {
                type = types.attrsOf types.attrs;
                default = { };
              };
            };
            services.kubernetes.kubelet.enable = mkOption { default = false; };
            warnings = mkOption { default = [ ]; };
            environment.etc = mkOption {
              default = { };
              type = types.attrsOf (types.submodule { options.source = mkOption { type = types.str; }; });
            };
          };
        }
      ];
    }).config;

  object = kind: metadata: { inherit kind metadata; };
  bundle.services.kubernetes.addonManager = {
    addons.dns = object "Service" { name = "dns"; };
    multiYamlAddons.web.src = ./files/no-hosts.nix;
  };
in
[
  {
    name = "nothing_is_declared_by_default";
    got = (evaluate { }).environment.etc;
    want = { };
  }
  {
    name = "a_bundle_lies_beside_the_other_addons";
    got = (evaluate bundle).environment.etc."kubernetes/addons".source;
    want = "dns.json web-bundle.json/";
  }
  {
    name = "a_bundle_is_not_built_during_evaluation";
    got = lib.attrNames (evaluate bundle).services.kubernetes.addonManager.addons;
    want = [ "dns" ];
  }
  {
    name = "a_bundle_that_nothing_applies_is_warned_of";
    got =
      map
        (
          settings:
          (evaluate {
            services.kubernetes = lib.recursiveUpdate bundle.services.kubernetes settings;
          }).warnings
        )
        [
          { }
          { addonManager.enable = false; }
          # A worker that shares a module with its control planes.
          {
            addonManager.enable = false;
            kubelet.enable = true;
          }
        ];
    want = [
      [ ]
      [
        (
          "services.kubernetes.addonManager.multiYamlAddons has web, but the add-on manager does not run here, so nothing applies them."
          + " Set services.kubernetes.addonManager.enable = true, or remove the bundles."
        )
      ]
      [ ]
    ];
  }
  {
    name = "an_imported_bundle_keeps_namespaces_and_duplicates";
    got =
      let
        config = evaluate {
          services.kubernetes.addonManager.multiYamlAddons.web = {
            src = ./files/list.json;
            importFromDerivation = true;
          };
        };
      in
      {
        addons = lib.mapAttrs (
          _: addon: addon.metadata.labels.copy
        ) config.services.kubernetes.addonManager.addons;
        inherit (config.environment) etc;
      };
    want = {
      addons = {
        Namespace_web = "1";
        Service_one_web = "1";
        Service_two_web = "1";
        Service_two_web_2 = "2";
      };
      etc = { };
    };
  }
]
