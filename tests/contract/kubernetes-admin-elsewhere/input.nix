# By the table the first control plane, and with it the administrators' credentials, is a host that nobody declares.
{
  hosts.cp1 = {
    userAgeKeys = [ "age1wtmuzz5uq9fjal4jex5zfw3wz94qs0txrs42pmlx6a5z5rhwaccq5tky2u" ];
    owningHostKey = ../kubernetes/keys/cp1.pub;
    kubernetes = {
      enable = true;
      adminUsers = [ "alice" ];
      nodes = {
        cp0 = {
          roles = [ "control-plane" ];
          addresses = [ "10.0.0.9" ];
        };
        cp1 = {
          roles = [ "control-plane" ];
          addresses = [ "10.0.0.1" ];
        };
      };
    };
  };
}
