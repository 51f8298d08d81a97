# Just enough of nixpkgs for the flake to be evaluated and its wrappers to be built and run, without a network.
# The program is a script that says how it was called.
{
  outputs =
    { self }:
    let
      systems = [
        "x86_64-linux"
        "aarch64-linux"
        "x86_64-darwin"
        "aarch64-darwin"
      ];
      # The real lib is put beside this file where there is one.
      lib = if builtins.pathExists ./lib then import ./lib else minimal;
      minimal = {
        getExe = derivation: "${derivation}/bin/${derivation.meta.mainProgram}";
        extendDerivation =
          _: passthru: derivation:
          derivation // passthru;
        optional = condition: value: if condition then [ value ] else [ ];
      };
      pkgsFor =
        system:
        let
          build =
            name: script: text:
            derivation {
              inherit name system text;
              builder = "/bin/sh";
              args = [
                "-c"
                ''
                  PATH=/bin:/usr/bin
                  ${script}
                ''
              ];
            }
            // {
              meta = {
                mainProgram = name;
                description = name;
              };
            };
          executable =
            name:
            build name ''
              mkdir -p $out/bin
              printf '#!/bin/sh\n%s' "$text" > $out/bin/${name}
              chmod +x $out/bin/${name}
            '';
        in
        {
          inherit lib system;
          stdenv.hostPlatform = { inherit system; };
          callPackage = _: _: executable "certs" ''echo "certs was called with: $*"'';
          writeShellScriptBin = executable;
          writeText = name: build name ''printf '%s' "$text" > $out'';
          runCommand = name: _: script: build name script "";
          mkShell = _: executable "shell" "";
          nixfmt-tree = executable "nixfmt-tree" "";
        };
    in
    {
      inherit lib;
      legacyPackages = builtins.listToAttrs (
        map (name: {
          inherit name;
          value = pkgsFor name;
        }) systems
      );
    };
}
