# A cluster whose hosts have not all one table of nodes: what is wrong with a table is said of those that have it, once.
let
  host = key: nodes: {
    userAgeKeys = [ "age1wtmuzz5uq9fjal4jex5zfw3wz94qs0txrs42pmlx6a5z5rhwaccq5tky2u" ];
    owningHostKey = key;
    kubernetes = {
      enable = true;
      superAdmin = false;
      inherit nodes;
    };
  };
  worker = address: {
    roles = [ "worker" ];
    addresses = [ address ];
  };
  # Written anew for each host, as a module does.
  table = _: {
    w1 = worker "10.0.0.11";
    w2 = worker "10.0.0.12";
    w3 = worker "10.0.0.13" // {
      roles = [
        "node"
        "worker"
      ];
      adresses = [ ];
    };
  };
in
{
  hosts = {
    w1 = host ../kubernetes/keys/w1.pub (table "w1");
    w2 = host ../kubernetes/keys/w2.pub (table "w2");
    w3 = host ../kubernetes/keys/cp3.pub {
      w1 = worker "10.0.0.11";
      w3 = (worker "10.0.0.13") // {
        roles = [ "workers" ];
      };
    };
  };
}
