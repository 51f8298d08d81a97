//! The arguments. The help texts here are the source of the manual, the completions and `docs/cli.md`.

mod adopt;
mod audience;
mod check;
mod demo;
mod diff;
mod doctor;
mod exits;
mod explain;
mod export;
mod exposure;
mod fingerprint;
mod graph;
pub(crate) mod help;
mod history;
mod host;
mod init;
mod inspect;
mod issue;
mod metrics;
mod nixfleet;
mod plan;
mod recreate;
mod renew;
mod report;
mod revoke;
mod role;
mod rules;
mod status;
mod trust;
mod verify;

use std::borrow::Cow;
use std::path::PathBuf;

use clap::{Args, CommandFactory, FromArgMatches as _, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::plan::Pattern;
use crate::render::redaction::without_secrets;

pub(crate) use adopt::AdoptArgs;
pub(crate) use audience::Audience;
pub(crate) use check::{CheckArgs, CheckFormat, Detail};
pub(crate) use demo::DemoArgs;
pub(crate) use diff::DiffArgs;
pub(crate) use doctor::DoctorArgs;
pub(crate) use exits::{Exits, exits};
pub(crate) use explain::ExplainArgs;
pub(crate) use export::*;
pub(crate) use exposure::ExposureArgs;
pub(crate) use fingerprint::{FingerprintArgs, FingerprintFormat};
pub(crate) use graph::{GraphArgs, GraphFormat};
pub(crate) use history::HistoryArgs;
pub(crate) use host::{HostAddArgs, HostCommand, HostListArgs, HostScanArgs, PublicKeyArgs};
pub(crate) use init::{Form, InitArgs, Vcs};
pub(crate) use inspect::{InspectArgs, StartTls};
pub(crate) use issue::{IssueArgs, SignArgs, WishArgs};
pub(crate) use metrics::MetricsArgs;
pub(crate) use nixfleet::{
    CertManagerCommand, CertManagerExportArgs, CertManagerIssuerArgs, PkiCommand, PkiExportArgs,
    PkiFormat,
};
pub(crate) use plan::PlanArgs;
pub(crate) use recreate::RecreateArgs;
pub(crate) use renew::RenewArgs;
pub(crate) use report::ReportArgs;
pub(crate) use revoke::{ListsArgs, RevokeArgs};
pub(crate) use role::{
    ImportVaultArgs, ListArgs as RoleListArgs, RoleCommand, ShowArgs as RoleShowArgs,
    TestArgs as RoleTestArgs,
};
pub(crate) use rules::RulesArgs;
pub(crate) use status::{SortBy, StatusArgs};
pub(crate) use trust::{
    StoreKind, StoresArgs, TrustChangeArgs, TrustCommand, TrustListArgs, TrustRootsArgs,
    TrustShowArgs, TrustUninstallArgs,
};
pub(crate) use verify::VerifyArgs;

/// Certificate authorities and certificates from NixOS options, with every private key encrypted.
#[derive(Debug, Parser)]
#[command(
    name = "certs",
    version,
    arg_required_else_help = true,
    max_term_width = 100,
    after_help = "Exit codes: 0 done, or nothing to do; 1 failed or refused, nothing lost; 2 something is left to do (plan, \
                  check, doctor, adopt and renew --dry-run); 64 wrong usage; 130 interrupted. With --json standard output is one JSON document, \
                  whether the run succeeds or fails (`error`).\n\nWithout --manifest, --flake or --file, the nearest declaration at or above \
                  the current directory is read: flake.nix (as --flake), else certs.nix (as --file), else certs.json (as --manifest)."
)]
pub(crate) struct Cli {
    /// When to use colour; `NO_COLOR` turns it off too.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, help_heading = "Output")]
    pub color: Color,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start a project with a root and an intermediate CA.
    ///
    /// Both CAs are declared, issued and encrypted to you. Nix is not needed.
    #[command(
        after_help = "Existing files are never touched. A directory is refused if it already has a declaration or certificates, or a \
                            .gitignore without the lines that it needs.\n\nExamples:\n  certs init lab --name Homelab --permit lab.example.org\n  \
                            certs init --manifest --identity ~/.ssh/id_ed25519\n  certs init --flake --recipient \"$(cat ada.pub)\" \
                            --recipient \"$(cat bob.pub)\" --organization 'Example Ltd'"
    )]
    Init(InitArgs),
    /// Bring all files in line with the declaration.
    ///
    /// Creates, renews, re-keys or re-encrypts what differs, and keeps the rest.
    #[command(
        after_help = "Examples:\n  certs recreate\n  certs recreate --only cp1/cluster/apiserver\n  certs recreate --replace kubelet \
                            --identity ~/.ssh/id_ed25519\n  certs recreate --manifest manifest.json --root ."
    )]
    Recreate(RecreateArgs),
    /// Show what `recreate` would do, with every reason.
    ///
    /// Needs no key and writes nothing.
    #[command(after_help = "Examples:\n  certs plan\n  \
                            certs plan --json | jq '.steps[] | select(.action != \"keep\")'")]
    Plan(PlanArgs),
    /// Issue a certificate that is not in the declaration.
    ///
    /// A role allows it, and a record in the tree keeps it. The holder is a host of the fleet or any other person or machine.
    #[command(
        after_help = "The new key is encrypted to the operators, to the holder if it is a host of the fleet, and to each --recipient. With --csr \
                            the requester's own key is certified, and only names and usages are taken from the CSR. `recreate` keeps the \
                            certificate up to date; status, check and report show it.\n\nExamples:\n  \
                            certs issue nas.lab.example\n  certs issue nas --role lab --san nas.lab.example --san 10.0.0.7 --ttl 90d\n  \
                            certs issue ada --role people --common-name ada --recipient \"$(cat ada.pub)\"\n  \
                            certs issue printer --csr printer.csr"
    )]
    Issue(IssueArgs),
    /// Sign a CSR and print the certificate with its chain.
    ///
    /// The same as `issue --csr`.
    #[command(
        after_help = "Names and usages are taken from the CSR, as far as the role allows them, and the key as it is. A CSR for a CA is refused, \
                            and so is a CSR without proof that the requester has the key.\n\nExamples:\n  \
                            certs sign printer.csr printer > printer.crt\n  certs sign - nas --role lab --ttl 30d < nas.csr"
    )]
    Sign(SignArgs),
    /// Renew certificates and keep their keys.
    ///
    /// Renews the named certificates, or every certificate that is due.
    #[command(after_help = "Examples:\n  certs renew\n  certs renew --within 30d \
                            --dry-run\n  certs renew nas cp1/cluster/apiserver\n  certs renew ca/intermediate")]
    Renew(RenewArgs),
    /// Revoke certificates and issue the new CRL.
    ///
    /// Adds them to the CRL of the CA that issued them.
    #[command(
        after_help = "A name revokes every valid certificate for the same key that Git knows. A file or a serial number revokes that certificate \
                            alone, unless the key is compromised. A certificate issued by hand is removed with its record and key in the same \
                            commit; a declared one gets a new key and certificate from the next `recreate`. The CRL is `ca/<ca>.crl`. \
                            The CA's key is needed.\n\n\
                            Examples:\n  certs revoke nas --reason key-compromise --date 2027-01-31\n  certs revoke cp1/cluster/kubelet\n  \
                            certs revoke ca/intermediate --reason ca-compromise\n  certs revoke old-laptop.crt\n  \
                            certs revoke --serial 5f01ab --ca cluster"
    )]
    Revoke(RevokeArgs),
    /// Issue the CRLs that are due.
    ///
    /// Issues the next CRL of each CA whose CRL is due, or of the named CAs.
    #[command(
        after_help = "A CRL has a number and is valid for `crlExpiry` (30 days; a year for a CA that only issues CAs). `revoke` issues one too. \
                            Each CRL continues the last one that the tree, the inventory or Git has. If revocations of that one are \
                            lost, no CRL is issued.\n\n\
                            Examples:\n  certs crl\n  certs crl cluster\n  certs crl --all\n  certs crl --list"
    )]
    Crl(ListsArgs),
    /// Take over certificates and keys made elsewhere.
    ///
    /// Finds out which is which, encrypts the keys, and puts everything in its place.
    #[command(
        after_help = "Looks at every file in DIR: PEM certificates and keys as kubeadm, easy-rsa, cfssl, step and OpenSSL write them, \
                            under a passphrase too, PKCS#12 files, keys encrypted with age, and the values of YAML and JSON (Secrets, kubeconfigs, \
                            answers of Vault and cfssl, secrets and machine configurations of Talos). Keys go with certificates by their public keys; \
                            certificates go with what is declared by subject, issuer and names, and by host where a directory is called after one. \
                            CRLs, `index.txt` with `crlnumber`, directories called `revoked` and rows of cfssl's database are taken over: a \
                            certificate that they name is not adopted as valid, and the next CRL lists it under the next number. Files of the \
                            project are never overwritten, and DIR stays as it is.\n\nExamples:\n  certs adopt \
                            /etc/kubernetes/pki --dry-run\n  certs adopt ../old/secrets/certs --identity ~/.ssh/id_ed25519\n  certs adopt \
                            ./pki --as ca/cluster=issued/root.crt --only ca\n  certs adopt ./easyrsa/pki --passphrase-file ca-passphrase.txt"
    )]
    Adopt(AdoptArgs),
    /// List every certificate: state, expiry, who can decrypt.
    ///
    /// Shows the whole fleet. Needs no key.
    #[command(
        after_help = "States, the worst first: refused, revoked, damaged, missing, expired, not-yet-valid, due, differs, key-missing, key-offline, good.\n\n\
                            Examples:\n  certs status\n  certs status --tree\n  certs status cp1 --sort expiry\n  \
                            certs status --within 30d --state due --state expired\n  certs status --json | jq '.entries[].renewal'"
    )]
    Status(StatusArgs),
    /// Draw CAs, certificates, hosts and who can decrypt what.
    ///
    /// Needs no key.
    #[command(
        after_help = "In a large picture, hosts with the same certificates are drawn as one.\n\nExamples:\n  \
                            certs graph --format svg -o trust.svg\n  certs graph --format svg ca/cluster > cluster.svg\n  certs graph cp1"
    )]
    Graph(GraphArgs),
    /// Write one HTML page about the whole fleet.
    ///
    /// Shows what needs attention, what expires when, who can decrypt what, and every certificate.
    #[command(
        after_help = "The page needs neither network nor scripts, and has no secrets.\n\nExamples:\n  certs report\n  \
                            certs report --title 'Production cluster' -o public/certificates.html"
    )]
    Report(ReportArgs),
    /// Report every finding, for CI.
    ///
    /// Like `plan`, with everything the lints found. Files that are in order are not mentioned.
    #[command(
        after_help = "Examples:\n  certs check\n  certs check --strict\n  certs check --json | jq '.findings[] | select(.severity == \"error\")'\n  \
                            certs check --format sarif > certs.sarif"
    )]
    Check(CheckArgs),
    /// Decrypt every key you can, and prove that it fits.
    ///
    /// Proves that each private key belongs to its certificate, is well formed, and is encrypted to the right recipients.
    #[command(
        after_help = "Writes nothing, and asks for the passphrase of an identity at most once.\n\nExamples:\n  certs doctor\n  \
                            certs doctor --identity ~/.ssh/id_ed25519\n  \
                            certs doctor --json | jq '.keys[] | select(.state == \"broken\")'"
    )]
    Doctor(DoctorArgs),
    /// Verify certificates against trusted roots.
    ///
    /// Names each fault and the certificate of the chain that has it.
    #[command(after_help = "Examples:\n  certs verify\n  \
                            certs verify server.crt --host api.example.com\n  certs verify chain.pem --roots ca.crt --purpose client \
                            --at 2027-01-31\n  openssl s_client -connect host:443 -showcerts </dev/null | certs verify - --roots ca.crt")]
    Verify(VerifyArgs),
    /// Show roles, and test what they allow.
    ///
    /// A role says what may be issued that is not in the declaration. Needs no key.
    Role {
        #[command(subcommand)]
        command: RoleCommand,
    },
    /// Compare two manifests or two commits by certificate.
    #[command(
        after_help = "Examples:\n  certs diff HEAD~1\n  certs diff main my-branch\n  certs diff old.json new.json\n\n\
                            So that `git diff` shows fields:\n  git config diff.certs.textconv 'certs diff --textconv'\n  \
                            echo '*.crt diff=certs' >> .gitattributes\n  echo '*.key.age diff=certs' >> .gitattributes\n  \
                            echo '**/shared/*.pub diff=certs' >> .gitattributes"
    )]
    Diff(DiffArgs),
    /// List certificates of old commits that are still accepted.
    ///
    /// Reads every certificate that was ever committed. Certificates that are no longer in the tree and are still accepted come first.
    #[command(
        after_help = "A certificate counts as accepted while a CA that is in the tree's CA files issued it and no CRL names it. Kubernetes reads \
                            no CRL: there a revoked certificate is accepted until it expires or its CA is replaced.\n\nExamples:\n  certs history\n  certs history --all\n  certs history --json | jq '.certificates[] | select(.atLarge)'"
    )]
    History(HistoryArgs),
    /// Show what a stolen key opens, and how to recover.
    ///
    /// Shows which keys and identities a stolen key gives its thief, now and in every older version, and the steps that end it.
    #[command(
        after_help = "Without a name, ranks all holders by what they could do, former holders included as far as Git has them. Keys that were \
                            encrypted to other recipients since are replaced too. The full name of a CA or a certificate means its own key.\n\nExamples:\n  certs exposure\n  \
                            certs exposure worker1\n  certs exposure ca/cluster\n  certs exposure ada@laptop\n  certs exposure \"$(cat found.pub)\""
    )]
    Exposure(ExposureArgs),
    /// Explain a finding by its code.
    ///
    /// Says what the finding is about, why it matters and what to declare. Without a code, lists all codes.
    #[command(
        after_help = "Examples:\n  certs explain\n  certs explain san-missing\n  certs explain --json | jq -r '.codes[].code'"
    )]
    Explain(ExplainArgs),
    /// Write Prometheus metrics of certificate files.
    ///
    /// The metrics say when certificates expire, when they are due for renewal, and whether their keys are present and fit.
    #[command(
        after_help = "On NixOS `certToolkit.monitoring.enable` runs this from a timer.\n\nExamples:\n  certs metrics /etc/ssl/*.crt\n  \
                            certs metrics --deployed /etc/certs/deployed.json --output /var/lib/node-exporter/certs.prom\n  \
                            certs metrics --deployed /etc/certs/deployed.json --listen 127.0.0.1:9793"
    )]
    Metrics(MetricsArgs),
    /// Write certificates and keys in another program's format.
    #[command(
        after_help = "A private key is written to a new file that only its owner can read and that Git ignores, or to standard output if that is \
                            not a terminal.\n\nExamples:\n  certs export pem cp1/web/server -o server.crt\n  \
                            certs export pkcs12 laptop -o laptop.p12\n  certs export secret cp1/web/server -n shop | kubectl apply -f -"
    )]
    Export {
        #[command(subcommand)]
        form: ExportCommand,
    },
    /// Export for cert-manager, in the words of NixFleet.
    ///
    /// The same as `certs export`.
    #[command(name = "certmanager", subcommand_required = true)]
    CertManager {
        #[command(subcommand)]
        command: CertManagerCommand,
    },
    /// Export what `nixfleet pki` exports.
    #[command(subcommand_required = true)]
    Pki {
        #[command(subcommand)]
        command: PkiCommand,
    },
    /// Print the manifest of the declaration.
    ///
    /// The manifest is the whole fleet as the program reads it.
    #[command(after_help = "Example:\n  certs manifest --file certs.nix > manifest.json")]
    Manifest(SourceArgs),
    /// Update the agenix rules in your secrets.nix.
    ///
    /// Adds the rules of all encrypted keys. Comments and layout stay.
    #[command(after_help = "Example:\n  certs rules --into secrets.nix")]
    Rules(RulesArgs),
    /// Show what is in a file, or what a TLS server sends.
    ///
    /// Reads any kind of file. Trusts nothing and writes nothing.
    #[command(
        after_help = "Reads certificates, CSRs, CRLs and keys in PEM or DER, bundles of them, PKCS#12, OpenSSH and age \
                            keys, age files, kubeconfigs, Kubernetes Secrets and ConfigMaps. Of a private key only its kind, its \
                            protection and its public half are shown.\n\nExamples:\n  \
                            certs inspect secrets/certs/ca/cluster.crt\n  certs inspect --short ~/.kube/config\n  certs inspect \
                            api.example.org:6443 --server-name kubernetes\n  kubectl get secret tls -o json | certs inspect --json"
    )]
    Inspect(InspectArgs),
    /// Print fingerprints of certificates and keys.
    #[command(
        after_help = "With several objects, each fingerprint is followed by the kind of the object; with several files, by the file as well.\n\nExamples:\n  certs fingerprint ca.crt\n  certs fingerprint *.crt\n  certs fingerprint server.crt --format spki-pin\n  \
                            certs fingerprint bundle.pem --json | jq -r '.fingerprints[].fingerprint'"
    )]
    Fingerprint(FingerprintArgs),
    /// Make, read and list SSH host keys.
    ///
    /// A host decrypts its keys with its SSH host key.
    Host {
        #[command(subcommand)]
        command: HostCommand,
    },
    /// Make machines trust a root CA.
    ///
    /// Says what to do by hand, and installs or removes the root on this machine.
    Trust {
        #[command(subcommand)]
        command: TrustCommand,
    },
    /// Create an example cluster in a new directory.
    ///
    /// The cluster has one control plane and two workers, with fresh operator and host keys.
    #[command(after_help = "Example:\n  certs demo ./demo && cd demo && certs status")]
    Demo(DemoArgs),
    /// Print the completions of a shell.
    #[command(
        after_help = "Example:\n  certs completions fish > ~/.config/fish/completions/certs.fish"
    )]
    Completions { shell: Shell },
    /// Write the manual pages into a directory.
    #[command(after_help = "Example:\n  certs man ./man && man ./man/certs.1")]
    Man {
        #[arg(value_parser = new_path)]
        directory: PathBuf,
    },
    /// Print the command line reference, or the lints, as Markdown.
    #[command(hide = true)]
    Reference {
        #[arg(value_enum, default_value_t = Document::Cli)]
        document: Document,
    },
}

/// Where the declaration comes from and where the files go.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct SourceArgs {
    /// Read the manifest from a JSON file, or from standard input with `-`.
    #[arg(help_heading = "Declaration", long, value_name = "FILE", conflicts_with_all = ["flake", "file"])]
    pub manifest: Option<PathBuf>,
    /// Evaluate the NixOS configurations of this flake (runs `nix eval`).
    #[arg(
        help_heading = "Declaration",
        long,
        value_name = "REF",
        conflicts_with = "file"
    )]
    pub flake: Option<String>,
    /// Evaluate a Nix file with plain data (runs `nix-instantiate`; needs neither flake nor nixpkgs).
    #[arg(help_heading = "Declaration", long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// The directory that paths are relative to. Default: that of the declaration that was found; of one that was named, that of
    /// the nearest flake.nix above it, else its own.
    #[arg(help_heading = "Declaration", long, value_name = "DIR")]
    pub root: Option<PathBuf>,
}

impl SourceArgs {
    /// The same as words for another command.
    pub(crate) fn words(&self) -> Vec<String> {
        let path = |path: &PathBuf| path.to_string_lossy().into_owned();
        let options = [
            ("--manifest", self.manifest.as_ref().map(path)),
            ("--flake", self.flake.clone()),
            ("--file", self.file.as_ref().map(path)),
            ("--root", self.root.as_ref().map(path)),
        ];
        let given = options.into_iter();
        let given = given.filter_map(|(option, value)| Some([option.to_owned(), value?]));
        given.flatten().collect()
    }
}

#[derive(Clone, Debug, Default, Args)]
pub(crate) struct SelectionArgs {
    /// Only these: a host, a certificate, `host/ca/certificate`, `ca/NAME` or `shared/NAME`; `*` matches any.
    #[arg(long, value_name = "PATTERN")]
    pub only: Vec<Pattern>,
    /// Give these new keys. A CA must be named in full (`ca/cluster`); everything below it is issued again. A shared key pair must be
    /// named in full too (`shared/service-account`); its old key still verifies tokens.
    #[arg(long, value_name = "PATTERN")]
    pub replace: Vec<Pattern>,
    /// Remove replaced certificates and keys from this file. The CA's own certificate (`ca/cluster`) stays, or the pair's own key and its
    /// declared verification keys (`shared/service-account`). Together with --replace nothing of the old key stays.
    #[arg(long, value_name = "NAME")]
    pub retire: Vec<Pattern>,
    /// Delete certificates and keys that are no longer declared (never a CA's). Not together with --only.
    #[arg(long, conflicts_with = "only")]
    pub prune: bool,
}

/// A document that is made from the program's own texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Document {
    Cli,
    Lints,
}

/// The identities that decrypt keys.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct IdentityArgs {
    /// A file with an age identity or an SSH private key, to decrypt keys with; may be given several times.
    /// Default: `userAgeIdentity` of the declaration.
    #[arg(
        help_heading = "Identity",
        id = "identity",
        short = 'i',
        long = "identity",
        value_name = "FILE"
    )]
    pub files: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct PasswordArgs {
    /// A file with the password in its first line, for PKCS#12 files. Default: asked for where one is needed.
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
}

/// A path that is written to. A key given in its place would become the name of a file, in the clear.
pub(crate) fn new_path(text: &str) -> Result<PathBuf, String> {
    match without_secrets(text) {
        Cow::Borrowed(_) => Ok(PathBuf::from(text)),
        Cow::Owned(_) => Err("it contains a private key, and no file is named so".to_owned()),
    }
}

/// The command with everything clap derives from it, its help laid out.
pub fn command() -> clap::Command {
    help::laid_out(Cli::command())
}

/// The parsed arguments, and the reader of the answer.
pub(crate) fn parse() -> Result<(Cli, Audience), clap::Error> {
    let matches = command().try_get_matches()?;
    let cli = Cli::from_arg_matches(&matches)?;
    Ok((cli, Audience::of(&matches)))
}
