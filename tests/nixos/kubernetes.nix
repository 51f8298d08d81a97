# A cluster on virtual machines: one control plane with etcd and one worker, from declared roles to nodes that are ready.
# `certs` makes the certificates, agenix opens their keys, `certToolkit.kubernetes.wire` gives them to the services.
#
# What the machines read is made by a derivation, whose files are named and not read, so evaluating them builds nothing.
{
  pkgs,
  certs,
  # agenix is no input of this flake, because its module need not come from us.
  agenix ? builtins.fetchTarball {
    url = "https://github.com/ryantm/agenix/archive/b027ee29d959fda4b60b57566d64c98a202e0feb.tar.gz";
    sha256 = "sha256-9VnK6Oqai65puVJ4WYtCTvlJeXxMzAp/69HhQuTdl/I=";
  },
}:
let
  inherit (pkgs) lib;

  addresses = {
    cp1 = "192.168.1.1";
    w1 = "192.168.1.2";
  };

  # --- What a person writes -----------------------------------------------------------------------------------------

  declaration = host: {
    certToolkit = {
      hostName = host;
      dir = "secrets";
      # Read when the certificates are made.
      userAgeKeys = [ "keys/operator.pub" ];
      owningHostKey = "keys/${host}.pub";
      kubernetes = {
        enable = true;
        wire = true;
        controlPlaneEndpoint = "cp1:6443";
        serviceCIDRs = [ "10.96.0.0/16" ];
        extraComponents = [ "flannel" ];
        nodes = {
          cp1 = {
            roles = [
              "control-plane"
              "etcd"
              "worker"
            ];
            addresses = [ addresses.cp1 ];
          };
          w1 = {
            roles = [ "worker" ];
            addresses = [ addresses.w1 ];
          };
        };
      };
    };
  };

  # --- The certificates ---------------------------------------------------------------------------------------------

  manifest = (import ../../nix/fleet.nix).manifest {
    configurations = lib.mapAttrs (
      host: _:
      lib.evalModules {
        specialArgs.ageIntegration = false;
        modules = [
          ../../nix/module.nix
          (declaration host)
          # There are no services to set in this evaluation.
          { certToolkit.kubernetes.wire = lib.mkForce false; }
        ];
      }
    ) addresses;
  };

  # Keys that anybody may read are good for a test, and for nothing else.
  keys =
    pkgs.runCommand "certs-test-keys" { nativeBuildInputs = [ pkgs.openssh ]; }
      ''
        mkdir $out
        for name in operator cp1 w1; do
          ssh-keygen -q -t ed25519 -N "" -C "$name" -f "$out/$name"
        done
      '';

  project =
    pkgs.runCommand "certs-test-project"
      {
        nativeBuildInputs = [
          certs
          pkgs.age
        ];
        manifest = builtins.toJSON manifest;
        passAsFile = [ "manifest" ];
      }
      ''
        mkdir --parents $out/keys
        cp ${keys}/*.pub $out/keys
        certs recreate --manifest "$manifestPath" --root $out --identity ${keys}/operator
        age --decrypt --identity ${keys}/operator --output $out/super-admin.key \
          $out/secrets/derived/cp1/kubernetes-super-admin.key.age
      '';

  # What an operator has at the workstation.
  superAdmin = pkgs.writeText "super-admin.kubeconfig" (
    builtins.toJSON {
      apiVersion = "v1";
      kind = "Config";
      clusters = [
        {
          name = "kubernetes";
          cluster = {
            server = "https://cp1:6443";
            certificate-authority = "${project}/secrets/ca/kubernetes.crt";
          };
        }
      ];
      users = [
        {
          name = "super-admin";
          user = {
            client-certificate = "${project}/secrets/derived/cp1/kubernetes-super-admin.crt";
            client-key = "${project}/super-admin.key";
          };
        }
      ];
      contexts = [
        {
          name = "kubernetes";
          context = {
            cluster = "kubernetes";
            user = "super-admin";
          };
        }
      ];
      current-context = "kubernetes";
    }
  );

  # --- The machines -------------------------------------------------------------------------------------------------

  machine =
    host: address:
    { config, ... }:
    {
      imports = [
        ../../nix/module.nix
        (agenix + "/modules/age.nix")
        (declaration host)
      ];

      certToolkit.root = project;
      age.identityPaths = [ "${keys}/${host}" ];

      # agenix is a unit of systemd with userborn, and an activation script without.
      services.userborn.enable = host == "w1";

      # Needs images from the network.
      services.kubernetes.addons.dns.enable = false;

      # The first interface of a test machine leads to its own host only.
      services.flannel.iface = "eth1";
      networking.primaryIPAddress = lib.mkForce address;
      networking.firewall.enable = false;

      environment.systemPackages = [
        pkgs.etcd
        pkgs.jq
        pkgs.kubectl
      ];
      environment.etc."super-admin.kubeconfig".source = superAdmin;
      environment.etc."bootstrap.json".source = config.certToolkit.kubernetes.bootstrapManifest;
      environment.variables.KUBECONFIG = "/etc/super-admin.kubeconfig";

      virtualisation = {
        cores = 2;
        memorySize = 2048;
        diskSize = 4096;
      };
    };

  keyOf = node: component: (certificateOf node component).keyPath;
  pathOf = node: component: toString (certificateOf node component).path;
  certificateOf =
    node: component:
    let
      inherit (node.certToolkit.kubernetes.certificates.${component}) authority name;
    in
    node.certToolkit.cas.${authority}.certs.${name};
in
pkgs.testers.runNixOSTest {
  name = "certs-kubernetes";
  nodes = lib.mapAttrs machine addresses;

  testScript =
    { nodes, ... }:
    let
      inherit (nodes) cp1 w1;
      etcdctl = lib.concatStringsSep " " [
        "etcdctl --endpoints=https://127.0.0.1:2379"
        "--cacert=${toString cp1.certToolkit.cas.etcd.bundlePath}"
      ];
    in
    ''
      start_all()

      # Keys belong to who reads them, and to nobody else.
      for machine, file, owner in [
          (cp1, "${keyOf cp1 "kube-apiserver"}", "kubernetes"),
          (cp1, "${keyOf cp1 "etcd-server"}", "etcd"),
          (w1, "${keyOf w1 "kubelet"}", "root"),
      ]:
          machine.wait_for_unit("multi-user.target")
          found = machine.succeed(f"stat --dereference --format='%U %a' {file}").strip()
          assert found == f"{owner} 400", f"{file} is {found}"

      # Where agenix is a unit, systemd would start what reads the keys without it.
      for unit in ["kubelet", "kube-proxy", "flannel"]:
          w1.succeed(f"systemctl show --property=After {unit} | grep agenix-install-secrets.service")

      # etcd talks to clients of its own authority, and to no others.
      cp1.wait_for_unit("etcd.service")
      cp1.wait_until_succeeds(
          "${etcdctl} --cert=${pathOf cp1 "etcd-healthcheck-client"}"
          " --key=${keyOf cp1 "etcd-healthcheck-client"} endpoint health"
      )
      cp1.fail("${etcdctl} endpoint health")
      cp1.fail(
          "${etcdctl} --cert=${pathOf cp1 "kubelet"} --key=${keyOf cp1 "kubelet"} endpoint health"
      )

      # The control plane works, and a fresh cluster lets nobody but the super-admin in.
      cp1.wait_for_unit("kube-apiserver.service")
      cp1.wait_until_succeeds("kubectl get --raw /readyz")
      cp1.succeed("kubectl apply -f /etc/bootstrap.json")
      for unit in ["kube-controller-manager.service", "kube-scheduler.service"]:
          cp1.wait_for_unit(unit)
      for lease in ["kube-controller-manager", "kube-scheduler"]:
          cp1.wait_until_succeeds(f"kubectl -n kube-system get lease {lease}")

      # Both nodes join under the names of their certificates, and become ready once flannel has its rights.
      for node in ["cp1", "w1"]:
          cp1.wait_until_succeeds(f"kubectl get node {node} | grep --word-regexp Ready")

      # The API server reaches each kubelet: client and serving certificates, and the binding of the bootstrap manifest.
      for node in ["cp1", "w1"]:
          cp1.succeed(f"kubectl get --raw /api/v1/nodes/{node}/proxy/healthz")

      # A worker tells its pods the DNS of the declared service network.
      cp1.succeed(
          "kubectl get --raw /api/v1/nodes/w1/proxy/configz"
          " | jq --exit-status '.kubeletconfig.clusterDNS == [\"10.96.0.254\"]'"
      )

      # A node may write itself and no other.
      as_w1 = (
          "kubectl --kubeconfig=/dev/null --server=https://cp1:6443"
          " --certificate-authority=${toString w1.certToolkit.cas.kubernetes.bundlePath}"
          " --client-certificate=${pathOf w1 "kubelet"} --client-key=${keyOf w1 "kubelet"}"
      )
      w1.succeed(f"{as_w1} annotate node w1 certs-test=1")
      w1.fail(f"{as_w1} annotate node cp1 certs-test=1")

      # A token of a service account is good: the controller manager made the account, the API server signs and verifies.
      cp1.wait_until_succeeds("kubectl get serviceaccount default")
      cp1.succeed(
          "kubectl --kubeconfig=/dev/null --server=https://cp1:6443"
          " --certificate-authority=${toString cp1.certToolkit.cas.kubernetes.bundlePath}"
          " --token=\"$(kubectl create token default)\" auth whoami"
          " | grep system:serviceaccount:default:default"
      )
    '';
}
