# `certToolkit.cas`: the authorities, and the certificates this host has from each.
{
  config,
  lib,
  options,
  ...
}:
let
  inherit (lib)
    literalExpression
    literalMD
    mkOption
    types
    ;

  schema = import ../schema.nix;
  cfg = config.certToolkit;

  inherit (import ./types.nix { inherit lib; })
    allowOption
    publicKey
    subtreesType
    urls
    ;
  inherit (import ./inherited.nix { inherit lib; }) inheritedOptions defaultsOption;
  inherit (import ./derived.nix { inherit lib config options; })
    derived
    derivedOptions
    authorityFile
    bundleInStore
    firstInStore
    fileInStore
    secretPath
    secretPathText
    ;
  inherit (import ./kubeconfig.nix { inherit lib cfg derived; }) kubeconfigOptions;

  commonName =
    name:
    mkOption {
      type = types.str;
      default = name;
      defaultText = literalMD "the name of the attribute";
      description = "The common name (CN) of the subject.";
      example = "system:kube-scheduler";
    };

  authorityModule =
    { name, config, ... }:
    let
      ca = name;
      authority = config;
    in
    {
      options = {
        ca = mkOption {
          type = types.submodule { options = authorityCertificateOptions ca; };
          default = { };
          description = "The certificate of the authority itself.";
          example = {
            commonName = "kubernetes";
            expiry = "87600h";
          };
        };
        issuer = mkOption {
          type = types.nullOr types.str;
          default = null;
          description = "The authority that issues this one, by its name in `cas`. `null` for a root, which issues itself.";
          example = "root";
        };
        userAgeKeys = mkOption {
          type = types.listOf publicKey;
          default = cfg.userAgeKeys;
          defaultText = literalExpression "config.certToolkit.userAgeKeys";
          description = "The public keys of the operators that may open the key of this authority.";
          example = [ "age1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs3290gq" ];
        };
        crlUrls = mkOption {
          type = urls;
          default = [ ];
          description = "Where the revocation list of this authority is published; written into what it issues.";
          example = [ "http://pki.example.org/cluster.crl" ];
        };
        crlExpiry = mkOption {
          type = types.nullOr types.str;
          default = null;
          description = ''
            How long a revocation list of this authority is good for; `certs crl` makes the next one. `null` for `"720h"`,
            thirty days; for an authority that issues other authorities only, `"8760h"`, a year.
          '';
          example = "168h";
        };
        issuerUrls = mkOption {
          type = urls;
          default = [ ];
          description = "Where the certificate of this authority is published; written into what it issues.";
          example = [ "http://pki.example.org/cluster.crt" ];
        };
        certDefaults = defaultsOption {
          parent = cfg.certDefaults;
          parentText = "config.certToolkit.certDefaults";
          fallback = null;
          description = "Defaults for the certificates of this CA.";
        };
        certs = mkOption {
          type = types.attrsOf (
            types.submodule (
              { name, ... }:
              {
                options = certificateOptions ca authority.certDefaults name;
              }
            )
          );
          default = { };
          description = "The certificates this host has from the authority.";
          example = {
            apiserver = {
              commonName = "kube-apiserver";
              hosts = [ "192.0.2.1" ];
            };
          };
        };
        bundlePath = derived types.path (
          "The file for programs that trust this CA: its certificate, in the Nix store."
          + " Programs that use OpenSSL trust an intermediate through the `bundlePath` of its root."
        ) "`ca.path`" authority.ca.path;
      };
    };

  authorityCertificateOptions =
    ca:
    inheritedOptions {
      parent = cfg.caDefaults;
      parentText = "config.certToolkit.caDefaults";
      fallback = schema.builtinValues.authority;
    }
    // {
      commonName = commonName ca;
      allow = allowBreakGlass;
      keyOnHost = mkOption {
        type = types.bool;
        default = false;
        description = ''
          Whether this host has the private key of the authority, to sign with it: the controller manager of Kubernetes
          does. Only an intermediate authority should be given away like this; everyone who breaks into the host can
          issue in its name.
        '';
        example = true;
      };
      keyOffline = mkOption {
        type = types.bool;
        default = false;
        description = ''
          Whether the private key of the authority is kept outside the repository, and put back for the runs that sign with it.
          Without this, a key that is not in the tree is a warning in every report.
        '';
        example = true;
      };
      certificatePath =
        derived types.path
          (
            "Its own certificate alone, in the Nix store: for a program that signs with it. `path` holds, during a rotation, the"
            + " certificate that was replaced as well, and a program that reads one certificate does not start with two."
          )
          "the first certificate of `path`"
          (firstInStore (authorityFile ca cfg.cas.${ca}.ca.relativePath));
      pathLength = mkOption {
        type = types.nullOr types.ints.unsigned;
        default = null;
        description = "How many tiers of authorities there may be below this one. `null` for no limit of its own.";
        example = 0;
      };
      nameConstraints = mkOption {
        type = types.nullOr (
          types.submodule {
            options = {
              permitted = mkOption {
                type = subtreesType;
                default = { };
                description = "Names below this authority must lie within these, for each kind that is given.";
                example = {
                  dns = [ "example.org" ];
                };
              };
              excluded = mkOption {
                type = subtreesType;
                default = { };
                description = "Names below this authority must not lie within these.";
                example = {
                  ip = [ "0.0.0.0/0" ];
                };
              };
            };
          }
        );
        default = null;
        description = "The names this authority may certify (RFC 5280 §4.2.1.10).";
        example = {
          permitted.dns = [ "example.org" ];
        };
      };
    }
    // formerOptions "cas.${ca}.ca"
    // derivedOptions {
      what = "the authority";
      id = {
        text = "ca-<ca>";
        value = "ca-${ca}";
      };
      files = {
        text = "ca/<ca>";
        value = schema.layout.authority (schema.relativeDir cfg.dir) ca;
      };
      certificateInStore = relative: bundleInStore (authorityFile ca relative);
      keyPath = {
        description = "The opened key of the authority, on a host with `keyOnHost`. On others it is not available.";
        text = "${secretPathText "ca-<ca>"}; an error that says so where `keyOnHost` is not set";
        value =
          if cfg.cas.${ca}.ca.keyOnHost then
            secretPath "ca-${ca}"
          else
            throw (
              "certToolkit: the private key of the authority \"${ca}\" is sealed to userAgeKeys only, so no host has it as a file."
              + " Declare a certificate in certToolkit.cas.${ca}.certs, and use its keyPath."
            );
      };
    };

  certificateOptions =
    ca: parent: name:
    let
      id = schema.layout.id cfg.hostName ca name;
    in
    inheritedOptions {
      inherit parent;
      parentText = "config.certToolkit.cas.<ca>.certDefaults";
      fallback = schema.builtinValues.leaf;
    }
    // {
      commonName = commonName name;
      allow = allowBreakGlass;
      onHost = mkOption {
        type = types.bool;
        default = true;
        description = ''
          Whether this host has the private key. If not, it is sealed to the operators only: the credentials of a person,
          not of a program.
        '';
        example = false;
      };
      component = mkOption {
        type = types.nullOr (types.enum schema.kubernetes.componentIds);
        default = null;
        description = ''
          The Kubernetes component of the certificate, so that `certs check` can tell whether it would work. The presets set
          it. `null` leaves it to be guessed.
        '';
        example = "kube-apiserver";
      };
      kubeconfig = kubeconfigOptions ca name;
    }
    // formerOptions "cas.${ca}.certs.${name}"
    // derivedOptions {
      what = "the certificate";
      id = {
        text = "derived-<hostName>-<ca>-<cert>";
        value = id;
      };
      files = {
        text = "derived/<hostName>/<ca>-<cert>";
        value = schema.layout.leaf (schema.relativeDir cfg.dir) cfg.hostName ca name;
      };
      keyPath = {
        description = "The opened private key on the running host.";
        text = secretPathText "<id>";
        value =
          if cfg.cas.${ca}.certs.${name}.onHost then
            secretPath id
          else
            throw (
              "certToolkit: the private key of the certificate \"${name}\" is sealed to userAgeKeys only (onHost = false), so this"
              + " host has it not as a file. Set certToolkit.cas.${ca}.certs.${name}.onHost = true if a program here needs it."
            );
      };
    };

  # K8Nix had these in every certificate, and some flakes read them.
  formerOptions =
    path:
    let
      gone =
        name: instead:
        mkOption {
          type = types.raw;
          default = throw "certToolkit.${path}.${name} is an option of K8Nix that certs does not have. ${instead}";
          defaultText = literalMD "an error that says what to use";
          description = "An option of K8Nix that is not here.";
          readOnly = true;
          internal = true;
        };
      manifest = "Read names, usages and lifetime from the manifest (nix eval --json .#certs.manifest).";
    in
    {
      createScript = gone "createScript" (
        "Replace the script that is made of it by packages.<system>.certs = certs.lib.mkCerts { inherit (self) nixosConfigurations; system = …; };"
        + " and run `nix run .#certs.recreate`. certs.lib.mkRecreateCertsApp works as in K8Nix."
      );
      csr = gone "csr" manifest;
      csrFile = gone "csrFile" manifest;
    };

  allowBreakGlass = allowOption { system-masters = "Break-glass access, kept offline."; };
in
{
  options.certToolkit.cas = mkOption {
    type = types.attrsOf (types.submodule authorityModule);
    default = { };
    description = "The certificate authorities, and the certificates this host has from each.";
    example = {
      cluster = {
        ca.commonName = "kubernetes";
        certs.apiserver.hosts = [ "192.0.2.1" ];
      };
    };
  };
}
