//! What `certs exposure` prints ends what was stolen: a thief takes a key and everything it opens, the printed steps are carried out as they
//! are printed, and then nothing the thief has is accepted by any verifier of the fleet or opens anything in the new commits.

mod fleet;
mod steps;
mod thief;

use std::sync::OnceLock;

use libtest_mimic::{Failed, Trial};

use self::fleet::Fleet;
use self::thief::Thief;
use crate::project::expect;
use crate::tool::trial;

const PROGRAMS: [&str; 4] = ["git", "age", "age-keygen", "ssh-keygen"];

/// What is stolen.
#[derive(Clone, Copy)]
enum Loot {
    /// By the file of the identity, below `operators/`.
    Operator(&'static str),
    /// The same, and the owner has no copy of it.
    OnlyCopy(&'static str),
    Host(&'static str),
    /// The key of an artifact, as it is today.
    Key(&'static str),
}

type Make = fn() -> Result<Fleet, Failed>;

/// How the fleets are made. Each is made once and copied for every theft.
static FLEETS: [(&str, Make, &[Loot]); 4] = [
    ("flat", fleet::flat, &FLAT),
    ("tiered", fleet::tiered, &TIERED),
    ("plain", fleet::plain, &PLAIN),
    ("alone", fleet::alone, &ALONE),
];

static FLAT: [Loot; 9] = [
    Loot::Operator("bob"),
    Loot::Operator("ada"),
    Loot::Host("cp1"),
    Loot::Host("w1"),
    Loot::Key("ca/kubernetes"),
    Loot::Key("ca/etcd"),
    Loot::Key("w1/kubernetes/kubelet"),
    Loot::Key("cp1/kubernetes/super-admin"),
    Loot::Key("shared/service-account"),
];

static TIERED: [Loot; 4] = [
    Loot::Host("cp1"),
    Loot::Key("ca/kubernetes-signing"),
    Loot::Key("ca/root"),
    Loot::Key("w1/kubernetes/kubelet"),
];

static PLAIN: [Loot; 6] = [
    Loot::Operator("bob"),
    Loot::Host("web1"),
    Loot::Key("ca/middle"),
    Loot::Key("ca/root"),
    Loot::Key("web1/middle/server"),
    Loot::Key("nas/middle/web"),
];

static ALONE: [Loot; 3] = [
    Loot::Operator("ada"),
    Loot::OnlyCopy("ada"),
    Loot::Host("web1"),
];

pub(crate) fn trials() -> Vec<Trial> {
    static MADE: [OnceLock<Result<Fleet, String>>; 4] = [const { OnceLock::new() }; 4];
    let mut trials = Vec::new();
    for ((name, make, loot), made) in FLEETS.iter().zip(&MADE) {
        for loot in *loot {
            let title = match loot {
                Loot::Operator(who) => format!("operator {who}"),
                Loot::OnlyCopy(who) => format!("the only copy of operator {who}"),
                Loot::Host(who) => format!("host {who}"),
                Loot::Key(what) => (*what).to_owned(),
            };
            let run = move || {
                let fleet = made.get_or_init(|| make().map_err(|failed| format!("{failed:?}")));
                let fleet = fleet.as_ref().map_err(Clone::clone)?;
                steps_end_it(&fleet.copied()?, *loot)
            };
            trials.push(trial(
                format!("exposure::{name}::the_steps_end_what_a_thief_of_{title}_has")
                    .replace(' ', "_"),
                &PROGRAMS,
                run,
            ));
        }
    }
    trials
}

fn steps_end_it(fleet: &Fleet, loot: Loot) -> Result<(), Failed> {
    let mut thief = Thief::default();
    let who = thief.steal(fleet, loot)?;
    thief.search(fleet)?;
    let before = thief.succeeds_with(fleet)?;
    expect(
        !before.is_empty(),
        "nothing was stolen that could be used before the steps",
    )?;
    let said = fleet.exposure(&who)?;
    steps::carry_out(fleet, loot, &said)?;
    fleet.commit("after the steps")?;
    thief.search(fleet)?;
    let after = thief.succeeds_with(fleet)?;
    expect(
        after.is_empty(),
        &format!(
            "after these steps:\n{said}\nthe thief still has:\n{}",
            after.join("\n")
        ),
    )?;
    fleet.is_settled()
}
