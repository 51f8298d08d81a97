# The program `certs`, with its shell completions and manual pages.
{
  lib,
  stdenv,
  rustPlatform,
  rustc,
  installShellFiles,
  age,
  gitMinimal,
  openssl,
}:
let
  cargo = lib.importTOML ../Cargo.toml;
  needed = cargo.package.rust-version;
in
lib.throwIf (lib.versionOlder rustc.version needed)
  (
    "certs needs Rust ${needed} or newer, but the nixpkgs it is built with has ${rustc.version}."
    + " Set package = certs.packages.\${system}.certs and remove certs.inputs.nixpkgs.follows, or update nixpkgs to 25.11 or newer."
  )
rustPlatform.buildRustPackage {
  pname = cargo.package.name;
  inherit (cargo.package) version;

  # The tests read the Nix files and the documentation as well.
  src = lib.cleanSource ../.;
  cargoLock.lockFile = ../Cargo.lock;

  nativeBuildInputs = [ installShellFiles ];

  # As in .cargo/config.toml, which the vendoring of Nix may replace.
  env.AWS_LC_SYS_NO_JITTER_ENTROPY = "1";

  # Tests that need Nix itself report that they were left out; nix/checks.nix does their work.
  nativeCheckInputs = [
    age
    gitMinimal
    openssl
  ];

  postInstall = lib.optionalString (stdenv.buildPlatform.canExecute stdenv.hostPlatform) ''
    for shell in bash fish zsh; do
      "$out/bin/certs" completions "$shell" > "certs.$shell"
    done
    installShellCompletion --cmd certs --bash certs.bash --fish certs.fish --zsh certs.zsh
    mkdir manual
    "$out/bin/certs" man manual
    installManPage manual/*.1
  '';

  meta = {
    inherit (cargo.package) description;
    license = with lib.licenses; [
      mit
      asl20
    ];
    mainProgram = "certs";
    platforms = lib.platforms.unix;
  };
}
