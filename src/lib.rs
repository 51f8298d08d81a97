pub mod inspect;
pub mod model;
pub mod seal;
