//! Who operates a new project: the public keys that were given, the identity that is at hand, or one that is made on the spot.

use std::path::{Path, PathBuf};

use crate::cli::environment::{Home, OWN_IDENTITY as OWN, USUAL_IDENTITIES as USUAL, current_dir};
use crate::cli::error::CliError;
use crate::cli::git;
use crate::cli::ui::Asker;
use crate::render::words::{self, shown};
use crate::seal::{
    Coverage, Identities, Identity, IdentitySource, Recipient, RecipientSet, keygen,
};
use crate::store::outside;

/// Who may open every key of a project, and where their own private key lies.
#[derive(Debug)]
pub(crate) struct Operator {
    pub keys: Vec<Recipient>,
    /// As it is declared: from the home directory where it is below it.
    pub identity: String,
    pub origin: Origin,
}

/// Whether a missing identity is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Making {
    Written,
    /// For a run that only shows what it would do.
    Shown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Found,
    /// Nobody has a copy of it yet.
    Made,
}

impl Operator {
    /// The keys and the identity that were given; each is found by the other, and made if neither was given.
    pub(crate) fn choose(
        keys: &[Recipient],
        identity: Option<&str>,
        making: Making,
    ) -> Result<Self, CliError> {
        let home = Home::find();
        if let Some(name) = identity {
            let expanded = home.expand(name);
            return Self::with_identity(&current_dir()?.join(expanded), keys, &home);
        }
        let own = below(&home, OWN)?;
        if !keys.is_empty() {
            return Self::with_keys(keys, &home);
        }
        if outside::exists(&own) {
            return Self::with_identity(&own, keys, &home);
        }
        Self::made(&own, &home, making)
    }

    fn with_identity(path: &Path, keys: &[Recipient], home: &Home) -> Result<Self, CliError> {
        let shown = path.to_string_lossy().into_owned();
        let identity = read(path).map_err(|error| {
            CliError::new(format!("cannot use the identity {shown}"))
                .cause(error)
                .hint("give the file with your private key: --identity FILE")
        })?;
        let keys = if keys.is_empty() {
            identity.recipients().into_iter().cloned().collect()
        } else {
            keys.to_vec()
        };
        if keys.is_empty() {
            return Err(CliError::new(format!(
                "{shown} does not tell which public key it belongs to"
            ))
            .hint("give the public key with --recipient"));
        }
        let all: RecipientSet = keys.iter().cloned().collect();
        let identities = Identities::new(vec![identity], Box::new(Asker));
        if let Coverage::No { have, .. } = identities.can_open(&all) {
            let own = have.join(", ");
            return Err(CliError::new(format!(
                "{shown} opens nothing that is sealed to the recipients given"
            ))
            .cause(format!("it is {own}"))
            .hint("give its public key too, with --recipient"));
        }
        Ok(Self {
            keys,
            identity: home.short(path),
            origin: Origin::Found,
        })
    }

    /// What is sealed is opened again to prove it, so one of those who can has to be here.
    fn with_keys(keys: &[Recipient], home: &Home) -> Result<Self, CliError> {
        for name in USUAL {
            let path = below(home, name)?;
            let is_one = read(&path).is_ok_and(|identity| {
                let own = identity.recipients();
                own.iter().any(|recipient| keys.contains(recipient))
            });
            if is_one {
                return Ok(Self {
                    keys: keys.to_vec(),
                    identity: home.short(&path),
                    origin: Origin::Found,
                });
            }
        }
        let places: Vec<String> = USUAL.map(|name| format!("~/{name}")).to_vec();
        Err(CliError::new(
            "no private key is at hand that belongs to one of the recipients",
        )
        .cause(format!("looked at {}", words::some_of(&places, USUAL.len())))
        .hint("give it with --identity FILE: every key is opened once to prove that it was sealed well"))
    }

    /// The next `git add` of somebody who keeps their settings in Git would publish it.
    fn made(path: &Path, home: &Home, making: Making) -> Result<Self, CliError> {
        let failed = |error: std::io::Error| {
            CliError::new(format!("cannot make an identity at {}", shown(path)))
                .cause(error.to_string())
                .hint("give one with --identity FILE")
        };
        if let (Some(directory), Making::Written) = (path.parent(), making) {
            outside::create_directory(directory).map_err(failed)?;
        }
        if git::would_commit(path) {
            return Err(CliError::new(format!(
                "an identity at {} would be committed with what is around it",
                shown(path)
            ))
            .hint("list it in the .gitignore there, or give an identity with --identity FILE"));
        }
        let made = keygen::age_identity();
        if making == Making::Written {
            outside::write_secret(path, made.secret.as_bytes()).map_err(failed)?;
        }
        let key =
            Recipient::parse(&made.recipient).map_err(|error| CliError::from_error(&error))?;
        Ok(Self {
            keys: vec![key],
            identity: home.short(path),
            origin: Origin::Made,
        })
    }
}

fn read(path: &Path) -> Result<Identity, String> {
    let bytes = outside::read(path).map_err(|error| error.to_string())?;
    let source = IdentitySource {
        name: path.to_string_lossy().into_owned(),
        bytes,
    };
    Identity::parse(&source).map_err(|error| error.fault.to_string())
}

fn below(home: &Home, name: &str) -> Result<PathBuf, CliError> {
    let home = home.path().ok_or_else(|| {
        CliError::new("the home directory is not known, because HOME is not set")
            .hint("give an identity with --identity FILE")
    })?;
    Ok(home.join(name))
}
