# The nine rules of K8Nix' own checks, one host and one authority for each; the host is named after the rule.
let
  operator = "age1wtmuzz5uq9fjal4jex5zfw3wz94qs0txrs42pmlx6a5z5rhwaccq5tky2u";
  ownKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEslSC1e2VTL97S7YNmuirD5bFj6pcq0LFuH65uN6hIm root@cp1";
  # Every rule in the same directory, with a certificate "leaf" that shows what it inherits.
  rule =
    name: certToolkit:
    certToolkit
    // {
      dir = "./my-dir";
      userAgeKeys = [ operator ];
      owningHostKey = [ ownKey ];
      cas.${name} = {
        certs.leaf = { };
      }
      // (certToolkit.cas.${name} or { });
    };
in
{
  hosts = builtins.mapAttrs rule {
    dir-is-taken-as-written = { };
    ca-defaults-derive-from-defaults = {
      defaults.expiry = "42h";
    };
    ca-defaults-without-defaults = {
      caDefaults.expiry = "42h";
    };
    ca-default-names-merge-with-default-names = {
      defaults.names.L = "CH";
      caDefaults.names.O = "MyOrga";
    };
    cert-default-names-merge-with-default-names = {
      defaults.names.L = "CH";
      certDefaults.names.O = "MyOrga";
    };
    defaults-reach-the-cert-defaults-of-an-authority = {
      defaults.expiry = "42h";
    };
    ca-defaults-are-used-by-the-authority = {
      defaults.expiry = "1h";
      caDefaults.expiry = "42h";
      cas.ca-defaults-are-used-by-the-authority.ca = { };
    };
    cert-defaults-of-an-authority-are-used-by-its-certs = {
      certDefaults.expiry = "1h";
      cas.cert-defaults-of-an-authority-are-used-by-its-certs = {
        certDefaults.expiry = "42h";
        certs.leaf = { };
      };
    };
    names-merge-over-all-levels = {
      defaults.names = {
        C = "CH";
        ST = "BAD";
        L = "BAD";
        O = "BAD";
      };
      certDefaults.names = {
        ST = "Bern";
        L = "BAD";
        O = "BAD";
      };
      cas.names-merge-over-all-levels = {
        certDefaults.names = {
          L = "Thun";
          O = "BAD";
        };
        certs.leaf.names.O = "MyOrg";
      };
    };
    lists-and-keys-replace-whole = {
      defaults = {
        hosts = [ "a.example" ];
        usages = [ "client auth" ];
        key = {
          algo = "rsa";
          size = 4096;
        };
      };
      cas.lists-and-keys-replace-whole.certs.leaf = {
        hosts = [ "b.example" ];
        usages = [ "server auth" ];
        key.algo = "ecdsa";
      };
    };
  };
}
