//! Who may be given a certificate by hand: any name that the layout of the tree leaves free. Where things lie is the store's.

use super::name::{Name, NameError};

/// The directories of the tree, below which certificates and sealed keys lie.
pub const PLACES: [&str; 4] = ["ca", "derived", "issued", "shared"];

/// The reason a text is not a valid holder name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HolderError {
    #[error(transparent)]
    Name(#[from] NameError),
    /// `ca/web/server` would read as if it were an authority's.
    #[error(
        "{0:?} is the name of a directory of the tree, with which the names of other things begin (ca/<authority>, shared/<key pair>); call \
         the holder otherwise"
    )]
    Place(String),
}

/// The name of a holder. Case is no difference: on some file systems it is none.
pub fn holder(text: &str) -> Result<Name, HolderError> {
    let name = Name::new(text)?;
    if PLACES.iter().any(|place| text.eq_ignore_ascii_case(place)) {
        return Err(HolderError::Place(text.to_owned()));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_holder_is_not_called_like_a_directory_of_the_tree() {
        for place in ["ca", "CA", "shared", "issued", "derived"] {
            assert_eq!(holder(place), Err(HolderError::Place(place.to_owned())));
        }
        assert!(matches!(holder("-"), Err(HolderError::Name(_))));
        assert!(holder("cab").is_ok());
    }
}
