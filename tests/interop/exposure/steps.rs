//! Carries out what is printed, literally: commands are typed as they are printed, edits are made as the sentence says.

use libtest_mimic::Failed;
use serde_json::{Value, json};

use super::Loot;
use super::fleet::Fleet;
use crate::project::expect;

/// Where the printed command puts a new operator's identity.
const NEW: &str = "home/.config/certs/identity-new.txt";

/// A sentence and the lines that are typed for it.
struct Step {
    text: String,
    script: String,
}

/// The numbered steps of an answer.
fn read(said: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let lines = said
        .lines()
        .skip_while(|line| *line != "If that key is lost:")
        .skip(1);
    for line in lines {
        if let Some(command) = line.strip_prefix("     ") {
            if let Some(step) = steps.last_mut() {
                step.script.push_str(command);
                step.script.push('\n');
            }
        } else if let Some((_, text)) = line.trim_start().split_once(". ")
            && line.starts_with("  ")
        {
            steps.push(Step {
                text: text.to_owned(),
                script: String::new(),
            });
        }
    }
    steps
}

pub(super) fn carry_out(fleet: &Fleet, loot: Loot, said: &str) -> Result<(), Failed> {
    let steps = read(said);
    expect(!steps.is_empty(), &format!("no steps in:\n{said}"))?;
    for step in steps {
        let begins = |words: &str| step.text.starts_with(words);
        if begins("take ") && step.text.contains("out of certToolkit.userAgeKeys") {
            take_out(fleet, loot)?;
        } else if begins("no other operator could") {
            run(fleet, &step.script)?;
            add_operator(fleet)?;
        } else if let Loot::OnlyCopy(_) = loot
            && step
                .text
                .contains("move the sealed keys away and leave this out")
        {
            run(fleet, "find secrets -name '*.key.age' -delete")?;
        } else if begins("give ") && step.text.contains("as root on") {
            // Here the host is a file.
            let Loot::Host(host) = loot else {
                return Err(step.text.into());
            };
            let key = format!("host-keys/{host}");
            run(
                fleet,
                &step.script.replace("/etc/ssh/ssh_host_ed25519_key", &key),
            )?;
        } else if begins("commit") {
            expect(step.script.is_empty(), &step.script)?;
            fleet.commit("as told")?;
        } else {
            expect(
                !step.script.is_empty(),
                &format!("nothing to type for: {}", step.text),
            )?;
            run(fleet, &step.script)?;
        }
    }
    Ok(())
}

fn run(fleet: &Fleet, script: &str) -> Result<(), Failed> {
    let programs = env!("CARGO_BIN_EXE_certs").trim_end_matches("certs");
    let home = fleet.project.path("home").display().to_string();
    let script = format!("PATH={programs}:$PATH\nHOME={home}\nexport PATH HOME\n{script}");
    let words = ["sh", "-ec", &script];
    fleet.project.bench.run_words(&words).map(drop)
}

/// Whoever is left opens the files from now on.
fn take_out(fleet: &Fleet, loot: Loot) -> Result<(), Failed> {
    let (Loot::Operator(who) | Loot::OnlyCopy(who)) = loot else {
        return Err("nobody is to be taken out".into());
    };
    let public = String::from_utf8(fleet.project.bench.read(&format!("operators/{who}.pub"))?)?;
    let mut manifest = fleet.manifest()?;
    each_users(&mut manifest, &mut |users| {
        users.retain(|user| user != &json!(public.trim()));
    });
    if manifest["identities"] == json!([format!("operators/{who}")]) {
        let is_new = fleet.project.path(NEW).exists();
        manifest["identities"] = json!([if is_new { NEW } else { "operators/bob" }]);
    }
    fleet.declare(&manifest)
}

fn add_operator(fleet: &Fleet) -> Result<(), Failed> {
    let identity = "home/.config/certs/identity-new.txt";
    let public = fleet
        .project
        .bench
        .run(&format!("age-keygen -y {identity}"))?;
    let mut manifest = fleet.manifest()?;
    each_users(&mut manifest, &mut |users| users.push(json!(public.trim())));
    fleet.declare(&manifest)
}

fn each_users(manifest: &mut Value, change: &mut dyn FnMut(&mut Vec<Value>)) {
    for kind in ["authorities", "hosts", "keyPairs"] {
        let declared = manifest[kind].as_object_mut().into_iter();
        for declared in declared.flat_map(|declared| declared.values_mut()) {
            if let Some(users) = declared["users"].as_array_mut() {
                change(users);
            }
        }
    }
}
