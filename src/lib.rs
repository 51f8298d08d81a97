pub mod nixfiles;
pub mod store;
