# The control plane: the API server, what talks to it, and etcd. It takes pods as well.
{
  networking.firewall = {
    allowedTCPPorts = [
      6443
      10250
    ];
    allowedUDPPorts = [ 8472 ];
  };

  services.openssh.enable = true;
  fileSystems."/" = {
    device = "/dev/disk/by-label/nixos";
    fsType = "ext4";
  };
  boot.loader.grub.device = "/dev/sda";
  system.stateVersion = "26.05";
}
