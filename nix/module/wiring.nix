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
    concatMapStringsSep
    mkIf
    mkMerge
    optional
    optionalAttrs
    ;

  onNixos = options ? services.kubernetes;

  toolkit = config.certToolkit;
  cfg = toolkit.kubernetes;
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
  present = components: map certificate (lib.filter has components);

  # The first of several components that is there: a kubelet has one certificate for both directions, or two.
  oneOf = components: lib.findFirst has null components;

  authority = purpose: toolkit.cas.${cfg.authorities.${purpose}};
  isRole = role: lib.elem role cfg.roles;

  identity = component: {
    certFile = wired (certificate component).path;
    keyFile = wired (certificate component).keyPath;
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
  unit = publicHalves: {
    after = opensKeys;
    wants = opensKeys;
    restartTriggers = map toString publicHalves;
  };
  unitOf = components: unit (map (certificate: certificate.path) (present components));

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
        identity
        isRole
        lib
        oneOf
        options
        present
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
    assertion = !cfg.wire || onNixos;
    message =
      "certToolkit.kubernetes.wire sets services.kubernetes, but there is no such option here."
      + " Set certToolkit.kubernetes.wire = false, or evaluate this host as a NixOS system.";
  };
in
{
  options.certToolkit.kubernetes.bootstrapManifest = import ./wiring/bootstrap.nix {
    inherit
      certificate
      config
      has
      lib
      options
      ;
  };

  config =
    optionalAttrs onNixos {
      services = mkIf cfg.wire (mkMerge [
        (part ./wiring/control-plane.nix).services
        (part ./wiring/worker.nix).services
        (part ./wiring/etcd.nix).services
      ]);
      systemd.services = mkIf cfg.wire (mkMerge [
        (part ./wiring/control-plane.nix).units
        (part ./wiring/worker.nix).units
        (part ./wiring/etcd.nix).units
      ]);
    }
    // optionalAttrs (options ? assertions) {
      assertions = [ notNixos ] ++ optional (cfg.wire && onNixos) twoIssuers;
    }
    // optionalAttrs (options ? warnings) {
      warnings = lib.optionals (cfg.wire && onNixos) doubts;
    };
}
