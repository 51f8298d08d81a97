//! Any text as a user's `secrets.nix`: entries are put in or the file is refused; putting them in twice is putting them in once.
#![no_main]

use std::collections::BTreeMap;

use certs::nixfiles::rules;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|source: &str| {
    let keys = vec!["age1kmk6t3j4xywmyp6vxtwptt8v35tx4t8s9u2e6837ugjk5hlwd4qsxnfyck".to_owned()];
    let entries = BTreeMap::from([("secrets/certs/ca/cluster.key.age".to_owned(), keys)]);
    let Ok(merged) = rules::merge(source, &entries, "certs", &|| None) else {
        return;
    };
    let again = rules::merge(&merged.text, &entries, "certs", &|| None)
        .expect("what was merged can be merged again");
    assert_eq!(again.text, merged.text);
});
