# Everything to work on this project: its compiler, and the programs its tests ask for a second opinion.
{ pkgs, certs }:
pkgs.mkShell {
  inputsFrom = [ certs ];
  packages = with pkgs; [
    age
    cargo
    clippy
    jq
    nixfmt
    openssl
    rust-analyzer
    rustfmt
  ];
}
