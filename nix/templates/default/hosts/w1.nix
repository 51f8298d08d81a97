# A worker: its kubelet and kube-proxy have their certificates from certificates.nix.
{
  services.kubernetes.roles = [ "node" ];

  services.openssh.enable = true;
  fileSystems."/".device = "/dev/disk/by-label/nixos";
  boot.loader.grub.device = "/dev/sda";
  system.stateVersion = "25.11";
}
