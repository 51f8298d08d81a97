//! Clocks that ran ahead or were never right: what they made is made again, and what they would make is asked for first.

use insta::assert_snapshot;
use time::{Duration, OffsetDateTime};

use crate::damage::{AUTHORITY, own_authority};
use crate::project::Project;

const YEARS: Duration = Duration::hours(87_600);
/// It remembers the key of the authority that was there before.
const INVENTORY: &str = "certs/inventory.json";

fn only_root() -> Project {
    Project::made_as(|project| project.nothing().root("root"))
}

#[test]
fn a_certificate_of_tomorrow_is_one_thing_in_every_verb_and_made_again() {
    let project = only_root();
    let now = OffsetDateTime::now_utc();
    own_authority(
        &project,
        "root",
        AUTHORITY,
        now + Duration::days(4000),
        YEARS,
    );
    project.remove(INVENTORY);
    let check = project.run(&["check", "--json"]).exits_with(1).json();
    let codes = check["findings"].to_string();
    assert!(codes.contains("not-yet-valid"), "{codes}");
    let plan = project.run(&["plan", "--json"]).exits_with(2).json();
    assert_eq!(plan["steps"][0]["reasons"][0]["code"], "not-yet-valid");
    let status = project.run(&["status", "--json"]).exits_with(0).json();
    assert_eq!(status["entries"][0]["state"], "not-yet-valid");
    let trust = project.run(&["trust", "show"]).text();
    assert!(trust.contains("valid only from"), "{trust}");
    project.recreate();
    project.run(&["check", "--strict"]).exits_with(0);
}

#[test]
fn a_run_asks_where_everything_expired_more_than_a_year_ago() {
    let project = only_root();
    let now = OffsetDateTime::now_utc();
    own_authority(
        &project,
        "root",
        AUTHORITY,
        now - Duration::days(20 * 365),
        YEARS,
    );
    project.remove(INVENTORY);
    let refused = project.refuses(&["recreate"]);
    assert_eq!(project.refuses(&["renew", "ca/root"]), refused);
    assert_snapshot!(refused);
    let plan = project.run(&["plan"]).exits_with(2).text();
    assert!(
        plan.contains("warning: the clock of this machine says"),
        "{plan}"
    );
    project.run(&["recreate", "--accept-clock"]).exits_with(0);
    project.run(&["check", "--strict"]).exits_with(0);
}
