pub mod model;

pub mod inspect;

pub mod issue;

pub mod seal;
