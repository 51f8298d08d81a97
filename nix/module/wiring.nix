# `certToolkit.kubernetes.wire`: gives the certificates of this host to the services of NixOS that use them.
# Owns which option of a service takes which file, and when a service starts again. What the certificates are is said
# by kubernetes.nix; the parts are in wiring/.
{
  config,
  lib,
  options,
  ...
}:
let
  inherit (lib)
    mkIf
    mkMerge
    optional
    optionalAttrs
    ;

  onNixos = options ? services.kubernetes && options ? systemd.services;

  toolkit = config.certToolkit;
  cfg = toolkit.kubernetes;
  active = cfg.enable && cfg.wire;
  services = config.services;

  # nixpkgs' own modules set some of these options with mkDefault, for a cluster of one master. This is one step above
  # that, and below everything a person writes.
  wired = lib.mkOverride 900;

  # --- What there is on this host -----------------------------------------------------------------------------------

  has = component: cfg.certificates ? ${component};
  certificate =
    component:
    let
      inherit (cfg.certificates.${component}) authority name;
    in
    toolkit.cas.${authority}.certs.${name};

  # The first of several components that is there: a kubelet has one certificate for both directions, or two.
  oneOf = components: lib.findFirst has null components;

  authority = purpose: toolkit.cas.${cfg.authorities.${purpose}};
  isRole = role: lib.elem role cfg.roles;

  # A program that reads its files again needs a path that stays; any other must be started with the new one.
  rereads = component: lib.elem component cfg.reload;
  certificatePath =
    component:
    if rereads component then "/etc/${stablePath component}" else (certificate component).path;
  stablePath = component: "certs/${component}.crt";

  # Under the names that a service has for them.
  files = component: {
    certFile = certificatePath component;
    keyFile = (certificate component).keyPath;
  };
  filesAs =
    { certificate, key }:
    component: {
      ${certificate} = wired (files component).certFile;
      ${key} = wired (files component).keyFile;
    };

  # --- Addresses ----------------------------------------------------------------------------------------------------

  addresses = import ./wiring/addresses.nix {
    inherit lib cfg;
    inherit (toolkit) hostName;
    port = services.kubernetes.apiserver.securePort;
  };

  # --- Units --------------------------------------------------------------------------------------------------------

  # Where agenix works as a unit (with systemd-sysusers or userborn), sysinit.target wants it but does not wait for it,
  # because it has no default dependencies. Where it is an activation script, keys are there before any unit starts.
  # `wants`, not `requires`: agenix runs again whenever any key of the host changes, and must not take all with it.
  opensKeys = optional (
    toolkit.ageIntegration && config.systemd.services ? agenix-install-secrets
  ) "agenix-install-secrets.service";

  # A key is a file that keeps its path, so the unit is told by the public half of the key. Not by the sealed file: that
  # changes with every recipient, and nobody should lose a control plane because an operator joined.
  unit = triggers: {
    after = opensKeys;
    wants = opensKeys;
    restartTriggers = map toString triggers;
  };
  unitOf = components: unit (publicHalves components);
  publicHalves =
    components:
    map (component: (certificate component).path) (
      lib.filter (component: has component && !rereads component) components
    );

  part =
    file:
    import file {
      inherit
        addresses
        authority
        certificate
        cfg
        config
        has
        files
        filesAs
        isRole
        lib
        oneOf
        options
        publicHalves
        toolkit
        unit
        unitOf
        wired
        ;
    };

  # --- Doubts -------------------------------------------------------------------------------------------------------

  doubts = import ./wiring/doubts.nix {
    inherit
      cfg
      config
      has
      isRole
      lib
      ;
    inherit (toolkit) hostName;
  };

  twoIssuers = {
    assertion = !services.kubernetes.easyCerts;
    message =
      "certToolkit.kubernetes.wire and services.kubernetes.easyCerts both give the services their certificates."
      + " Set services.kubernetes.easyCerts = false, or certToolkit.kubernetes.wire = false.";
  };

  notNixos = {
    assertion = !active || onNixos;
    message =
      "certToolkit.kubernetes.wire sets services.kubernetes, but there is no such option here."
      + " Set certToolkit.kubernetes.wire = false, or evaluate this host as a NixOS system.";
  };
in
{
  options.certToolkit.kubernetes = {
    bootstrapManifest = lib.mkOption {
      type = lib.types.path;
      # Text for kubectl: what it may name in the store is there, or not, on the hosts, wherever this file is.
      default = builtins.toFile "kubernetes-bootstrap.json" (
        builtins.unsafeDiscardStringContext (
          builtins.toJSON (import ./wiring/bootstrap.nix { inherit config lib options; })
        )
      );
      defaultText = lib.literalMD "a file in the Nix store";
      readOnly = true;
      description = ''
        The objects a new cluster needs before its certificates are worth anything, for `kubectl apply --filename`: the
        group of administrators, the API server's access to kubelets, the rights of flannel and of konnectivity where
        they are in `extraComponents`, and `services.kubernetes.addonManager.bootstrapAddons`. Apply it once with the
        super-admin credentials.
      '';
    };
    reload = lib.mkOption {
      # Not the kubelet as a server: it reads its certificate again since Kubernetes 1.31 only.
      type = lib.types.listOf (
        lib.types.enum [
          "etcd-peer"
          "etcd-server"
          "front-proxy-client"
          "kube-apiserver"
          "kube-apiserver-etcd-client"
          "kube-apiserver-kubelet-client"
          "kube-controller-manager"
          "kube-proxy"
          "kube-scheduler"
          "kubelet-client"
        ]
      );
      default = [ ];
      description = ''
        Components that change certificates without a restart, with `wire`: the certificate is then `/etc/certs/<component>.crt`,
        which these programs read again by themselves, within minutes. They need Kubernetes 1.20 or etcd 3.2 at least.
        Everything else is restarted, and so are these when an authority or the key of the service accounts changes.
      '';
      example = [ "kube-apiserver" ];
    };
  };

  config =
    optionalAttrs onNixos {
      services = mkIf active (mkMerge [
        (part ./wiring/control-plane.nix).services
        (part ./wiring/worker.nix).services
        (part ./wiring/etcd.nix).services
      ]);
      environment.etc = mkIf active (
        lib.listToAttrs (
          map (component: {
            name = stablePath component;
            value.source = (certificate component).path;
          }) (lib.filter has cfg.reload)
        )
      );
      systemd.services = mkIf active (mkMerge [
        (part ./wiring/control-plane.nix).units
        (part ./wiring/worker.nix).units
        (part ./wiring/etcd.nix).units
      ]);
    }
    // optionalAttrs (options ? assertions) {
      assertions = [ notNixos ] ++ optional (active && onNixos) twoIssuers;
    }
    // optionalAttrs (options ? warnings) {
      warnings = lib.optionals (active && onNixos) doubts;
    };
}
