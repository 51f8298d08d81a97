//! What a person does by hand, on each kind of machine, so that it trusts a root.

use super::Root;
use crate::fleet::shell;

/// A kind of machine or program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    NixOs,
    Debian,
    Fedora,
    Arch,
    Alpine,
    Suse,
    MacOs,
    Windows,
    Firefox,
    Chromium,
    Java,
    Python,
    Node,
    Go,
    Curl,
}

/// A step for hands: what it is, and the lines to type or to write, which may be none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub what: &'static str,
    pub lines: Vec<String>,
}

impl System {
    /// Machines first, then programs that have a store of their own.
    pub const ALL: [Self; 15] = [
        Self::NixOs,
        Self::Debian,
        Self::Fedora,
        Self::Arch,
        Self::Alpine,
        Self::Suse,
        Self::MacOs,
        Self::Windows,
        Self::Firefox,
        Self::Chromium,
        Self::Java,
        Self::Python,
        Self::Node,
        Self::Go,
        Self::Curl,
    ];

    /// What it is called on the command line.
    pub fn code(self) -> &'static str {
        match self {
            Self::NixOs => "nixos",
            Self::Debian => "debian",
            Self::Fedora => "fedora",
            Self::Arch => "arch",
            Self::Alpine => "alpine",
            Self::Suse => "suse",
            Self::MacOs => "macos",
            Self::Windows => "windows",
            Self::Firefox => "firefox",
            Self::Chromium => "chromium",
            Self::Java => "java",
            Self::Python => "python",
            Self::Node => "node",
            Self::Go => "go",
            Self::Curl => "curl",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::NixOs => "NixOS",
            Self::Debian => "Debian, Ubuntu",
            Self::Fedora => "Fedora, RHEL and what comes of it",
            Self::Arch => "Arch Linux",
            Self::Alpine => "Alpine, with the package ca-certificates",
            Self::Suse => "openSUSE, SLES",
            Self::MacOs => "macOS",
            Self::Windows => "Windows, as administrator",
            Self::Firefox => "Firefox, which has a store of its own",
            Self::Chromium => "Chromium and Chrome on Linux",
            Self::Java => "Java",
            Self::Python => "Python",
            Self::Node => "Node.js",
            Self::Go => "Go",
            Self::Curl => "curl, git and what else uses OpenSSL",
        }
    }

    /// What to do for a root.
    pub fn steps(self, root: &Root) -> Vec<Step> {
        self.of_machine(root)
            .unwrap_or_else(|| self.of_program(root))
    }

    /// What the system itself trusts; `None` for a program that has a store of its own.
    fn of_machine(self, root: &Root) -> Option<Vec<Step>> {
        let file = shell(&root.file);
        let name = root.label().file_name();
        let anchors = |directory: &str, update: &str| {
            vec![step(
                "",
                vec![
                    format!("sudo cp {file} {directory}/{name}"),
                    format!("sudo {update}"),
                ],
            )]
        };
        let steps = match self {
            Self::NixOs => vec![
                step(
                    "on hosts that declare it:",
                    vec![format!(
                        "certToolkit.trust.authorities = [ \"{}\" ];",
                        root.name
                    )],
                ),
                step(
                    "on others:",
                    vec![format!(
                        "security.pki.certificateFiles = [ ./{} ];",
                        root.file.trim_start_matches("./")
                    )],
                ),
            ],
            Self::Debian | Self::Alpine => {
                anchors("/usr/local/share/ca-certificates", "update-ca-certificates")
            }
            Self::Fedora => anchors(
                "/etc/pki/ca-trust/source/anchors",
                "update-ca-trust extract",
            ),
            Self::Arch => anchors(
                "/etc/ca-certificates/trust-source/anchors",
                "update-ca-trust",
            ),
            Self::Suse => anchors("/etc/pki/trust/anchors", "update-ca-certificates"),
            Self::MacOs => vec![step(
                "",
                vec![format!(
                    "sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain {file}"
                )],
            )],
            Self::Windows => vec![step(
                "",
                vec![format!(
                    "certutil -addstore -f Root {}",
                    windows(&root.file)
                )],
            )],
            _ => return None,
        };
        Some(steps)
    }

    fn of_program(self, root: &Root) -> Vec<Step> {
        let file = shell(&root.file);
        let name = root.label();
        match self {
            Self::Firefox => vec![
                step(
                    "for all users of the machine, in /etc/firefox/policies/policies.json, or in distribution\\policies.json next to firefox.exe:",
                    vec![format!(
                        "{{ \"policies\": {{ \"Certificates\": {{ \"Install\": [ \"/usr/local/share/ca-certificates/{}\" ] }} }} }}",
                        name.file_name()
                    )],
                ),
                step(
                    "on Windows and macOS it takes what the system trusts, unless security.enterprise_roots.enabled is false",
                    Vec::new(),
                ),
            ],
            Self::Chromium => vec![step(
                "for yourself, with certutil of libnss3-tools or nss-tools:",
                vec![format!(
                    "certutil -A -d sql:$HOME/.pki/nssdb -t C,, -n {name} -i {file}"
                )],
            )],
            Self::Java => vec![step(
                "for each runtime, as its owner:",
                vec![format!(
                    "keytool -importcert -cacerts -storepass changeit -noprompt -alias {name} -file {file}"
                )],
            )],
            Self::Python => vec![
                step(
                    "the ssl module takes what OpenSSL trusts; requests and pip have a list of their own, which these replace by that of Debian:",
                    vec![
                        "export REQUESTS_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt".to_owned(),
                        "export PIP_CERT=/etc/ssl/certs/ca-certificates.crt".to_owned(),
                    ],
                ),
                step(
                    "for one connection, in addition to the usual roots:",
                    vec![format!(
                        "context = ssl.create_default_context(); context.load_verify_locations({:?})",
                        root.file
                    )],
                ),
            ],
            Self::Node => vec![step(
                "in addition to its own roots:",
                vec![format!("export NODE_EXTRA_CA_CERTS={file}")],
            )],
            Self::Go => vec![step(
                "it takes what the system trusts; on Unix this is trusted instead, and nothing else:",
                vec![format!("export SSL_CERT_FILE={file}")],
            )],
            Self::Curl => vec![step(
                "they take what the system trusts; for one command this is trusted instead:",
                vec![
                    format!("curl --cacert {file} https://…"),
                    format!("git -c http.sslCAInfo={file} fetch"),
                    format!("SSL_CERT_FILE={file} wget https://…"),
                ],
            )],
            _ => Vec::new(),
        }
    }
}

fn step(what: &'static str, lines: Vec<String>) -> Step {
    Step { what, lines }
}

fn windows(path: &str) -> String {
    format!("\"{}\"", path.replace('/', "\\"))
}
