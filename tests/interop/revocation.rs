//! What Git remembers of revocations: earlier certificates for a key that is revoked, and lists that are not in the tree any more.
//! OpenSSL reads the lists.

use libtest_mimic::{Failed, Trial};
use serde_json::json;

use crate::project::{DIR, Declaration, Project, expect};
use crate::tool::trial;

const PROGRAMS: [&str; 4] = ["git", "age", "age-keygen", "openssl"];
const SOURCE: &str = "--manifest manifest.json --root .";

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial(
            "revocation::what_was_renewed_is_revoked_with_every_certificate_for_its_key",
            &PROGRAMS,
            whole_key,
        ),
        trial(
            "revocation::a_superseded_file_alone_is_revoked_alone",
            &PROGRAMS,
            one_file,
        ),
        trial(
            "revocation::a_list_that_was_lost_or_taken_from_another_branch_is_made_whole",
            &PROGRAMS,
            lost_list,
        ),
        trial(
            "revocation::a_number_is_known_from_history_or_warned_of",
            &PROGRAMS,
            number,
        ),
        trial(
            "revocation::what_git_was_told_elsewhere_hides_no_certificate",
            &PROGRAMS,
            other_settings,
        ),
        trial(
            "revocation::a_list_that_only_the_inventory_was_committed_with_is_missed",
            &PROGRAMS,
            half_committed,
        ),
        trial(
            "revocation::a_shallow_clone_says_that_it_cannot_know_of_earlier_lists",
            &PROGRAMS,
            shallow,
        ),
        trial(
            "revocation::what_was_revoked_and_is_gone_is_named_to_who_asks_for_it",
            &PROGRAMS,
            gone,
        ),
        trial(
            "revocation::while_both_keys_of_an_authority_are_trusted_there_is_a_list_by_each",
            &PROGRAMS,
            both_keys,
        ),
        trial(
            "revocation::a_revocation_that_git_reverted_is_found",
            &PROGRAMS,
            reverted,
        ),
        trial(
            "revocation::a_compromised_key_is_not_certified_again",
            &PROGRAMS,
            compromised,
        ),
    ]
}

/// With certificates for a NAS and a printer, issued by hand and committed.
fn made() -> Result<Project, Failed> {
    let lab = json!({ "allowedDomains": ["lab.example"], "allowSubdomains": true });
    let declaration = Declaration::default()
        .authority("root", &json!({}))
        .role("lab", "root", &lab);
    let project = Project::made(&declaration)?;
    project.bench.run("git init -q")?;
    for holder in ["nas", "printer"] {
        let san = format!("--san {holder}.lab.example");
        project.ends_with(0, &format!("issue {holder} {san} {SOURCE}"))?;
    }
    commit(&project)?;
    Ok(project)
}

fn commit(project: &Project) -> Result<(), Failed> {
    project.bench.run("git add -A")?;
    let identity = "-c user.name=x -c user.email=x@example.com";
    let line = format!("git {identity} commit --allow-empty -qm step");
    project.bench.run(&line).map(drop)
}

fn serial(project: &Project, file: &str) -> Result<String, Failed> {
    let said = project
        .bench
        .run(&format!("openssl x509 -in {file} -noout -serial"))?;
    Ok(said.trim().trim_start_matches("serial=").to_owned())
}

fn list(project: &Project) -> Result<String, Failed> {
    let line = format!("openssl crl -in {DIR}/ca/root.crl -noout -text -crlnumber");
    project.bench.run(&line)
}

fn reverted() -> Result<(), Failed> {
    let project = made()?;
    for holder in ["nas", "printer"] {
        project.ends_with(0, &format!("revoke {holder} {SOURCE}"))?;
        commit(&project)?;
    }
    project.ends_with(0, &format!("check {SOURCE}"))?;
    let revert = "git -c user.name=x -c user.email=x@example.com revert --no-edit";
    project.bench.run(&format!("{revert} HEAD"))?;
    let said = project.ends_with(1, &format!("check {SOURCE}"))?;
    expect(said.contains("crl-rolled-back"), &said)?;
    project.bench.run("git reset -q --hard HEAD~1")?;
    project.bench.run(&format!("{revert} HEAD HEAD~1"))?;
    let said = project.ends_with(1, &format!("check {SOURCE}"))?;
    expect(said.contains("crl-missing"), &said)?;
    project.ends_with(0, &format!("crl root {SOURCE}"))?;
    let list = list(&project)?;
    expect(list.matches("Serial Number").count() == 2, &list)
}

fn whole_key() -> Result<(), Failed> {
    let project = made()?;
    let file = format!("{DIR}/issued/nas/root/lab.crt");
    let first = serial(&project, &file)?;
    project.ends_with(0, &format!("renew nas {SOURCE}"))?;
    let second = serial(&project, &file)?;
    let said = project.ends_with(0, &format!("revoke nas {SOURCE}"))?;
    expect(said.contains("1 other certificate for the same key"), &said)?;
    let list = list(&project)?;
    for serial in [first, second] {
        let line = format!("Serial Number: {serial}");
        expect(list.contains(&line), &format!("{line} is not in\n{list}"))?;
    }
    Ok(())
}

fn one_file() -> Result<(), Failed> {
    let project = made()?;
    let file = format!("{DIR}/issued/nas/root/lab.crt");
    project.bench.run(&format!("cp {file} old.crt"))?;
    project.ends_with(0, &format!("renew nas {SOURCE}"))?;
    commit(&project)?;
    let superseded = format!("revoke old.crt --reason superseded {SOURCE}");
    project.ends_with(0, &superseded)?;
    let alone = list(&project)?;
    expect(alone.matches("Serial Number").count() == 1, &alone)?;
    // Whoever has the key has that of every other certificate for it.
    project.bench.run(&format!("cp {file} new.crt"))?;
    project.ends_with(
        0,
        &format!("revoke new.crt --reason key-compromise {SOURCE}"),
    )?;
    let both = list(&project)?;
    expect(both.matches("Serial Number").count() == 2, &both)?;
    expect(
        !project.path(&file).exists(),
        "what was issued by hand is still there",
    )
}

fn number() -> Result<(), Failed> {
    let project = made()?;
    let first = serial(&project, &format!("{DIR}/issued/nas/root/lab.crt"))?;
    project.ends_with(0, &format!("renew nas {SOURCE}"))?;
    let warning = "is known here";
    let known = project.ends_with(0, &format!("revoke --serial {first} --ca root {SOURCE}"))?;
    expect(!known.contains(warning), &known)?;
    let unknown = project.ends_with(0, &format!("revoke --serial 12AB --ca root {SOURCE}"))?;
    expect(unknown.contains(warning), &unknown)
}

/// Variables of a hook, and settings of a person.
fn other_settings() -> Result<(), Failed> {
    let project = made()?;
    project.ends_with(0, &format!("renew nas {SOURCE}"))?;
    for setting in [
        "log.showRoot false",
        "log.showSignature true",
        "log.diffMerges off",
        "diff.orderFile /nonexistent",
    ] {
        project.bench.run(&format!("git config {setting}"))?;
    }
    project.bench.run("git init -q elsewhere")?;
    project.bench.write("elsewhere/.git/info/exclude", "*")?;
    let certs = env!("CARGO_BIN_EXE_certs");
    let line = |words: &str| {
        format!(
            "env GIT_DIR=elsewhere/.git GIT_INDEX_FILE=elsewhere/.git/index {certs} {words} {SOURCE}"
        )
    };
    let key = line("export pem nas --part key -o nas.key");
    let refused = project.bench.refuses(&key)?;
    expect(refused.contains("in a Git work tree"), &refused)?;
    let said = project.bench.run(&line("revoke nas"))?;
    expect(said.contains("1 other certificate for the same key"), &said)
}

fn lost_list() -> Result<(), Failed> {
    let project = made()?;
    project.ends_with(0, &format!("revoke nas {SOURCE}"))?;
    commit(&project)?;
    project.bench.run(&format!("rm {DIR}/ca/root.crl"))?;
    let said = project.ends_with(0, &format!("crl --all {SOURCE}"))?;
    expect(said.contains("lacks 1 revocation"), &said)?;
    let whole = list(&project)?;
    expect(
        whole.contains("crlNumber=0x02") || whole.contains("crlNumber=02"),
        &whole,
    )?;
    expect(whole.matches("Serial Number").count() == 1, &whole)?;
    // The list of a branch that knows nothing of the other's.
    project.bench.run("git checkout -q . ")?;
    project.bench.run("git checkout -q -b other HEAD~1")?;
    project.ends_with(0, &format!("revoke printer {SOURCE}"))?;
    let merged = list(&project)?;
    expect(
        merged.contains("crlNumber=0x02") || merged.contains("crlNumber=02"),
        &merged,
    )?;
    expect(merged.matches("Serial Number").count() == 2, &merged)
}

/// `git commit -a` takes the inventory, which Git knows, and not the list, which it has never seen.
fn half_committed() -> Result<(), Failed> {
    let project = made()?;
    project.ends_with(0, &format!("revoke nas {SOURCE}"))?;
    let identity = "-c user.name=x -c user.email=x@example.com";
    project
        .bench
        .run(&format!("git {identity} commit -qam revoked"))?;
    project.bench.run(&format!("mv {DIR}/ca/root.crl .git/"))?;
    let said = project.ends_with(1, &format!("check {SOURCE}"))?;
    expect(said.contains("error[crl-missing]"), &said)?;
    let said = project.ends_with(1, &format!("revoke printer {SOURCE}"))?;
    expect(said.contains("without 1 revocation"), &said)?;
    project.bench.run(&format!("mv .git/root.crl {DIR}/ca/"))?;
    project.ends_with(0, &format!("revoke printer {SOURCE}"))?;
    let whole = list(&project)?;
    expect(whole.matches("Serial Number").count() == 2, &whole)?;
    // Both were committed, then both were forgotten; the history has them.
    commit(&project)?;
    project.bench.run(&format!("git rm -q {DIR}/ca/root.crl"))?;
    let said = project.ends_with(0, &format!("crl {SOURCE}"))?;
    expect(said.contains("lacks 2 revocations"), &said)?;
    let whole = list(&project)?;
    expect(
        whole.contains("crlNumber=0x03") || whole.contains("crlNumber=03"),
        &whole,
    )
}

fn shallow() -> Result<(), Failed> {
    let project = made()?;
    let head = project.bench.run("git rev-parse HEAD")?;
    project.bench.write(".git/shallow", &head)?;
    let said = project.ends_with(0, &format!("crl root {SOURCE}"))?;
    expect(said.contains("this is a shallow clone"), &said)?;
    let said = project.ends_with(0, &format!("crl root {SOURCE}"))?;
    expect(!said.contains("shallow"), &said)
}

fn gone() -> Result<(), Failed> {
    let project = made()?;
    let file = format!("{DIR}/issued/nas/root/lab.crt");
    let serial = serial(&project, &file)?.to_lowercase();
    project.ends_with(0, &format!("revoke nas {SOURCE}"))?;
    let told = format!("hint: {file} is gone: serial number {serial}, until ");
    for line in [
        "export pem nas",
        "export kubeconfig nas/root/lab",
        "renew nas",
        "revoke nas",
        "status nas",
    ] {
        let said = project.ends_with(1, &format!("{line} {SOURCE}"))?;
        let is_told = said
            .lines()
            .any(|line| line.starts_with(&told) && line.ends_with(", revoked"));
        expect(is_told && said.contains("certs history --all"), &said)?;
    }
    // What never was is not looked for in what was.
    let said = project.ends_with(1, &format!("export pem nothing {SOURCE}"))?;
    expect(!said.contains("is gone"), &said)
}

/// OpenSSL takes a list only from the key that signed the certificate.
fn both_keys() -> Result<(), Failed> {
    let project = made()?;
    let (root, crl) = (format!("{DIR}/ca/root.crt"), format!("{DIR}/ca/root.crl"));
    for (holder, copy) in [("nas", "good.crt"), ("printer", "bad.crt")] {
        let file = format!("{DIR}/issued/{holder}/root/lab.crt");
        project.bench.run(&format!("cp {file} {copy}"))?;
    }
    project.bench.run(&format!("cp {root} old.crt"))?;
    project.ends_with(0, &format!("revoke printer {SOURCE}"))?;
    project.bench.run(&format!("cp {crl} old.crl"))?;
    project.recreate("--replace ca/root")?;
    project.ends_with(0, &format!("crl {SOURCE}"))?;
    let new = format!("{DIR}/issued/nas/root/lab.crt");
    let verify = |roots: &str, lists: &str, file: &str| {
        format!("openssl verify -crl_check -CAfile {roots} -CRLfile {lists} {file}")
    };
    for (roots, file) in [
        (root.as_str(), "good.crt"),
        (&root, &new),
        ("old.crt", "good.crt"),
    ] {
        project.bench.run(&verify(roots, &crl, file))?;
    }
    for roots in [root.as_str(), "old.crt"] {
        let said = project.bench.refuses(&verify(roots, &crl, "bad.crt"))?;
        expect(said.contains("certificate revoked"), &said)?;
    }
    project.ends_with(0, &format!("verify good.crt {SOURCE}"))?;
    let said = project.ends_with(1, &format!("verify bad.crt {SOURCE}"))?;
    expect(said.contains("revoked"), &said)?;
    project.ends_with(0, &format!("check {SOURCE}"))?;
    // Two lists of one issuer are one series.
    let metrics = project.ends_with(0, &format!("metrics {crl}"))?;
    expect(
        metrics.matches("\ncerts_crl_revoked{").count() == 1,
        &metrics,
    )?;
    // The list by the new key alone says nothing of what the old one signed.
    project
        .bench
        .run_words(&["openssl", "crl", "-in", &crl, "-out", "new.crl"])?;
    let said = project
        .bench
        .refuses(&verify(&root, "new.crl", "good.crt"))?;
    expect(said.contains("unable to get certificate CRL"), &said)?;
    // Once the old certificate is trusted no longer, its list goes.
    project
        .bench
        .run_words(&["openssl", "x509", "-in", &root, "-out", &root])?;
    project.ends_with(0, &format!("crl root {SOURCE}"))?;
    let file = project.bench.run(&format!("cat {crl}"))?;
    expect(file.matches("BEGIN").count() == 1, &file)
}

fn compromised() -> Result<(), Failed> {
    let project = made()?;
    project.bench.run(
        "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out .git/phone.pem",
    )?;
    project
        .bench
        .run("openssl req -new -key .git/phone.pem -subj /CN=phone.lab.example -out phone.csr")?;
    project.ends_with(0, &format!("sign phone.csr phone {SOURCE}"))?;
    commit(&project)?;
    project.ends_with(0, &format!("revoke phone --reason key-compromise {SOURCE}"))?;
    let said = project.ends_with(1, &format!("sign phone.csr tablet {SOURCE}"))?;
    expect(said.contains("the key is compromised"), &said)
}
