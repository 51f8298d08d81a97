//! Nix source of the user: where an option is written, and agenix rules edited in place.
pub mod locate {
    #[derive(Debug)]
    pub struct Locator;
    pub struct Location { pub file: String, pub line: usize, pub column: usize, pub text: String, pub width: usize }
    impl Locator {
        pub fn scan(_root: &std::path::Path) -> Self { Self }
        pub fn find(&self, _o: &[String], _w: Option<&str>) -> Option<Location> { None }
    }
}
pub mod rules {
    use std::collections::BTreeMap;
    pub fn ours() -> &'static str { "builtins.x" }
    pub fn is_ours(_b: &[u8]) -> bool { true }
    pub fn merge(s: &str, _e: &BTreeMap<String, Vec<String>>) -> Result<String, String> { Ok(s.to_owned()) }
}
