//! `certs status`: the fleet at one moment.

use time::OffsetDateTime;

use crate::cli::absent::check_patterns;
use crate::cli::args::{SortBy, StatusArgs};
use crate::cli::error::{CliError, Exit};
use crate::cli::project::Project;
use crate::cli::ui::Ui;
use crate::plan::{Policy, plan};
use crate::render::json;
use crate::render::status::{self, Detail};
use crate::status::{Filter, Order, Status};
use crate::x509::Lifetime;

pub(crate) fn run(args: &StatusArgs, ui: Ui) -> Result<Exit, CliError> {
    let project = Project::load_to_plan(&args.source, ui)?;
    project.warn_of_journals(ui)?;
    let observed = project.survey()?;
    let now = OffsetDateTime::now_utc();
    let plan = plan(&project.fleet, &observed, now, &Policy::default());
    let mut status = Status::new(&project.fleet, &observed, &plan);
    check_patterns(&args.patterns, &project, &status)?;
    status.retain(&Filter {
        patterns: args.patterns.clone(),
        states: args.state.clone(),
        within: args.within.map(Lifetime::duration),
    });
    status.sort(order(args.sort));
    let text = if args.json {
        format!("{:#}\n", json::status(&status))
    } else if args.tree {
        status::tree(&status, ui.stdout)
    } else {
        let detail = if args.wide {
            Detail::Wide
        } else {
            Detail::Short
        };
        status::table(&status, detail, ui.stdout, ui.width())
    };
    ui.print(&text);
    Ok(Exit::Done)
}

fn order(sort: SortBy) -> Order {
    match sort {
        SortBy::Declared => Order::Declared,
        SortBy::Expiry => Order::Expiry,
        SortBy::State => Order::State,
        SortBy::Subject => Order::Subject,
    }
}
