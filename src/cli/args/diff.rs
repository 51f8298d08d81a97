//! The arguments of `certs diff`.

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// A manifest (`*.json`) or a revision.
    #[arg(value_name = "OLD")]
    pub old: String,
    /// The same, to compare with. Default: the working tree.
    #[arg(value_name = "NEW")]
    pub new: Option<String>,
    /// Print the fields of the file OLD, one a line, for `git diff`.
    #[arg(long, conflicts_with_all = ["new", "json"])]
    pub textconv: bool,
    /// Print every difference as JSON (docs/schema/diff.json).
    #[arg(long)]
    pub json: bool,
}
