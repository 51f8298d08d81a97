//! Reads back who each sealed file was for when it was made, as `recipients.json` has it. Whether that is so the file itself bears out.

use std::collections::BTreeMap;

use crate::inspect::json::refuse_repeated_keys;

/// Path of each sealed file → public keys, as they stand there. A file that cannot be read tells nothing: it is made anew from the
/// declaration.
pub fn entries(json: &[u8]) -> BTreeMap<String, Vec<String>> {
    if refuse_repeated_keys(json).is_err() {
        return BTreeMap::new();
    }
    serde_json::from_slice(json).unwrap_or_default()
}
