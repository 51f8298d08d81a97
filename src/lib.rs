

pub mod model;
pub mod inspect;
