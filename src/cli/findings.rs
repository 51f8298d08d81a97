//! From a loaded project to its findings: collects what the lints want to know of the tree, and shows what they found with its source lines.

use super::key_history::PastKeys;
use super::project::{Project, place_of};
use super::ui::Ui;
use crate::fleet::{Fleet, Observed};
use crate::lint::{self, Basis, Finding, Severity, Spot, Subject, Tree};
use crate::nixfiles::locate::{Location, Locator};
use crate::observe::exposed::exposed;
use crate::plan::Pattern;
use crate::render::fault::Place;
use crate::render::finding::{self, Placed};
use crate::render::{sarif, words};
use crate::store::Tracking;

/// The findings to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    Everything,
    /// Errors and warnings, allowed ones too.
    ButInformation,
}

/// The findings of a project, and where its sources are.
#[derive(Debug)]
pub(crate) struct Findings {
    list: Vec<Finding>,
    locator: Locator,
}

impl Findings {
    /// Judges the declaration, the files and what else is committed; of artifacts only those that a pattern selects, if there is any.
    pub(crate) fn of(project: &Project, observed: &Observed, only: &[Pattern]) -> Self {
        Self::with(project, observed, only, PastKeys::default())
    }

    /// The same, and the keys that Git had once, which takes as long as its history is.
    pub(crate) fn in_depth(project: &Project, observed: &Observed, only: &[Pattern]) -> Self {
        let past = PastKeys::around(project.root.path()).opening(project);
        Self::with(project, observed, only, past)
    }

    fn with(project: &Project, observed: &Observed, only: &[Pattern], past: PastKeys) -> Self {
        let locator = Locator::scan(project.root.path());
        let tree = Tree {
            past_keys: past.keys,
            past_unread: past.unread,
            ..tree(project, &locator)
        };
        let mut list = lint::lint(&project.fleet, Some(observed), &tree);
        list.retain(|finding| is_selected(finding, only));
        Self { list, locator }
    }

    /// Whether anything as bad as this, or worse, is open.
    pub(crate) fn reach(&self, severity: Severity) -> bool {
        self.open().any(|finding| finding.severity <= severity)
    }

    pub(crate) fn blocking(&self) -> usize {
        lint::blocking(&self.list).count()
    }

    /// Each finding with its source line.
    pub(crate) fn each(&self) -> Vec<Placed<'_>> {
        self.placed(|_| true)
    }

    /// What was found, as much of it as is wanted.
    pub(crate) fn in_detail(&self, detail: Detail, ui: Ui) -> String {
        let is_wanted = |finding: &Finding| match detail {
            Detail::Everything => true,
            Detail::ButInformation => finding.severity != Severity::Info,
        };
        finding::findings(&self.placed(is_wanted), ui.stdout)
    }

    /// What is wrong or may be.
    pub(crate) fn in_short(&self, ui: Ui) -> String {
        let is_worth = |finding: &Finding| finding.severity != Severity::Info && finding.is_open();
        finding::findings(&self.placed(is_worth), ui.stdout)
    }

    /// What no run gets past.
    pub(crate) fn errors(&self, ui: Ui) -> String {
        finding::findings(&self.placed(Finding::blocks), ui.stderr)
    }

    /// One line on what does not stop a run; empty where there is nothing. What was found in files, the run itself may mend.
    pub(crate) fn in_one_line(&self) -> String {
        let is_wanted = |finding: &&Finding| {
            finding.severity != Severity::Info && finding.basis != Basis::Found
        };
        // Sources are not read only to count.
        let open = self.open().filter(is_wanted);
        let open: Vec<Placed<'_>> = open
            .map(|finding| Placed {
                finding,
                place: None,
            })
            .collect();
        match finding::count(&open) {
            0 => String::new(),
            number => format!(
                "{}; `certs check` shows them\n",
                words::count(number, "finding", "findings")
            ),
        }
    }

    /// A plan's document with the findings in it.
    pub(crate) fn beside(&self, mut plan: serde_json::Value) -> serde_json::Value {
        if let Some(document) = plan.as_object_mut() {
            document.insert("findings".to_owned(), finding::json(&self.placed(|_| true)));
        }
        plan
    }

    /// Takes in what the plan and the files say.
    pub(crate) fn add(&mut self, found: Vec<Finding>) {
        self.list.extend(found);
        self.list
            .sort_by_key(|finding| (!finding.is_open(), finding.severity));
    }

    /// Everything as SARIF. Code scanning shows nothing that has no file: what stands in no source is shown at its certificate.
    pub(crate) fn sarif(&self, fleet: &Fleet) -> serde_json::Value {
        let mut placed = self.placed(|_| true);
        for one in &mut placed {
            if one.place.is_none() {
                one.place = file_of(&one.finding.subject, fleet);
            }
        }
        sarif::log(&placed)
    }

    fn open(&self) -> impl Iterator<Item = &Finding> {
        self.list.iter().filter(|finding| finding.is_open())
    }

    fn placed(&self, is_wanted: impl Fn(&Finding) -> bool) -> Vec<Placed<'_>> {
        let wanted = self.list.iter().filter(|finding| is_wanted(finding));
        wanted
            .map(|finding| Placed {
                finding,
                place: self.place(finding),
            })
            .collect()
    }

    fn place(&self, finding: &Finding) -> Option<Place> {
        let spot = finding.spot.as_ref().map(of_spot);
        if finding.option.is_empty() {
            return spot;
        }
        place_of(
            &self.locator,
            &finding.option,
            finding.word.as_deref(),
            &finding.hosts,
        )
        .or(spot)
    }
}

fn of_spot(spot: &Spot) -> Place {
    Place {
        file: spot.file.clone(),
        line: spot.line,
        column: spot.column,
        text: spot.text.clone(),
        width: spot.width,
    }
}

fn file_of(subject: &Subject, fleet: &Fleet) -> Option<Place> {
    let file = match subject {
        Subject::File(path) => path.clone(),
        Subject::Artifact(id) => {
            let mut artifacts = fleet.artifacts();
            let certificate = artifacts
                .find(|artifact| artifact.id() == *id)
                .map(|artifact| &artifact.files().certificate);
            let mut pairs = fleet.key_pairs.iter();
            let public = || {
                pairs
                    .find(|pair| pair.id() == *id)
                    .map(|pair| &pair.files.public)
            };
            let host_key = || fleet.host_key(id).map(|key| &key.files.key);
            certificate.or_else(public).or_else(host_key)?.to_string()
        }
        Subject::Host(_) | Subject::Role(_) | Subject::Recipient(_) => return None,
    };
    Some(Place {
        file,
        line: 1,
        column: 1,
        text: String::new(),
        width: 1,
    })
}

/// What is about no artifact is about everything.
fn is_selected(finding: &Finding, only: &[Pattern]) -> bool {
    match &finding.subject {
        Subject::Artifact(id) => only.is_empty() || only.iter().any(|pattern| pattern.selects(id)),
        Subject::Host(_) | Subject::Role(_) | Subject::Recipient(_) | Subject::File(_) => true,
    }
}

fn tree(project: &Project, locator: &Locator) -> Tree {
    let references = locator.references().into_iter();
    let references = references.map(|(option, location)| lint::Reference {
        option,
        spot: spot(location),
    });
    let references = references.collect();
    match project.root.tracking() {
        Tracking::Nothing => Tree {
            references,
            ..Tree::default()
        },
        Tracking::Unread(why) => Tree {
            references,
            unread: Some(why.clone()),
            ..Tree::default()
        },
        Tracking::Files(tracked) => {
            let (keys, kubeconfigs) = exposed(tracked);
            Tree {
                keys,
                kubeconfigs,
                references,
                ..Tree::default()
            }
        }
    }
}

fn spot(location: Location) -> Spot {
    Spot {
        file: location.file,
        line: location.line,
        column: location.column,
        width: location.width,
        text: location.text,
    }
}
