//! Rules (in the making).
use std::collections::BTreeMap;
pub fn ours() -> &'static str { "builtins.fromJSON (builtins.readFile ./recipients.json)" }
pub fn is_ours(_b: &[u8]) -> bool { true }
pub fn merge(s: &str, _e: &BTreeMap<String, Vec<String>>) -> Result<String, String> { Ok(s.to_owned()) }
