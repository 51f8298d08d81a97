//! The trust stores of this machine: where their files are, and the commands that change them. Nothing is written or run here.

use std::fmt;
use std::path::{Path, PathBuf};

use super::{Label, Root};

/// One trust store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Store {
    /// A directory of anchors and a program that makes of them what programs read.
    Anchors(Anchors),
    /// The system keychain of macOS.
    Keychain,
    /// A database of NSS, by its directory.
    Nss(PathBuf),
    /// A key store of Java; `None` is the one of the runtime.
    Java(Option<PathBuf>),
}

/// How a distribution keeps anchors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    /// Debian, Ubuntu, Alpine.
    Debian,
    /// RHEL, Fedora and what comes of them.
    RedHat,
    Arch,
    Suse,
}

const FAMILIES: [Family; 4] = [Family::RedHat, Family::Arch, Family::Suse, Family::Debian];

/// The anchors of a system, below `/` or below another root directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchors {
    family: Family,
    sysroot: PathBuf,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    Write { path: PathBuf, pem: String },
    Remove { path: PathBuf },
    Run(Command),
}

/// A program to run, without a shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    pub program: &'static str,
    pub arguments: Vec<String>,
    /// What it reads from standard input.
    pub input: Option<String>,
}

/// How to find out whether a root is in a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Query {
    /// It is, if the file is there.
    File(PathBuf),
    /// It is, if the program ends well and, where a word is given, says it.
    Run(Command, Option<String>),
}

/// How to find out what of ours is in a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listing {
    /// Its files are called after what they are.
    Directory(PathBuf),
    /// The labels are among the words it prints.
    Run(Command),
    /// It has no names of ours.
    Nameless,
}

impl Family {
    fn directory(self) -> &'static str {
        match self {
            Self::Debian => "usr/local/share/ca-certificates",
            Self::RedHat => "etc/pki/ca-trust/source/anchors",
            Self::Arch => "etc/ca-certificates/trust-source/anchors",
            Self::Suse => "etc/pki/trust/anchors",
        }
    }

    /// What is there on such a system before anything local is.
    fn landmark(self) -> &'static str {
        match self {
            Self::Debian => "usr/share/ca-certificates",
            other => other.directory(),
        }
    }
}

/// What was done to the anchors before what is made of them is made anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Done {
    Added,
    Removed,
}

impl Anchors {
    pub fn directory(&self) -> PathBuf {
        self.sysroot.join(self.family.directory())
    }

    fn file(&self, label: &Label) -> PathBuf {
        self.directory().join(label.file_name())
    }

    fn update(&self, done: Done) -> Command {
        match self.family {
            Family::Debian => self.update_debian(done),
            Family::Suse => self.inside("update-ca-certificates", &[]),
            Family::RedHat => self.inside("update-ca-trust", &["extract"]),
            Family::Arch => self.inside("update-ca-trust", &[]),
        }
    }

    /// It forgets what is gone only if it begins anew.
    fn update_debian(&self, done: Done) -> Command {
        let mut arguments = Vec::new();
        if done == Done::Removed {
            arguments.push("--fresh".to_owned());
        }
        if self.sysroot != Path::new("/") {
            let places = [
                ("--certsconf", "etc/ca-certificates.conf"),
                ("--certsdir", "usr/share/ca-certificates"),
                ("--localcertsdir", Family::Debian.directory()),
                ("--etccertsdir", "etc/ssl/certs"),
                ("--hooksdir", "etc/ca-certificates/update.d"),
            ];
            for (option, place) in places {
                arguments.push(option.to_owned());
                arguments.push(text(&self.sysroot.join(place)));
            }
        }
        Command {
            program: "update-ca-certificates",
            arguments,
            input: None,
        }
    }

    /// A program that knows only `/` is run where that is the other root.
    fn inside(&self, program: &'static str, arguments: &[&str]) -> Command {
        let mut words: Vec<String> = arguments.iter().map(|word| (*word).to_owned()).collect();
        if self.sysroot == Path::new("/") {
            return Command {
                program,
                arguments: words,
                input: None,
            };
        }
        words.splice(0..0, [text(&self.sysroot), program.to_owned()]);
        Command {
            program: "chroot",
            arguments: words,
            input: None,
        }
    }
}

impl Store {
    /// The anchors of the system below this directory; `None` if it is of no kind we know.
    pub fn system(sysroot: &Path, is_there: impl Fn(&Path) -> bool) -> Option<Self> {
        let mut found = FAMILIES
            .into_iter()
            .filter(|family| is_there(&sysroot.join(family.landmark())));
        found.next().map(|family| {
            Self::Anchors(Anchors {
                family,
                sysroot: sysroot.to_owned(),
            })
        })
    }

    /// How to find out whether a root is in it.
    pub fn query(&self, root: &Root) -> Query {
        let label = root.label();
        match self {
            Self::Anchors(anchors) => Query::File(anchors.file(&label)),
            Self::Keychain => Query::Run(
                run("security", &["find-certificate", "-a", "-Z", KEYCHAIN]),
                Some(root.fingerprint().to_string().to_uppercase()),
            ),
            Self::Nss(database) => Query::Run(
                run(
                    "certutil",
                    &["-L", "-d", &sql(database), "-n", label.as_str()],
                ),
                None,
            ),
            Self::Java(keystore) => {
                Query::Run(keytool("-list", Some(&label), keystore.as_deref()), None)
            }
        }
    }

    /// How to find out what of ours is in it.
    pub fn listing(&self) -> Listing {
        match self {
            Self::Anchors(anchors) => Listing::Directory(anchors.directory()),
            Self::Keychain => Listing::Nameless,
            Self::Nss(database) => Listing::Run(run("certutil", &["-L", "-d", &sql(database)])),
            Self::Java(keystore) => Listing::Run(keytool("-list", None, keystore.as_deref())),
        }
    }

    /// What puts these roots into it. Nothing to do for none.
    pub fn install(&self, roots: &[&Root]) -> Vec<Act> {
        let mut acts: Vec<Act> = roots.iter().flat_map(|root| self.add(root)).collect();
        acts.extend(self.finish(&acts, Done::Added));
        acts
    }

    /// What takes these roots out of it.
    pub fn uninstall(&self, roots: &[&Root]) -> Vec<Act> {
        let each = roots.iter().flat_map(|root| match self {
            Self::Keychain => with_file(root, &keychain_removal(root)),
            _ => self.remove(&root.label()).into_iter().collect(),
        });
        let mut acts: Vec<Act> = each.collect();
        acts.extend(self.finish(&acts, Done::Removed));
        acts
    }

    /// What takes out what was found by its name.
    pub fn uninstall_labels(&self, labels: &[Label]) -> Vec<Act> {
        let each = labels.iter().filter_map(|label| self.remove(label));
        let mut acts: Vec<Act> = each.collect();
        acts.extend(self.finish(&acts, Done::Removed));
        acts
    }

    fn add(&self, root: &Root) -> Vec<Act> {
        let label = root.label();
        let with_input = |command: Command| {
            vec![Act::Run(Command {
                input: Some(root.pem.clone()),
                ..command
            })]
        };
        match self {
            Self::Anchors(anchors) => vec![Act::Write {
                path: anchors.file(&label),
                pem: root.pem.clone(),
            }],
            Self::Keychain => {
                let words = "add-trusted-cert -d -r trustRoot -k";
                let mut arguments: Vec<&str> = words.split(' ').collect();
                let file = text(&file_for_keychain(root));
                arguments.extend([KEYCHAIN, &file]);
                with_file(root, &[run("security", &arguments)])
            }
            // C: may issue certificates of servers; neither mail nor code is asked for. Without -i it reads standard input.
            Self::Nss(database) => with_input(run(
                "certutil",
                &[
                    "-A",
                    "-d",
                    &sql(database),
                    "-t",
                    "C,,",
                    "-n",
                    label.as_str(),
                ],
            )),
            Self::Java(keystore) => {
                let mut command = keytool("-importcert", Some(&label), keystore.as_deref());
                command.arguments.push("-noprompt".to_owned());
                with_input(command)
            }
        }
    }

    /// `None` for a keychain, which has no names of ours.
    fn remove(&self, label: &Label) -> Option<Act> {
        Some(match self {
            Self::Anchors(anchors) => Act::Remove {
                path: anchors.file(label),
            },
            Self::Keychain => return None,
            Self::Nss(database) => Act::Run(run(
                "certutil",
                &["-D", "-d", &sql(database), "-n", label.as_str()],
            )),
            Self::Java(keystore) => Act::Run(keytool("-delete", Some(label), keystore.as_deref())),
        })
    }

    /// What programs read is made of the anchors once, after the last of them.
    fn finish(&self, acts: &[Act], done: Done) -> Option<Act> {
        match self {
            Self::Anchors(anchors) if !acts.is_empty() => Some(Act::Run(anchors.update(done))),
            _ => None,
        }
    }
}

const KEYCHAIN: &str = "/Library/Keychains/System.keychain";
/// The administrator's: nobody else can put another file there between our writing it and `security` reading it.
const KEYCHAINS: &str = "/Library/Keychains";

/// `security` reads certificates from files only.
fn file_for_keychain(root: &Root) -> PathBuf {
    Path::new(KEYCHAINS).join(root.label().file_name())
}

/// The trust first, which is found by the certificate, then the certificate.
fn keychain_removal(root: &Root) -> [Command; 2] {
    let file = text(&file_for_keychain(root));
    let digest = root.fingerprint().to_string().to_uppercase();
    [
        run("security", &["remove-trusted-cert", "-d", &file]),
        run("security", &["delete-certificate", "-Z", &digest, KEYCHAIN]),
    ]
}

fn with_file(root: &Root, commands: &[Command]) -> Vec<Act> {
    let path = file_for_keychain(root);
    let write = Act::Write {
        path: path.clone(),
        pem: root.pem.clone(),
    };
    let runs = commands.iter().cloned().map(Act::Run);
    std::iter::once(write)
        .chain(runs)
        .chain(std::iter::once(Act::Remove { path }))
        .collect()
}

/// The password of every Java runtime's own store: it keeps nothing secret, and `keytool` wants one.
const STORE_PASSWORD: &str = "changeit";

fn keytool(verb: &str, label: Option<&Label>, keystore: Option<&Path>) -> Command {
    let mut arguments = vec![verb.to_owned()];
    match keystore {
        Some(path) => arguments.extend(["-keystore".to_owned(), text(path)]),
        None => arguments.push("-cacerts".to_owned()),
    }
    arguments.extend(["-storepass", STORE_PASSWORD].map(str::to_owned));
    if let Some(label) = label {
        arguments.extend(["-alias", label.as_str()].map(str::to_owned));
    }
    Command {
        program: "keytool",
        arguments,
        input: None,
    }
}

fn run(program: &'static str, arguments: &[&str]) -> Command {
    Command {
        program,
        arguments: arguments.iter().map(|word| (*word).to_owned()).collect(),
        input: None,
    }
}

/// The kind of database that all current programs use.
fn sql(database: &Path) -> String {
    format!("sql:{}", database.display())
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anchors(anchors) => write!(f, "{}", anchors.directory().display()),
            Self::Keychain => f.write_str(KEYCHAIN),
            Self::Nss(database) => write!(f, "{}", sql(database)),
            Self::Java(Some(keystore)) => write!(f, "{}", keystore.display()),
            Self::Java(None) => f.write_str("Java's cacerts"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn system(landmarks: &[&str]) -> Option<Store> {
        Store::system(Path::new("/sys"), |path| {
            landmarks
                .iter()
                .any(|known| path == Path::new("/sys").join(known))
        })
    }

    #[test]
    fn a_system_is_known_by_its_directories() {
        let at = |landmark: &str| system(&[landmark]).map(|store| store.to_string());
        for (landmark, directory) in [
            (
                "usr/share/ca-certificates",
                "/sys/usr/local/share/ca-certificates",
            ),
            (
                "etc/pki/ca-trust/source/anchors",
                "/sys/etc/pki/ca-trust/source/anchors",
            ),
            (
                "etc/ca-certificates/trust-source/anchors",
                "/sys/etc/ca-certificates/trust-source/anchors",
            ),
            ("etc/pki/trust/anchors", "/sys/etc/pki/trust/anchors"),
        ] {
            assert_eq!(at(landmark).as_deref(), Some(directory));
        }
        assert_eq!(system(&["etc"]), None);
    }

    #[test]
    fn another_root_is_given_to_the_program_or_entered() {
        let line = |landmark: &str| {
            let label = Label::parse("certs-x-0123456789abcdef").unwrap();
            let acts = system(&[landmark]).unwrap().uninstall_labels(&[label]);
            match acts.last() {
                Some(Act::Run(command)) => {
                    format!("{} {}", command.program, command.arguments.join(" "))
                }
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(
            line("usr/share/ca-certificates"),
            "update-ca-certificates --fresh --certsconf /sys/etc/ca-certificates.conf --certsdir /sys/usr/share/ca-certificates \
             --localcertsdir /sys/usr/local/share/ca-certificates --etccertsdir /sys/etc/ssl/certs \
             --hooksdir /sys/etc/ca-certificates/update.d"
        );
        assert_eq!(
            line("etc/pki/ca-trust/source/anchors"),
            "chroot /sys update-ca-trust extract"
        );
        assert_eq!(
            line("etc/ca-certificates/trust-source/anchors"),
            "chroot /sys update-ca-trust"
        );
        assert_eq!(
            line("etc/pki/trust/anchors"),
            "chroot /sys update-ca-certificates"
        );
    }

    fn root() -> Root {
        const PEM: &str = include_str!("../../tests/fixtures/root.crt");
        let facts = crate::x509::certificate::read::parse_pem_chain(PEM.as_bytes()).unwrap();
        let facts = facts.into_iter().next().unwrap();
        let now = facts.not_before;
        Root::new("root", "ca/root.crt", facts, PEM.to_owned(), now).unwrap()
    }

    fn lines(acts: &[Act]) -> Vec<String> {
        let line = |act: &Act| match act {
            Act::Write { path, .. } => format!("write {}", path.display()),
            Act::Remove { path } => format!("remove {}", path.display()),
            Act::Run(command) => format!("{} {}", command.program, command.arguments.join(" ")),
        };
        acts.iter().map(line).collect()
    }

    #[test]
    fn a_keychain_gets_a_root_from_a_file_that_goes_away() {
        let root = root();
        let file = format!("/Library/Keychains/{}.crt", root.label());
        let digest = root.fingerprint().to_string().to_uppercase();
        assert_eq!(
            lines(&Store::Keychain.install(&[&root])),
            [
                format!("write {file}"),
                format!("security add-trusted-cert -d -r trustRoot -k {KEYCHAIN} {file}"),
                format!("remove {file}"),
            ]
        );
        assert_eq!(
            lines(&Store::Keychain.uninstall(&[&root])),
            [
                format!("write {file}"),
                format!("security remove-trusted-cert -d {file}"),
                format!("security delete-certificate -Z {digest} {KEYCHAIN}"),
                format!("remove {file}"),
            ]
        );
        assert_eq!(Store::Keychain.uninstall_labels(&[root.label()]), []);
    }

    #[test]
    fn nothing_to_take_out_is_nothing_to_run() {
        for store in [
            system(&["etc/pki/trust/anchors"]).unwrap(),
            Store::Java(None),
            Store::Nss("/db".into()),
        ] {
            assert_eq!(store.uninstall_labels(&[]), []);
            assert_eq!(store.install(&[]), []);
        }
    }
}
