# `certs.<name>.kubeconfig`: a file for kubectl and its kind, with the paths of what the certificate needs.
{
  lib,
  cfg,
  derived,
}:
let
  inherit (lib) mkOption types;

  kubeconfigOptions =
    ca: name:
    let
      certificate = cfg.cas.${ca}.certs.${name};
      own = certificate.kubeconfig;
    in
    {
      enable = mkOption {
        type = types.bool;
        default = false;
        description = "Whether a client of Kubernetes uses the certificate, so that there is a kubeconfig at `path`.";
        example = true;
      };
      server = mkOption {
        type = types.nullOr types.str;
        default = cfg.kubernetes.server;
        defaultText = lib.literalExpression "config.certToolkit.kubernetes.server";
        description = "The URL of the API server.";
        example = "https://api.example.org:6443";
      };
      clusterName = mkOption {
        type = types.str;
        default = cfg.kubernetes.cluster;
        defaultText = lib.literalExpression "config.certToolkit.kubernetes.cluster";
        description = "The name of the cluster in the file.";
        example = "staging";
      };
      path =
        derived types.path
          "The kubeconfig in the Nix store. It names the files of certificate, key and trust bundle; nothing in it is secret."
          "a file in the Nix store"
          (
            if !own.enable then
              throw (
                "certToolkit: there is no kubeconfig of this certificate."
                + " Set certToolkit.cas.${ca}.certs.${name}.kubeconfig.enable = true."
              )
            else if own.server == null then
              throw (
                "certToolkit: where the API server is, is not known. Set certToolkit.kubernetes.controlPlaneEndpoint, or"
                + " certToolkit.cas.${ca}.certs.${name}.kubeconfig.server."
              )
            else
              builtins.toFile "${ca}-${name}.kubeconfig" (
                builtins.toJSON (kubeconfig {
                  inherit (own) server clusterName;
                  inherit certificate;
                  bundle = cfg.cas.${ca}.bundlePath;
                })
              )
          );
    };

  # JSON is YAML.
  kubeconfig =
    {
      server,
      clusterName,
      certificate,
      bundle,
    }:
    let
      user = certificate.commonName;
      context = "${user}@${clusterName}";
    in
    {
      apiVersion = "v1";
      kind = "Config";
      clusters = [
        {
          name = clusterName;
          cluster = {
            inherit server;
            certificate-authority = "${bundle}";
          };
        }
      ];
      users = [
        {
          name = user;
          user = {
            client-certificate = "${certificate.path}";
            client-key = certificate.keyPath;
          };
        }
      ];
      contexts = [
        {
          name = context;
          context = {
            cluster = clusterName;
            inherit user;
          };
        }
      ];
      current-context = context;
    };
in
{
  inherit kubeconfigOptions;
}
