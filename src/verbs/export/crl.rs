//! `certs export crl`: the revocation lists of authorities.

use super::arguments::CrlArgs;
use super::material::authority;
use super::output::{Content, Output};
use crate::cli::error::{CliError, Exit};
use crate::cli::project::{Project, store_error};
use crate::cli::ui::Ui;
use crate::fleet::Authority;
use crate::x509::pem;

pub(crate) fn run(args: &CrlArgs, ui: Ui) -> Result<Exit, CliError> {
    let project = Project::load(&args.source, ui)?;
    let content = if args.der {
        Content::Binary
    } else {
        Content::Text
    };
    let output = Output::public(content, &args.out, ui)?;
    let named: Vec<&Authority> = args
        .authorities
        .iter()
        .map(|pattern| authority(&project, pattern))
        .collect::<Result<_, _>>()?;
    let lists = lists(&project, &named)?;
    let bytes = if args.der {
        one_as_der(&lists)?
    } else {
        lists.concat()
    };
    output.finish(&bytes, ui)
}

/// The lists of these authorities; without a name those of all that have one.
fn lists(project: &Project, named: &[&Authority]) -> Result<Vec<Vec<u8>>, CliError> {
    if !named.is_empty() {
        let lists = named.iter().map(|authority| {
            let list = read(project, authority)?;
            list.ok_or_else(|| {
                CliError::new(format!("{} has no revocation list", authority.id()))
                    .hint(format!("`certs crl {}` makes one", authority.name))
            })
        });
        return lists.collect();
    }
    let mut lists = Vec::new();
    for authority in &project.fleet.authorities {
        lists.extend(read(project, authority)?);
    }
    if lists.is_empty() {
        return Err(CliError::new("no authority has a revocation list")
            .hint("`certs crl --all` makes them"));
    }
    Ok(lists)
}

fn read(project: &Project, authority: &Authority) -> Result<Option<Vec<u8>>, CliError> {
    let file = project
        .root
        .read(&authority.crl)
        .map_err(|error| store_error(&error))?;
    Ok(file.map(|file| file.bytes))
}

fn one_as_der(lists: &[Vec<u8>]) -> Result<Vec<u8>, CliError> {
    let [list] = lists else {
        return Err(
            CliError::new("DER holds one list, and there are several").hint("name one authority")
        );
    };
    let unread = CliError::new("the revocation list cannot be read");
    match pem::read(list).into_iter().next() {
        Some(Ok(block)) => Ok(block.contents.to_vec()),
        Some(Err(flaw)) => Err(unread.cause(flaw.to_string())),
        None => Err(unread.cause("it has no PEM block")),
    }
}
