//! age and ssh-keygen judge what we seal, and we open what they make.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ::age::secrecy::SecretString;
use certs::seal::recipient::{Recipient, RecipientSet};
use certs::seal::sealed::{Agreement, Marker};
use certs::seal::{
    Identities, Identity, IdentityFault, IdentitySource, OpenError, Unlock, UnlockError,
    header as sealed, seal,
};
use certs::x509::key::KeyFingerprint;
use libtest_mimic::{Failed, Trial};
use zeroize::Zeroizing;

use crate::tool::{Bench, is_installed, trial};

const PASSPHRASE: &str = "correct horse";
const AGE: [&str; 3] = ["age", "age-keygen", "ssh-keygen"];

/// The edges of age's 64 KiB chunks.
const LENGTHS: [usize; 5] = [0, 1, 65535, 65536, 65537];

/// The ciphers of OpenSSH that protect private keys, except 3DES.
const CIPHERS: [&str; 9] = [
    "aes128-cbc",
    "aes192-cbc",
    "aes256-cbc",
    "aes128-ctr",
    "aes192-ctr",
    "aes256-ctr",
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "chacha20-poly1305@openssh.com",
];

const PLUGIN_RECIPIENT: &str = "age1certstest1qypqxpq9q7h7p4";
const PLUGIN_IDENTITY: &str = "AGE-PLUGIN-CERTSTEST-1QYPQXPQ9SP896Z";

/// The PIN `1234` in Base64, as the plugin wants it.
const PIN_1234: &str = "MTIzNA";

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = vec![
        trial("age::opens_what_we_seal", &AGE, age_opens_ours),
        trial("age::names_ssh_keys_as_we_do", &AGE, tags_agree),
        trial("age::reads_an_rsa_key_in_pem", &AGE, rsa_pem),
        trial("age::refuses_keys_that_cannot_decrypt", &AGE, useless_keys),
    ];
    for armor in ["", "-a"] {
        let name = |what: &str| {
            format!(
                "age::{what}::{}",
                if armor.is_empty() {
                    "binary"
                } else {
                    "armored"
                }
            )
        };
        trials.push(trial(name("we_open_what_it_seals"), &AGE, move || {
            we_open_theirs(armor)
        }));
        trials.push(trial(name("we_compute_the_length"), &AGE, move || {
            lengths(armor)
        }));
        trials.push(trial(
            name("we_open_with_its_encrypted_identity"),
            &["age", "age-keygen", "script"],
            move || encrypted_identity(armor),
        ));
    }
    for cipher in CIPHERS {
        for kind in ["ed25519", "rsa"] {
            trials.push(trial(
                format!("age::we_unlock_an_ssh_key::{kind}::{cipher}"),
                &AGE,
                move || locked_ssh_key(kind, cipher),
            ));
        }
    }
    trials.push(with_plugin(
        "age::a_plugin_seals_and_opens",
        "",
        plugin_both_ways,
    ));
    trials.push(with_plugin(
        "age::a_plugin_asks_for_its_pin_once",
        PIN_1234,
        plugin_pin,
    ));
    trials.push(with_plugin(
        "age::a_plugin_may_refuse",
        PIN_1234,
        plugin_refuses,
    ));
    trials
}

fn age_opens_ours() -> Result<(), Failed> {
    let bench = Keys::make()?;
    let content = b"-----BEGIN PRIVATE KEY-----\n".repeat(5000);
    bench.0.write(
        "ours.age",
        seal(&content, &bench.recipients()?, &fingerprint())?,
    )?;
    for identity in Keys::FILES {
        let opened = bench.0.run(&format!("age -d -i {identity} ours.age"))?;
        expect(
            opened.as_bytes() == content,
            &format!("{identity} gives other content"),
        )?;
    }
    bench.0.run("age-keygen -o other")?;
    bench.0.refuses("age -d -i other ours.age")?;
    let header = String::from_utf8_lossy(&bench.0.read("ours.age")?).into_owned();
    let marker = Marker::new(&bench.recipients()?, fingerprint().as_bytes());
    expect(
        header.contains(&format!(
            "-> certs-v1 {} {}\n",
            marker.recipients, marker.key
        )),
        "the marker is not in the file that age opened",
    )
}

fn we_open_theirs(armor: &str) -> Result<(), Failed> {
    let bench = Keys::make()?;
    bench.0.write("content", "a key")?;
    let to = Keys::FILES.map(|file| format!("-R {file}.pub")).join(" ");
    bench
        .0
        .run(&format!("age {armor} {to} -o theirs.age content"))?;
    let theirs = bench.0.read("theirs.age")?;
    for file in Keys::FILES {
        let opened = bench.identities(file, &Says::nothing())?.open(&theirs)?;
        expect(
            opened.as_slice() == b"a key",
            &format!("{file} gives other content"),
        )?;
    }
    let facts = sealed::parse(&theirs)?;
    let recipients = bench.recipients()?;
    equal(&facts.agrees_with(&recipients), &Agreement::Plausible)?;
    equal(
        &(facts.anonymous, facts.ssh_tags.len(), facts.other.len()),
        &(1, 2, 0),
    )?;
    equal(&(facts.marker, facts.passphrase), &(None, false))?;
    let one_less: RecipientSet = recipients.iter().skip(1).cloned().collect();
    expect(
        matches!(
            sealed::parse(&theirs)?.agrees_with(&one_less),
            Agreement::Differs { .. }
        ),
        "a recipient more goes unnoticed",
    )
}

fn lengths(armor: &str) -> Result<(), Failed> {
    let bench = Keys::make()?;
    for length in LENGTHS {
        bench.0.write("content", vec![b'x'; length])?;
        bench
            .0
            .run(&format!("age {armor} -R native.pub -o theirs.age content"))?;
        equal(
            &sealed::parse(&bench.0.read("theirs.age")?)?.plaintext_len,
            &(length as u64),
        )?;
        if length > 0 {
            let ours = seal(&vec![b'x'; length], &bench.recipients()?, &fingerprint())?;
            equal(&sealed::parse(&ours)?.plaintext_len, &(length as u64))?;
        }
    }
    Ok(())
}

fn tags_agree() -> Result<(), Failed> {
    let bench = Keys::make()?;
    for file in ["ed25519", "rsa"] {
        let shown = bench
            .0
            .run(&format!("ssh-keygen -l -E sha256 -f {file}.pub"))?;
        let fingerprint = shown.split_once("SHA256:").map_or("", |(_, rest)| rest);
        let recipient = bench.recipient(file)?;
        let tag = recipient.ssh_tag().unwrap_or_default();
        // 4 bytes are 5⅓ characters: the sixth is cut within the byte.
        expect(
            fingerprint.starts_with(&tag[..5]),
            &format!("{tag} is not in {shown}"),
        )?;
        bench.0.write("content", "x")?;
        bench
            .0
            .run(&format!("age -R {file}.pub -o theirs.age content"))?;
        equal(
            &sealed::parse(&bench.0.read("theirs.age")?)?.ssh_tags,
            &vec![tag.to_owned()],
        )?;
    }
    Ok(())
}

fn locked_ssh_key(kind: &str, cipher: &str) -> Result<(), Failed> {
    let bench = Keys(Bench::new()?);
    bench.0.run_words(&[
        "ssh-keygen",
        "-q",
        "-t",
        kind,
        "-N",
        PASSPHRASE,
        "-Z",
        cipher,
        "-C",
        "a b",
        "-f",
        "key",
    ])?;
    bench.0.write("content", "a key")?;
    bench.0.run("age -R key.pub -o theirs.age content")?;
    let theirs = bench.0.read("theirs.age")?;
    let says = Says::passphrase(PASSPHRASE);
    let identities = bench.identities("key", &says)?;
    for _ in 0..3 {
        equal(&identities.open(&theirs)?.as_slice(), &b"a key".as_slice())?;
    }
    equal(&says.asked(), &1)?;
    let wrong = bench
        .identities("key", &Says::passphrase("incorrect horse"))?
        .open(&theirs);
    expect(
        matches!(wrong, Err(OpenError::Refused { .. })),
        &format!("{wrong:?}"),
    )
}

fn rsa_pem() -> Result<(), Failed> {
    let bench = Keys::make()?;
    bench.0.run_words(&[
        "ssh-keygen",
        "-q",
        "-p",
        "-m",
        "PEM",
        "-P",
        "",
        "-N",
        "",
        "-f",
        "rsa",
    ])?;
    expect(
        bench
            .0
            .read("rsa")?
            .starts_with(b"-----BEGIN RSA PRIVATE KEY-----"),
        "not PKCS#1",
    )?;
    let sealed = seal(b"a key", &bench.recipients()?, &fingerprint())?;
    equal(
        &bench
            .identities("rsa", &Says::nothing())?
            .open(&sealed)?
            .as_slice(),
        &b"a key".as_slice(),
    )
}

fn useless_keys() -> Result<(), Failed> {
    let bench = Keys(Bench::new()?);
    let make = |options: &[&str], file: &str| {
        bench
            .0
            .run_words(&[&["ssh-keygen", "-q", "-f", file], options].concat())
    };
    make(&["-t", "ecdsa", "-N", ""], "ecdsa")?;
    make(&["-t", "rsa", "-m", "PEM", "-N", PASSPHRASE], "old-pem")?;
    make(&["-t", "rsa", "-m", "PKCS8", "-N", ""], "pkcs8")?;
    make(
        &["-t", "ed25519", "-Z", "3des-cbc", "-N", PASSPHRASE],
        "3des",
    )?;
    let fault = |file: &str| -> Result<IdentityFault, Failed> {
        match Identity::parse(&bench.source(file)?) {
            Ok(identity) => Err(format!("{identity:?} is accepted").into()),
            Err(error) => Ok(error.fault),
        }
    };
    equal(
        &fault("ecdsa")?,
        &IdentityFault::UnsupportedSsh {
            key_type: "ecdsa-sha2-nistp256".to_owned(),
        },
    )?;
    equal(&fault("old-pem")?, &IdentityFault::OldPem)?;
    equal(
        &fault("pkcs8")?,
        &IdentityFault::OtherPem {
            label: "PRIVATE KEY".to_owned(),
        },
    )?;
    equal(&fault("ecdsa.pub")?, &IdentityFault::PublicKey)?;
    expect(
        matches!(fault("3des")?, IdentityFault::DamagedSsh { .. }),
        "3DES",
    )
}

/// age asks at a terminal only, so `script` gives it one.
fn encrypted_identity(armor: &str) -> Result<(), Failed> {
    let bench = Keys::make()?;
    bench
        .0
        .write("answers", format!("{PASSPHRASE}\n{PASSPHRASE}\n"))?;
    let typed = format!("script -qec 'age -p {armor} -o native.age native' /dev/null < answers");
    bench.0.run_words(&["sh", "-c", &typed])?;
    let sealed = seal(b"a key", &bench.recipients()?, &fingerprint())?;
    let says = Says::passphrase(PASSPHRASE);
    let identities = bench.identities("native.age", &says)?;
    for _ in 0..3 {
        equal(&identities.open(&sealed)?.as_slice(), &b"a key".as_slice())?;
    }
    equal(&says.asked(), &1)
}

fn plugin_both_ways() -> Result<(), Failed> {
    let bench = Keys::make()?;
    bench.0.write("plugin", PLUGIN_IDENTITY)?;
    bench.0.write("content", "a key")?;
    let plugin = Recipient::parse(PLUGIN_RECIPIENT)?;
    let recipients: RecipientSet = bench
        .recipients()?
        .iter()
        .cloned()
        .chain([plugin])
        .collect();
    bench
        .0
        .write("ours.age", seal(b"a key", &recipients, &fingerprint())?)?;
    for identity in ["plugin", "native", "rsa"] {
        let opened = bench.0.run(&format!("age -d -i {identity} ours.age"))?;
        equal(&opened.as_str(), &"a key")?;
    }
    bench.0.run(&format!(
        "age -r {PLUGIN_RECIPIENT} -R ed25519.pub -o theirs.age content"
    ))?;
    let identities = bench.identities("plugin", &Says::nothing())?;
    for file in ["ours.age", "theirs.age"] {
        equal(
            &identities.open(&bench.0.read(file)?)?.as_slice(),
            &b"a key".as_slice(),
        )?;
    }
    let facts = sealed::parse(&bench.0.read("ours.age")?)?;
    equal(&facts.agrees_with(&recipients), &Agreement::Exact)
}

fn plugin_pin() -> Result<(), Failed> {
    let (bench, sealed) = plugin_files()?;
    let says = Says::passphrase("1234");
    let identities = bench.identities("plugin", &says)?;
    let opened = std::thread::scope(|scope| {
        let threads: Vec<_> = sealed
            .iter()
            .map(|file| scope.spawn(|| identities.open(file)))
            .collect();
        threads
            .into_iter()
            .all(|thread| matches!(thread.join(), Ok(Ok(_))))
    });
    expect(opened, "not every file opens")?;
    equal(&says.asked(), &1)
}

fn plugin_refuses() -> Result<(), Failed> {
    let (bench, sealed) = plugin_files()?;
    let says = Says::passphrase("4321");
    let identities = bench.identities("plugin", &says)?;
    for file in sealed.iter().take(2) {
        match identities.open(file) {
            Err(error @ OpenError::Refused { .. }) => {
                equal(
                    &error.to_string().as_str(),
                    &"it stays locked: plugin: 'age-plugin-certstest' couldn't use an identity: wrong PIN",
                )?;
            }
            other => return Err(format!("{other:?}").into()),
        }
    }
    // A wrong PIN is not used again unasked: the card would lock itself.
    equal(&says.asked(), &2)
}

fn plugin_files() -> Result<(Keys, Vec<Vec<u8>>), Failed> {
    let bench = Keys(Bench::new()?);
    bench.0.write("plugin", PLUGIN_IDENTITY)?;
    let recipients: RecipientSet = [Recipient::parse(PLUGIN_RECIPIENT)?].into_iter().collect();
    let sealed: Result<Vec<_>, _> = (0..5)
        .map(|_| seal(b"a key", &recipients, &fingerprint()))
        .collect();
    Ok((bench, sealed?))
}

/// Runs a trial in a process of its own whose PATH has the plugin on it.
fn with_plugin(name: &'static str, pin: &'static str, run: fn() -> Result<(), Failed>) -> Trial {
    const INSIDE: &str = "CERTS_INTEROP_WITH_PLUGIN";
    let trial_within = move || {
        if std::env::var_os(INSIDE).is_some() {
            return run();
        }
        let plugins = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/bin");
        let path = format!("{plugins}:{}", std::env::var("PATH")?);
        let output = Command::new(std::env::current_exe()?)
            .args(["--exact", name])
            .env(INSIDE, "1")
            .env("PATH", path)
            .env("CERTSTEST_PIN", pin)
            .output()?;
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        expect(output.status.success() && text.contains("1 passed"), &text)
    };
    Trial::test(name, trial_within)
        .with_ignored_flag(!AGE.iter().all(|program| is_installed(program)))
}

/// A directory with one key of each kind that files are sealed to.
struct Keys(Bench);

impl Keys {
    const FILES: [&str; 3] = ["native", "ed25519", "rsa"];

    fn make() -> Result<Self, Failed> {
        let bench = Bench::new()?;
        bench.run("age-keygen -o native")?;
        let public = bench.run("age-keygen -y native")?;
        bench.write("native.pub", public)?;
        for kind in ["ed25519", "rsa"] {
            bench.run_words(&[
                "ssh-keygen",
                "-q",
                "-t",
                kind,
                "-b",
                "2048",
                "-N",
                "",
                "-C",
                "x y",
                "-f",
                kind,
            ])?;
        }
        Ok(Self(bench))
    }

    fn recipient(&self, file: &str) -> Result<Recipient, Failed> {
        Ok(Recipient::parse(&String::from_utf8(
            self.0.read(&format!("{file}.pub"))?,
        )?)?)
    }

    fn recipients(&self) -> Result<RecipientSet, Failed> {
        Self::FILES
            .iter()
            .map(|file| self.recipient(file))
            .collect()
    }

    fn source(&self, file: &str) -> Result<IdentitySource, Failed> {
        Ok(IdentitySource {
            name: file.to_owned(),
            bytes: Zeroizing::new(self.0.read(file)?),
        })
    }

    fn identities(&self, file: &str, says: &Says) -> Result<Identities, Failed> {
        Ok(Identities::load(
            &[self.source(file)?],
            Box::new(says.clone()),
        )?)
    }
}

/// Gives one answer to whoever asks, and counts.
#[derive(Clone)]
struct Says {
    answer: Option<&'static str>,
    asked: Arc<AtomicUsize>,
}

impl Says {
    fn nothing() -> Self {
        Self {
            answer: None,
            asked: Arc::default(),
        }
    }

    fn passphrase(answer: &'static str) -> Self {
        Self {
            answer: Some(answer),
            asked: Arc::default(),
        }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Unlock for Says {
    fn passphrase(&self, _what: &str) -> Result<SecretString, UnlockError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.answer
            .map(SecretString::from)
            .ok_or(UnlockError::Cancelled)
    }

    fn attempts(&self) -> u32 {
        1
    }

    fn message(&self, _text: &str) {}

    fn confirm(&self, _question: &str, _yes: &str, _no: Option<&str>) -> Option<bool> {
        None
    }

    fn public_string(&self, _what: &str) -> Option<String> {
        None
    }
}

fn fingerprint() -> KeyFingerprint {
    KeyFingerprint::of_spki(b"some key")
}

fn expect(holds: bool, otherwise: &str) -> Result<(), Failed> {
    if holds { Ok(()) } else { Err(otherwise.into()) }
}

fn equal<T: PartialEq + std::fmt::Debug>(found: &T, expected: &T) -> Result<(), Failed> {
    expect(
        found == expected,
        &format!("{found:?} instead of {expected:?}"),
    )
}
