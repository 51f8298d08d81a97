# What can be wrong with a role: found when it is evaluated, and found in its values.
{
  hosts = {
    cp1 = {
      userAgeKeys = [ "age1wtmuzz5uq9fjal4jex5zfw3wz94qs0txrs42pmlx6a5z5rhwaccq5tky2u" ];
      cas.lab.ca = { };
      roles = {
        nobodys = { };
        strangers.authority = "nowhere";
        "a/b".authority = "lab";
        typed = {
          authority = "lab";
          allowSubdomains = "yes";
          allowedKeys = [ "rsa" ];
          allowdDomains = [ "example.org" ];
        };
        disputed = {
          authority = "lab";
          allowedDomains = [ "example.org" ];
          names.O = "One";
        };
        valued = {
          authority = "lab";
          allowedDomains = [
            ".example.org"
            "*.example.org"
            "two words"
          ];
          allowedIpRanges = [
            "10.0.0.1/8"
            "10.0.0.0/33"
          ];
          allowedEmails = [ "example.org" ];
          allowedUris = [ "*://example.org" ];
          allowedCommonNames = [ "" ];
          key = {
            algo = "rsa";
            size = 1024;
          };
          allowedKeys = [ { algo = "dsa"; } ];
          usages = [
            "server auth"
            "serverauth"
          ];
          names.C = "Germany";
          expiry = "1 year";
          maxExpiry = "soon";
          renewBefore = "-1h";
        };
        signing = {
          authority = "lab";
          usages = [
            "server auth"
            "cert sign"
          ];
        };
        anything = {
          authority = "lab";
          usages = [ "any" ];
        };
        everything = {
          authority = "lab";
          usages = [ "digital signature" ];
        };
        short = {
          authority = "lab";
          maxExpiry = "24h";
          renewBefore = "2160h";
        };
      };
    };
    cp2.roles.disputed = {
      authority = "lab";
      allowedDomains = [ "example.com" ];
      names.O = "Two";
    };
  };
}
