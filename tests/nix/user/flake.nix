# A project that uses ours, with hosts reduced to what we read of them.
{
  # inputs
  outputs =
    { self, certs }:
    let
      host = name: {
        config.certToolkit.manifest = {
          version = 1;
          host = name;
          certToolkit = {
            userAgeKeys = [ "age1wtmuzz5uq9fjal4jex5zfw3wz94qs0txrs42pmlx6a5z5rhwaccq5tky2u" ];
            owningHostKey = "${self}/${name}.pub";
            cas.cluster.certs.kubelet = { };
          };
        };
      };
      nixosConfigurations = {
        cp1 = host "cp1";
        w1 = host "w1";
      };
      system = "x86_64-linux";
    in
    {
      packages.${system}.certs = certs.lib.mkCerts {
        inherit nixosConfigurations system;
        root = self;
      };
      checks.${system}.certs = self.packages.${system}.certs.flakeCheck;
      apps.${system}.certs-recreate = certs.mkRecreateCertsApp {
        inherit nixosConfigurations system;
        caModules = [ ];
      };
    };
}
