# `services.kubernetes.addonManager.multiYamlAddons`: YAML bundles with many objects as Kubernetes add-ons.
# K8Nix' option; but every object is kept, and nothing is built during evaluation unless it is asked for.
{
  config,
  lib,
  options,
  pkgs,
  ...
}:
let
  inherit (lib) literalExpression mkOption types;
  cfg = config.services.kubernetes.addonManager;

  bundles = lib.attrValues cfg.multiYamlAddons;
  imported = lib.filter (bundle: bundle.importFromDerivation) bundles;
  copied = lib.filter (bundle: !bundle.importFromDerivation) bundles;

  # Its control planes may have the same module, and apply what is in it.
  isWorker =
    let
      runs = component: lib.attrByPath [ "kubernetes" component "enable" ] false config.services;
    in
    runs "kubelet" && !runs "apiserver";

  # One Kubernetes List. The add-on manager passes over objects without its label.
  asList =
    bundle:
    pkgs.runCommand "${bundle.name}-${bundle.version}.json"
      {
        nativeBuildInputs = [
          pkgs.jq
          pkgs.yq-go
        ];
      }
      ''
        yq eval-all '[.]' --output-format json ${bundle.src} | jq '${listFilter}' > $out
      '';

  listFilter = ''
    {
      apiVersion: "v1",
      kind: "List",
      items: [
        .[]
        | select(. != null and . != {})
        | if .kind == "List" then .items[] else . end
        | .metadata.labels["addonmanager.kubernetes.io/mode"] //= "Reconcile"
      ]
    }
  '';

  # What NixOS puts there, and our lists beside it.
  directory = pkgs.linkFarm "kubernetes-addons" (
    lib.mapAttrsToList (name: object: {
      name = "${name}.json";
      path = pkgs.writeText "${name}.json" (builtins.toJSON object);
    }) cfg.addons
    ++ map (bundle: {
      name = "${bundle.name}-bundle.json";
      path = asList bundle;
    }) copied
  );

  objectsOf = bundle: (lib.importJSON (asList bundle)).items;

  # The namespace is part of an object's identity, and a second object of the same identity is not dropped.
  keyed =
    objects:
    let
      key =
        object:
        lib.concatStringsSep "_" (
          [ object.kind ]
          ++ lib.optional (object.metadata ? namespace) object.metadata.namespace
          ++ [ object.metadata.name ]
        );
      numbered =
        name: same:
        lib.imap1 (number: object: {
          name = if number == 1 then name else "${name}_${toString number}";
          value = object;
        }) same;
    in
    lib.listToAttrs (lib.concatLists (lib.mapAttrsToList numbered (lib.groupBy key objects)));
in
{
  options.services.kubernetes.addonManager.multiYamlAddons = mkOption {
    type = types.attrsOf (
      types.submodule (
        { name, ... }:
        {
          options = {
            name = mkOption {
              type = types.str;
              default = name;
              defaultText = lib.literalMD "the name of the attribute";
              description = "The name of the bundle.";
              example = "cert-manager";
            };
            version = mkOption {
              type = types.str;
              default = "0";
              description = "The version of the bundle; part of the name of its store path.";
              example = "1.19.1";
            };
            src = mkOption {
              type = types.path;
              description = "The YAML file, with any number of documents.";
              example = literalExpression ''
                pkgs.fetchurl {
                  url = "https://github.com/cert-manager/cert-manager/releases/download/v1.19.1/cert-manager.yaml";
                  hash = lib.fakeHash;
                }
              '';
            };
            importFromDerivation = mkOption {
              type = types.bool;
              default = false;
              description = ''
                Whether the objects appear in `services.kubernetes.addonManager.addons`, where other modules can change them.
                The bundle is then built while the configuration is evaluated.
              '';
              example = true;
            };
          };
        }
      )
    );
    default = { };
    description = "YAML bundles, applied by the add-on manager.";
    example = literalExpression "{ certManager.src = ./cert-manager.yaml; }";
  };

  config = lib.mkMerge [
    (lib.optionalAttrs (options ? warnings) {
      warnings = lib.optional (bundles != [ ] && !cfg.enable && !isWorker) (
        "services.kubernetes.addonManager.multiYamlAddons has ${
          lib.concatMapStringsSep ", " (bundle: bundle.name) bundles
        }, but the add-on manager does not run here, so nothing applies them."
        + " Set services.kubernetes.addonManager.enable = true, or remove the bundles."
      );
    })
    (lib.mkIf (imported != [ ]) {
      services.kubernetes.addonManager.addons = keyed (lib.concatMap objectsOf imported);
    })
    (lib.mkIf (cfg.enable && copied != [ ]) {
      environment.etc."kubernetes/addons".source = lib.mkForce "${directory}/";
    })
  ];
}
