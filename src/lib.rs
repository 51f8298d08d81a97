pub mod inspect;
pub mod issue;
pub mod model;
