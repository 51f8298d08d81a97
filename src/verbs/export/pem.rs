//! `certs export pem`: a certificate, its chain or its private key.

use zeroize::Zeroizing;

use super::arguments::{PemArgs, PemPart};
use super::material::{artifact, chain, open_key, roots_of};
use super::output::{Content, Output};
use crate::cli::error::{CliError, Exit};
use crate::cli::project::Project;
use crate::cli::ui::Ui;
use crate::export::chain::pem;

pub(crate) fn run(args: &PemArgs, ui: Ui) -> Result<Exit, CliError> {
    let project = Project::load(&args.of.source, ui)?;
    let artifact = artifact(&project, &args.of.certificate)?;
    let content = match args.part {
        PemPart::Key | PemPart::Combined => Content::Secret,
        PemPart::Leaf | PemPart::Chain | PemPart::Fullchain | PemPart::Bundle => Content::Text,
    };
    let output = Output::of(content, &args.out, ui)?;
    let chain = chain(&project, artifact, ui)?;
    let key = || {
        let key = open_key(&project, artifact, &chain.own, &args.out.identity.files)?;
        key.to_pem().map_err(|error| CliError::from_error(&error))
    };
    let text = match args.part {
        PemPart::Leaf => Zeroizing::new(pem([&chain.own])),
        PemPart::Chain => Zeroizing::new(pem(&chain.intermediates)),
        PemPart::Fullchain => Zeroizing::new(pem(chain.sent())),
        PemPart::Bundle => Zeroizing::new(pem(&roots_of(&project, artifact, ui)?.certificates)),
        PemPart::Key => key()?,
        PemPart::Combined => {
            let (key, certificates) = (key()?, pem(chain.sent()));
            // Room for both from the start: a text that moves leaves a copy of the key behind.
            let mut both = Zeroizing::new(String::with_capacity(key.len() + certificates.len()));
            both.push_str(&key);
            both.push_str(&certificates);
            both
        }
    };
    if text.is_empty() {
        ui.tell(&format!(
            "warning: nothing stands between {} and its root\n",
            artifact.id()
        ));
    }
    output.finish(text.as_bytes(), ui)
}
