//! Any document as a manifest: it is refused with faults, or it is a fleet that can be planned.
#![no_main]

use certs::fleet::{ArtifactId, Observed};
use certs::manifest::{KeyFiles, Manifest};
use certs::plan::{Plan, Policy, Step, plan};
use libfuzzer_sys::fuzz_target;
use time::OffsetDateTime;

const HOST_KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBvCxzRrBssOrhme116f1rwVXHAbMpXOxBDjPXRUMJYz root@host\n";

fuzz_target!(|data: &[u8]| {
    let Ok(manifest) = Manifest::parse(data) else {
        return;
    };
    let key_files: KeyFiles = manifest
        .key_files()
        .into_iter()
        .map(|name| (name.to_owned(), Ok(HOST_KEY.to_owned())))
        .collect();
    match manifest.resolve(&key_files) {
        Err(faults) => assert!(!faults.is_empty(), "refused without a reason"),
        Ok(resolution) => {
            let Plan { steps, .. } = plan(
                &resolution.fleet,
                &Observed::default(),
                OffsetDateTime::UNIX_EPOCH,
                &Policy::default(),
            );
            let fleet = &resolution.fleet;
            let is_host_key = |step: &&Step| step.artifact().is_some_and(ArtifactId::is_host_key);
            let steps = steps.iter().filter(|step| !is_host_key(step));
            assert_eq!(
                steps.count(),
                fleet.artifacts().count() + fleet.key_pairs.len()
            );
        }
    }
});
