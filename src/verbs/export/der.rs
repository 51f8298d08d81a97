//! `certs export der`: one certificate or its private key.

use zeroize::Zeroizing;

use super::arguments::{DerArgs, DerPart};
use super::material::{artifact, chain, open_key};
use super::output::{Content, Output};
use crate::cli::error::{CliError, Exit};
use crate::cli::project::Project;
use crate::cli::ui::Ui;

pub(crate) fn run(args: &DerArgs, ui: Ui) -> Result<Exit, CliError> {
    let project = Project::load(&args.of.source, ui)?;
    let artifact = artifact(&project, &args.of.certificate)?;
    let content = match args.part {
        DerPart::Leaf | DerPart::Root => Content::Binary,
        DerPart::Key => Content::Secret,
    };
    let output = Output::of(content, &args.out, ui)?;
    let chain = chain(&project, artifact, ui)?;
    let bytes = match args.part {
        DerPart::Leaf => Zeroizing::new(chain.own.der),
        DerPart::Root => Zeroizing::new(chain.root.der),
        DerPart::Key => {
            let key = open_key(&project, artifact, &chain.own, &args.out.identity.files)?;
            key.to_pkcs8()
                .map_err(|error| CliError::from_error(&error))?
        }
    };
    output.finish(&bytes, ui)
}
