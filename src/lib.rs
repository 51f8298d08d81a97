

pub mod model;
