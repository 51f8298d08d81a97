//! The faults of a declaration as they are collected: where each stands and whose it is.

use super::Fault;
use super::v1::{ManifestV1, NoticeV1};
use crate::fleet::{Name, RelPath};

/// Where a value stands, for the messages about it.
#[derive(Clone)]
pub(super) struct Context {
    /// `certificate apiserver of host cp1`.
    pub(super) subject: String,
    pub(super) option: Vec<String>,
    pub(super) hosts: Vec<String>,
}

impl Context {
    pub(super) fn option(path: &[&str]) -> Self {
        let option = path.iter().map(|part| (*part).to_owned()).collect();
        Self {
            subject: String::new(),
            option,
            hosts: Vec::new(),
        }
    }

    pub(super) fn field(&self, field: &str) -> Vec<String> {
        self.option
            .iter()
            .cloned()
            .chain([field.to_owned()])
            .collect()
    }
}

#[derive(Default)]
pub(super) struct Faults {
    pub(super) list: Vec<Fault>,
    /// What is probably not meant; no run is stopped by it.
    pub(super) doubts: Vec<Fault>,
}

impl Faults {
    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty() && self.doubts.is_empty()
    }

    /// What the evaluation reports of an option is not said a second time in other words.
    pub(super) fn drop_what_the_evaluation_said(&mut self, wire: &ManifestV1) {
        let own = self.list.split_off(wire.errors.len());
        let is_news = |fault: &Fault| {
            fault.option.is_empty() || wire.errors.iter().all(|error| error.option != fault.option)
        };
        self.list.extend(own.into_iter().filter(is_news));
    }

    /// The name, or its error noted against the very option that bears it.
    pub(super) fn keep_name(&mut self, context: &Context, name: &str) -> Option<Name> {
        Name::new(name)
            .map_err(|error| {
                self.push(
                    "invalid-name",
                    context.option.clone(),
                    context,
                    None,
                    error.to_string(),
                );
            })
            .ok()
    }

    /// The value, or its error noted against `field`.
    pub(super) fn keep<T, E: std::fmt::Display>(
        &mut self,
        field: &str,
        context: &Context,
        result: Result<T, E>,
    ) -> Option<T> {
        result
            .map_err(|error| self.note(field, context, None, error.to_string()))
            .ok()
    }

    pub(super) fn note(
        &mut self,
        field: &str,
        context: &Context,
        word: Option<&str>,
        cause: String,
    ) {
        let is_field = context.option.last().is_some_and(|last| last == field);
        let option = if is_field {
            context.option.clone()
        } else {
            context.field(field)
        };
        self.push(
            &format!("invalid-{}", kebab(field)),
            option,
            context,
            word,
            cause,
        );
    }

    /// Hosts whose keys are not there yet have one line in common, and are one fault.
    pub(super) fn note_unread_host_key(&mut self, context: &Context, path: &str, cause: &str) {
        const CURE: &str = "`certs host scan HOST --accept` reads the key of a running host, `certs host add HOST` makes that of a new one";
        let option = context.field("owningHostKey");
        let is_same =
            |fault: &&mut Fault| fault.cure.as_deref() == Some(CURE) && fault.option == option;
        if let Some(known) = self.list.iter_mut().find(is_same) {
            known.hosts.extend(context.hosts.iter().cloned());
            return;
        }
        self.note("owningHostKey", context, Some(path), cause.to_owned());
        if let Some(fault) = self.list.last_mut() {
            fault.cure = Some(CURE.to_owned());
        }
    }

    /// The same of a file that stands in no option.
    pub(super) fn note_in_file(&mut self, file: &RelPath, field: &str, cause: String) {
        let context = Context {
            subject: file.to_string(),
            option: Vec::new(),
            hosts: Vec::new(),
        };
        let code = format!("invalid-{}", kebab(field));
        self.push(&code, Vec::new(), &context, None, cause);
    }

    pub(super) fn push(
        &mut self,
        code: &str,
        option: Vec<String>,
        context: &Context,
        word: Option<&str>,
        cause: String,
    ) {
        let message = if context.subject.is_empty() {
            cause
        } else {
            format!("{}: {cause}", context.subject)
        };
        self.list.push(Fault {
            code: code.to_owned(),
            subject: context.subject.clone(),
            message,
            cure: None,
            option,
            word: word.map(str::to_owned),
            hosts: context.hosts.clone(),
        });
    }
}

/// Enough of a name to recognise it by; one that is no name may have any length.
pub(super) fn shortened(name: &str) -> String {
    const ENOUGH: usize = 100;
    match name.char_indices().nth(ENOUGH) {
        Some((end, _)) => format!("{}…", name.get(..end).unwrap_or_default()),
        None => name.to_owned(),
    }
}

fn kebab(field: &str) -> String {
    let mut out = String::new();
    let mut before = 'A';
    for c in field.chars() {
        // `nodeIPs` has two words.
        if c.is_ascii_uppercase() && !before.is_ascii_uppercase() {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
        before = c;
    }
    out
}

pub(super) fn notice(notice: &NoticeV1) -> Fault {
    Fault {
        code: notice.code.clone(),
        subject: String::new(),
        message: notice.message.clone(),
        cure: None,
        option: notice.option.clone(),
        word: None,
        hosts: notice.hosts.clone(),
    }
}
