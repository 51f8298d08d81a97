//! Evaluates the modules that docs/guides/nixos-services.md shows, as they are written there, on the services of a whole nixpkgs. The guides'
//! own tests issue the certificates; here files of any content take their place, because evaluation only says where they are.

use std::error::Error;
use std::fs;
use std::path::Path;

use libtest_mimic::Trial;

use crate::evaluation::{Evaluator, literal};
use crate::{repository, results};

const PAGE: &str = "docs/guides/nixos-services.md";

pub(crate) fn trials(nix: Option<&Evaluator>) -> Result<Vec<Trial>, Box<dyn Error>> {
    let (Some(nix), Some(nixpkgs)) = (nix, std::env::var_os("CERTS_NIXPKGS")) else {
        return Ok(vec![Trial::test(PAGE, || Ok(())).with_ignored_flag(true)]);
    };
    let page = fs::read_to_string(repository().join(PAGE))?;
    let projects = tempfile::tempdir()?;
    let before = projects.path().join("before");
    let after = projects.path().join("after");
    project(&page, &before, "issued")?;
    project(&page, &after, "renewed")?;
    let argument = format!(
        "{{ nixpkgs = {}; before = {}; after = {}; }}",
        literal(Path::new(&nixpkgs)),
        literal(&before),
        literal(&after)
    );
    let judge = repository().join("tests/nix/services-guide.nix");
    Ok(results(nix, &judge, &argument))
}

/// What a reader of the page has, with this for the text of each certificate.
fn project(page: &str, directory: &Path, certificate: &str) -> Result<(), Box<dyn Error>> {
    for block in page.split("\n```nix file=").skip(1) {
        let (name, rest) = block.split_once('\n').ok_or("a file without a text")?;
        let (text, _) = rest.split_once("\n```").ok_or("a block without an end")?;
        write(&directory.join(name), text)?;
    }
    let recipient = "age1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs3290gq";
    write(&directory.join("operator.pub"), recipient)?;
    write(&directory.join("ssh-host-keys/web1.pub"), recipient)?;
    for name in ["www", "db"] {
        let stem = format!("secrets/certs/derived/web1/services-{name}");
        write(&directory.join(format!("{stem}.crt")), certificate)?;
        write(&directory.join(format!("{stem}.key.age")), "sealed")?;
    }
    Ok(())
}

fn write(file: &Path, text: &str) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(file.parent().ok_or("a file without a directory")?)?;
    Ok(fs::write(file, text)?)
}
