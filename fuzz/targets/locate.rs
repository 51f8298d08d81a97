//! Any text as a Nix source: looking for an option ends, and what it points at is in the file.
#![no_main]

use std::fs;

use certs::nixfiles::Locator;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|source: &str| {
    let directory = tempfile::tempdir().expect("a temporary directory");
    fs::write(directory.path().join("host.nix"), source).expect("a temporary file");
    let locator = Locator::scan(directory.path());
    let option = |path: &str| path.split('.').map(str::to_owned).collect::<Vec<_>>();
    for (path, word) in [
        ("cas.cluster.certs.kubelet.hosts", Some("10.0.0.1")),
        ("userAgeKeys", None),
    ] {
        for found in [
            locator.find(&option(path), word),
            locator.find_on("cp1", &option(path), word),
        ]
        .into_iter()
        .flatten()
        {
            assert_eq!(found.file, "host.nix");
            assert!(
                found.line >= 1 && found.line <= source.split('\n').count(),
                "line {} is not there",
                found.line
            );
            assert!(found.column >= 1 && found.column <= found.text.chars().count() + 1);
        }
    }
});
