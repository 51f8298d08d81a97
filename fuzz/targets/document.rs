//! Any bytes as a file to inspect: whatever it is found to be, it can be shown, in every form.
#![no_main]

use certs::inspect::document::read;
use certs::verbs::inspect::view::{Inspected, json::Document, short, text};
use certs::render::paint::Paint;
use libfuzzer_sys::fuzz_target;
use time::OffsetDateTime;

fuzz_target!(|data: &[u8]| {
    for password in [None, Some("geheim")] {
        let Ok(found) = read(data, password) else {
            continue;
        };
        let inputs = [Inspected {
            input: "fuzz".to_owned(),
            found,
        }];
        let now = OffsetDateTime::UNIX_EPOCH;
        let shown = text(&inputs, now, Paint::Plain) + &short(&inputs, now, Paint::Plain);
        assert!(
            shown.chars().all(|c| c == '\n' || !c.is_control()),
            "{shown:?}"
        );
        let document = Document {
            inputs: &inputs,
            errors: &[],
            now,
        };
        let document = serde_json::to_value(&document).expect("JSON");
        assert!(document["objects"].is_array());
    }
});
