//! Every reason for a refusal, each with a chain that has it: the codes and the sentences are a snapshot.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use certs::x509::certificate::read::{CertificateDefect, parse_der};
use certs::x509::crl::read::parse_all;
use certs::x509::verify::{
    PeerName, Policy, PolicyDemand, Purpose, Request, RevocationPolicy, verify,
};
use libtest_mimic::{Failed, Trial};
use time::Duration;
use time::macros::datetime;

use crate::forge::{
    AUTHORITY_KEY_ID, BASIC_CONSTRAINTS, CERT_SIGN, CLIENT_AUTH, CRL_NUMBER, CRL_SIGN, Draft,
    EXTENDED_KEY_USAGE, KEY_USAGE, Key, ListDraft, NAME_CONSTRAINTS, NOW, SAN, SERVER_AUTH, SIGNS,
    SUBJECT_KEY_ID, algorithm, authority_key_id, basic_constraints, common_name, critical, dns,
    email, extended_key_usage, integer, key_usage, name_constraints, oid, plain, registered_id,
    rsa, seq, subject_key_id, tlv, unknown_key,
};

/// A root, an intermediate and a leaf, with whatever else lies about, and what is asked.
pub(crate) struct World {
    pub(crate) root: Draft,
    pub(crate) intermediate: Draft,
    pub(crate) leaf: Draft,
    others: Vec<Draft>,
    lists: Vec<ListDraft>,
    is_root_trusted: bool,
    pub(crate) policy: Policy,
}

impl World {
    pub(crate) fn sound() -> Self {
        Self {
            root: Draft::authority("root", "root", Key::Root, Key::Root, (1, 1)),
            intermediate: Draft::authority("sub", "root", Key::Intermediate, Key::Root, (2, 1)),
            leaf: Draft::leaf("leaf", "sub", (3, 2)),
            others: Vec::new(),
            lists: Vec::new(),
            is_root_trusted: true,
            policy: Policy {
                moment: NOW,
                purpose: Purpose::SERVER,
                names: vec![PeerName::parse("a.example.com").unwrap()],
                longest: None,
                revocation: RevocationPolicy::Chain,
                certificate_policies: PolicyDemand::default(),
            },
        }
    }

    /// The same with lists that say that all is well.
    fn listed() -> Self {
        Self {
            lists: vec![
                ListDraft::of("root", Key::Root, 1),
                ListDraft::of("sub", Key::Intermediate, 2),
            ],
            ..Self::sound()
        }
    }

    /// Codes and sentences, each with the certificate at fault.
    pub(crate) fn refusals(&self) -> Vec<(String, &'static str, String)> {
        let facts = |draft: &Draft| parse_der(&draft.der()).unwrap();
        let root = facts(&self.root);
        let mut intermediates: Vec<_> = self.others.iter().map(facts).collect();
        intermediates.push(facts(&self.intermediate));
        let mut roots = Vec::new();
        if self.is_root_trusted {
            roots.push(root);
        } else {
            intermediates.push(root);
        }
        let lists = self
            .lists
            .iter()
            .map(|list| parse_all(&list.der()).unwrap());
        let verdict = verify(&Request {
            leaf: &facts(&self.leaf),
            intermediates: &intermediates,
            roots: &roots,
            crls: &lists.flatten().collect::<Vec<_>>(),
            policy: &self.policy,
        });
        let refusals = verdict.reasons().map(|(member, fault)| {
            let whose = member.certificate.subject.to_string();
            (whose, fault.code(), fault.to_string())
        });
        refusals.collect()
    }
}

/// A change to a sound world.
pub(crate) type Change = fn(&mut World);

#[rustfmt::skip]
const WITHOUT_LISTS: &[(&str, Change)] = &[
    ("expired", |w| w.leaf.until = datetime!(2030-05-31 23:59:59 UTC)),
    ("expired root", |w| w.root.until = datetime!(2030-05-31 23:59:59 UTC)),
    ("not yet valid", |w| w.intermediate.from = datetime!(2030-06-01 0:00:01 UTC)),
    ("validity inverted", |w| w.leaf.until = w.leaf.from - Duration::SECOND),
    ("signed by another key", |w| w.leaf.signer = Key::Other),
    ("weak signature", |w| w.leaf.algorithm = algorithm("1.2.840.10045.4.1")),
    ("unknown signature", |w| w.leaf.algorithm = algorithm("1.3.6.1.4.1.99999.3")),
    ("root not signed by itself", |w| { w.root.signer = Key::Other; w.root.remove(AUTHORITY_KEY_ID); }),
    ("issuer unknown", |w| w.leaf.issuer = common_name("nobody")),
    ("issuer empty", |w| w.leaf.issuer = common_name("")),
    ("root not trusted", |w| w.is_root_trusted = false),
    ("circle", |w| { w.intermediate.issuer = common_name("other"); w.intermediate.signer = Key::Other; w.others.push(Draft::authority("other", "sub", Key::Other, Key::Intermediate, (1, 2))); }),
    ("path too long", long_path),
    ("search given up", maze),
    ("other name", |w| w.policy.names = vec![PeerName::parse("b.example.com").unwrap()]),
    ("no name", |w| w.leaf.remove(SAN)),
    ("other purpose", |w| w.leaf.set(plain(EXTENDED_KEY_USAGE, extended_key_usage(&[CLIENT_AUTH])))),
    ("purpose of the authority", |w| w.intermediate.set(plain(EXTENDED_KEY_USAGE, extended_key_usage(&[CLIENT_AUTH])))),
    ("purpose empty", |w| w.leaf.set(plain(EXTENDED_KEY_USAGE, extended_key_usage(&[])))),
    ("unfit key usage", |w| w.leaf.set(critical(KEY_USAGE, key_usage(0x40)))),
    ("key usage empty", |w| w.leaf.set(critical(KEY_USAGE, key_usage(0)))),
    ("timestamping and more", |w| { w.policy.purpose = "timestamping".parse().unwrap(); w.leaf.set(critical(EXTENDED_KEY_USAGE, extended_key_usage(&["1.3.6.1.5.5.7.3.8", SERVER_AUTH]))); }),
    ("issuer no authority", |w| { w.intermediate.set(critical(BASIC_CONSTRAINTS, basic_constraints(false, None))); w.intermediate.set(critical(KEY_USAGE, key_usage(SIGNS))); }),
    ("authority without cert sign", |w| w.intermediate.set(critical(KEY_USAGE, key_usage(CRL_SIGN)))),
    ("leaf with cert sign", |w| w.leaf.set(critical(KEY_USAGE, key_usage(SIGNS | CERT_SIGN)))),
    ("path length exceeded", |w| w.root.set(critical(BASIC_CONSTRAINTS, basic_constraints(true, Some(0))))),
    ("path length on a leaf", |w| w.leaf.set(critical(BASIC_CONSTRAINTS, basic_constraints(false, Some(0))))),
    ("longer than asked for", |w| w.policy.longest = Some(0)),
    ("not permitted", |w| w.intermediate.set(critical(NAME_CONSTRAINTS, name_constraints(&[dns("example.org")], &[])))),
    ("excluded", |w| w.root.set(critical(NAME_CONSTRAINTS, name_constraints(&[], &[dns("example.com")])))),
    ("unreadable name", |w| { w.leaf.set(plain(SAN, seq(&[dns("a.example.com"), email("a@b@example.com")]))); w.root.set(critical(NAME_CONSTRAINTS, name_constraints(&[email("example.com")], &[]))); }),
    ("unsupported kind of name", |w| { w.leaf.set(plain(SAN, seq(&[dns("a.example.com"), registered_id("1.2.3.4")]))); w.root.set(critical(NAME_CONSTRAINTS, name_constraints(&[registered_id("1.2.3.4")], &[]))); }),
    ("malformed constraint", |w| w.root.set(critical(NAME_CONSTRAINTS, name_constraints(&[], &[dns("..example.org")])))),
    ("constraint with a minimum", |w| { let subtree = seq(&[dns("example.com"), tlv(0x80, &[1])]); w.root.set(critical(NAME_CONSTRAINTS, seq(&[tlv(0xa0, &subtree)]))); }),
    ("constraint that is cut off", |w| { let excluded = tlv(0xa1, &[0x30, 0x05, 0x82, 0x01]); let permitted = tlv(0xa0, &seq(&[dns("example.com")])); w.root.set(critical(NAME_CONSTRAINTS, seq(&[permitted, excluded]))); }),
    ("empty constraints", |w| w.root.set(critical(NAME_CONSTRAINTS, name_constraints(&[], &[])))),
    ("constraints not critical", |w| w.root.set(plain(NAME_CONSTRAINTS, name_constraints(&[dns("example.com")], &[])))),
    ("constraints on a leaf", |w| w.leaf.set(critical(NAME_CONSTRAINTS, name_constraints(&[dns("example.com")], &[])))),
    ("too many names", |w| { let names = |count: usize| (0..count).map(|number| dns(&format!("{number}.example.com"))).collect::<Vec<_>>(); w.leaf.set(plain(SAN, seq(&names(600)))); w.policy.names.clear(); w.root.set(critical(NAME_CONSTRAINTS, name_constraints(&names(600), &[]))); }),
    ("no authority key id", |w| w.leaf.remove(AUTHORITY_KEY_ID)),
    ("authority key id without key", |w| w.leaf.set(plain(AUTHORITY_KEY_ID, seq(&[])))),
    ("no subject key id", |w| { w.intermediate.remove(SUBJECT_KEY_ID); }),
    ("other key id", |w| w.leaf.set(plain(AUTHORITY_KEY_ID, authority_key_id(9)))),
    ("other serial of the issuer", |w| { let root = tlv(0xa1, &tlv(0xa4, &common_name("root"))); w.leaf.set(plain(AUTHORITY_KEY_ID, seq(&[tlv(0x80, &[2; 4]), root, tlv(0x82, &[7])]))); }),
    ("weak key", |w| w.leaf.spki = rsa(128)),
    ("weak key of the issuer", |w| w.intermediate.spki = rsa(128)),
    ("unknown key", |w| w.leaf.spki = unknown_key()),
    ("extensions in version 1", |w| w.leaf.version = 0),
    ("serial zero", |w| w.leaf.serial = vec![0]),
    ("serial negative", |w| w.leaf.serial = vec![0xfe]),
    ("serial too long", |w| w.leaf.serial = vec![0x11; 21]),
    ("authority without a name", |w| { w.leaf.subject = common_name(""); w.leaf.set(critical(BASIC_CONSTRAINTS, basic_constraints(true, None))); w.leaf.set(critical(KEY_USAGE, key_usage(SIGNS | CERT_SIGN))); }),
    ("nameless", |w| { w.leaf.subject = common_name(""); w.leaf.remove(SAN); }),
    ("names that list nothing", |w| w.leaf.set(plain(SAN, seq(&[])))),
    ("names not critical", |w| w.leaf.subject = common_name("")),
    ("unknown critical", |w| w.leaf.set(critical("1.3.6.1.4.1.99999.1", tlv(5, &[])))),
    ("critical key id", |w| w.root.set(critical(SUBJECT_KEY_ID, subject_key_id(1)))),
    ("basic constraints not critical", |w| w.root.set(plain(BASIC_CONSTRAINTS, basic_constraints(true, None)))),
    ("damaged key", |w| w.leaf.spki[30] ^= 1),
    ("damaged encoding", |w| w.leaf.subject = seq(&[tlv(0x31, &[])])),
    ("wildcard too wide", |w| { w.leaf.set(plain(SAN, seq(&[dns("*.internal")]))); w.policy.names = vec![PeerName::parse("a.internal").unwrap()]; }),
    ("policy required by the root's authority", |w| w.intermediate.set(critical("2.5.29.36", seq(&[tlv(0x80, &[0])])))),
    ("policy asked for and not stated", |w| w.policy.certificate_policies.is_required = true),
    ("other policy asked for", |w| { for draft in [&mut w.intermediate, &mut w.leaf] { draft.set(plain("2.5.29.32", seq(&[seq(&[oid("1.3.6.1.4.1.99999.7")])]))); } w.policy.certificate_policies.is_required = true; w.policy.certificate_policies.accepted.insert("1.3.6.1.4.1.99999.8".to_owned()); }),
    ("any policy mapped", |w| w.intermediate.set(critical("2.5.29.33", seq(&[seq(&[oid("2.5.29.32.0"), oid("1.3.6.1.4.1.99999.7")])])))),
    ("signature algorithm with parameters", |w| w.leaf.algorithm = seq(&[oid("1.2.840.10045.4.3.2"), tlv(5, &[])])),
];

#[rustfmt::skip]
const WITH_LISTS: &[(&str, Change)] = &[
    ("leaf revoked", |w| w.lists[1].revoked.push((w.leaf.serial.clone(), 1))),
    ("intermediate revoked", |w| w.lists[0].revoked.push((w.intermediate.serial.clone(), 5))),
    ("revoked in a list that ran out", |w| { w.lists[1].until = w.lists[1].from; w.lists[1].revoked.push((w.leaf.serial.clone(), 0)); }),
    ("no list of the root", |w| { w.lists.remove(0); }),
    ("list ran out", |w| w.lists[1].until = w.lists[1].from + Duration::DAY),
    ("list not yet valid", |w| w.lists[1].from = NOW + Duration::DAY),
    ("list signed by another key", |w| w.lists[1].signer = Key::Other),
    ("issuer may not sign lists", |w| w.intermediate.set(critical(KEY_USAGE, key_usage(CERT_SIGN)))),
    ("list without number", |w| w.lists[1].extensions.retain(|known| known.oid != CRL_NUMBER)),
    ("list with a critical number", |w| { w.lists[1].extensions.retain(|known| known.oid != CRL_NUMBER); w.lists[1].extensions.push(critical(CRL_NUMBER, integer(&[1]))); }),
    ("list without key", |w| w.lists[1].extensions.retain(|known| known.oid != AUTHORITY_KEY_ID)),
    ("list of some reasons", |w| w.lists[1].extensions.push(critical("2.5.29.28", seq(&[tlv(0x83, &[6, 0x40])])))),
    ("list of another point", |w| w.lists[1].extensions.push(critical("2.5.29.28", seq(&[tlv(0xa0, &tlv(0xa0, &tlv(0x86, b"http://other.example/")))])))),
    ("list of a point that is no URL", |w| w.lists[1].extensions.push(critical("2.5.29.28", seq(&[tlv(0xa0, &tlv(0xa0, &tlv(0xa4, &common_name("point"))))])))),
    ("list of a relative point", |w| { let name = common_name("point"); w.lists[1].extensions.push(critical("2.5.29.28", seq(&[tlv(0xa0, &tlv(0xa1, &name[4..]))]))); }),
    ("named by a list of a point that the leaf does not name", |w| { w.lists[1].extensions.push(critical("2.5.29.28", seq(&[tlv(0xa0, &tlv(0xa0, &tlv(0x86, b"http://other.example/")))]))); w.lists[1].revoked.push((w.leaf.serial.clone(), 1)); }),
    ("named by a list for authorities only", |w| { w.lists[1].extensions.push(critical("2.5.29.28", seq(&[tlv(0x82, &[0xff])]))); w.lists[1].revoked.push((w.leaf.serial.clone(), 1)); }),
    ("named by a list of another key", |w| { w.policy.revocation = RevocationPolicy::Listed; w.lists[1].signer = Key::Other; w.lists[1].revoked.push((w.leaf.serial.clone(), 1)); }),
    ("named by a list of an issuer that may not sign any", |w| { w.policy.revocation = RevocationPolicy::Listed; w.lists[1].revoked.push((w.leaf.serial.clone(), 1)); w.intermediate.set(critical(KEY_USAGE, key_usage(CERT_SIGN))); }),
    ("list of other issuers that does not say so", |w| { w.lists[1].revoked.push((vec![9], 1)); w.lists[1].entry_issuer = Some(common_name("other")); }),
    ("list with an unknown critical extension", |w| w.lists[1].extensions.push(critical("1.3.6.1.4.1.99999.1", tlv(5, &[])))),
    ("delta", |w| w.lists[1].extensions.push(critical("2.5.29.27", integer(&[1])))),
    ("list for end entities only and for authorities only", |w| w.lists[1].extensions.push(critical("2.5.29.28", seq(&[tlv(0x81, &[0xff]), tlv(0x82, &[0xff])])))),
    ("list for authorities only", |w| w.lists[1].extensions.push(critical("2.5.29.28", seq(&[tlv(0x82, &[0xff])])))),
];

/// Codes that no certificate leads to: what was read once can be read again.
const UNREACHED: [&str; 1] = ["unreadable"];

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        Trial::test("refusals::a_sound_chain_has_none", sound),
        Trial::test("refusals::each_has_its_code_and_its_sentence", snapshot),
        Trial::test("refusals::no_changed_bit_is_let_through", no_changed_bit),
        Trial::test("refusals::the_schema_has_every_code", schema_has_every_code),
        Trial::test(
            "refusals::less_can_be_asked_of_revocation",
            revocation_policies,
        ),
        Trial::test("refusals::a_second_path_saves_a_certificate", second_path),
        Trial::test("refusals::a_trusted_leaf_needs_no_issuer", trusted_leaf),
        Trial::test(
            "refusals::no_constraint_is_left_out_of_the_facts",
            constraints_in_facts,
        ),
        Trial::test(
            "refusals::nothing_follows_the_value_of_an_extension",
            appended_to_extensions,
        ),
    ]
}

fn sound() -> Result<(), Failed> {
    for world in [World::sound(), World::listed()] {
        expect(&world, &[])?;
    }
    Ok(())
}

fn snapshot() -> Result<(), Failed> {
    let mut text = String::new();
    let mut codes = BTreeSet::new();
    let without = WITHOUT_LISTS.iter().map(|case| (case, World::sound()));
    let with = WITH_LISTS.iter().map(|case| (case, World::listed()));
    for ((name, change), mut world) in without.chain(with) {
        change(&mut world);
        let refusals = world.refusals();
        if refusals.is_empty() {
            return Err(format!("{name} is not refused").into());
        }
        let _ = writeln!(text, "{name}");
        for (whose, code, sentence) in refusals {
            codes.insert(code);
            let whose = if whose.is_empty() {
                "(no subject)".to_owned()
            } else {
                whose
            };
            let _ = writeln!(text, "  {code}: {whose} {sentence}");
        }
    }
    let every = codes_of_the_source();
    let unseen: Vec<_> = every
        .iter()
        .filter(|code| !codes.contains(code.as_str()) && !UNREACHED.contains(&code.as_str()))
        .collect();
    insta::assert_snapshot!("refusals", text);
    if unseen.is_empty() {
        Ok(())
    } else {
        Err(format!("no chain has {unseen:?}").into())
    }
}

/// The codes in `Fault::code`, read from its source: an enum cannot be counted.
fn codes_of_the_source() -> BTreeSet<String> {
    let source = include_str!("../../src/x509/verify/fault.rs");
    let of_faults = source.split("impl Fault {").nth(1).unwrap_or_default();
    let of_codes = of_faults.split("\n    }\n").next().unwrap_or_default();
    let codes = of_codes.lines().filter_map(|line| line.split('"').nth(1));
    let codes: BTreeSet<String> = codes.map(str::to_owned).collect();
    assert!(codes.len() > 50, "{codes:?}");
    codes
}

/// Every octet of what is not trusted as it is, is signed or is the signature.
fn no_changed_bit() -> Result<(), Failed> {
    let world = World::sound();
    let sound = [&world.leaf, &world.intermediate, &world.root].map(Draft::der);
    for (number, octet) in
        (0..2).flat_map(|number| (0..sound[number].len()).map(move |octet| (number, octet)))
    {
        for bit in [0x01, 0x80] {
            let mut chain = sound.clone();
            chain[number][octet] ^= bit;
            let Ok(chain) = chain
                .iter()
                .map(|der| parse_der(der))
                .collect::<Result<Vec<_>, _>>()
            else {
                continue;
            };
            let verdict = verify(&Request {
                leaf: &chain[0],
                intermediates: &chain[1..2],
                roots: &chain[2..],
                crls: &[],
                policy: &world.policy,
            });
            if verdict.is_verified() {
                return Err(format!("certificate {number}, octet {octet}, bit {bit:#x}").into());
            }
        }
    }
    Ok(())
}

fn schema_has_every_code() -> Result<(), Failed> {
    let schema: serde_json::Value =
        serde_json::from_str(include_str!("../../docs/schema/verify.json"))?;
    let codes = schema["$defs"]["code"]["enum"]
        .as_array()
        .ok_or("no codes")?;
    let published: BTreeSet<String> = codes
        .iter()
        .filter_map(|code| Some(code.as_str()?.to_owned()))
        .collect();
    let mut wanted = codes_of_the_source();
    wanted.insert("no-certificate".to_owned());
    if published == wanted {
        Ok(())
    } else {
        let differing: Vec<_> = published.symmetric_difference(&wanted).collect();
        Err(format!("{differing:?}").into())
    }
}

fn revocation_policies() -> Result<(), Failed> {
    let mut world = World::listed();
    world.lists.remove(0);
    expect(&world, &["crl-missing"])?;
    world.policy.revocation = RevocationPolicy::Leaf;
    expect(&world, &[])?;
    world.lists.clear();
    world.lists.push(ListDraft::of("root", Key::Root, 1));
    expect(&world, &["crl-missing"])?;
    world.policy.revocation = RevocationPolicy::Listed;
    expect(&world, &[])?;
    world.lists[0]
        .revoked
        .push((world.intermediate.serial.clone(), 4));
    expect(&world, &["revoked"])
}

/// The intermediate has two certificates, one of them from an authority nobody trusts and one that ran out.
fn second_path() -> Result<(), Failed> {
    let mut world = World::sound();
    let mut expired = world.intermediate.clone();
    expired.until = datetime!(2030-02-01 0:00 UTC);
    let stray = Draft::authority("sub", "nowhere", Key::Intermediate, Key::Other, (2, 8));
    world.others = vec![expired, stray];
    expect(&world, &[])?;
    world.intermediate.until = datetime!(2030-03-01 0:00 UTC);
    expect(&world, &["expired"])
}

fn trusted_leaf() -> Result<(), Failed> {
    let leaf = parse_der(&World::sound().leaf.der())?;
    let policy = World::sound().policy;
    let verdict = verify(&Request {
        leaf: &leaf,
        intermediates: &[],
        roots: std::slice::from_ref(&leaf),
        crls: &[],
        policy: &policy,
    });
    if verdict.is_verified() {
        Ok(())
    } else {
        let reasons: Vec<_> = verdict.reasons().map(|(_, fault)| fault.code()).collect();
        Err(format!("{reasons:?}").into())
    }
}

/// What the facts show of constraints, whether they can be read or not, and that a certificate below them is refused.
fn constraints_in_facts() -> Result<(), Failed> {
    let com = || dns("example.com");
    let permitted = || tlv(0xa0, &seq(&[com()]));
    let bounded = seq(&[com(), tlv(0x80, &[1])]);
    let shown = [
        (
            name_constraints(&[com()], &[dns("x.example.com")]),
            "permitted dns:example.com; excluded dns:x.example.com",
        ),
        (
            seq(&[permitted(), tlv(0xa1, &[0x30, 0x05, 0x82, 0x01])]),
            "excluded unreadable:3017a00f300d820b6578616d706c652e636f6da10430058201",
        ),
        (
            seq(&[permitted(), tlv(0xa1, &seq(&[tlv(0xa0, &[])]))]),
            "permitted dns:example.com; excluded unreadable:3002a000",
        ),
        (
            seq(&[permitted(), tlv(0xa1, &seq(&[tlv(0x82, &[0xff])]))]),
            "permitted dns:example.com; excluded unreadable:30038201ff",
        ),
        (
            seq(&[tlv(0xa0, &bounded)]),
            "permitted dns:example.com with a minimum or maximum",
        ),
    ];
    for (value, wanted) in shown {
        let mut world = World::sound();
        world.root.set(critical(NAME_CONSTRAINTS, value));
        let facts = parse_der(&world.root.der())?;
        let found = facts.name_constraints.ok_or("no constraints")?.to_string();
        if found != wanted {
            return Err(format!("{found} instead of {wanted}").into());
        }
        let is_whole = !wanted.contains("unreadable") && !wanted.contains("minimum");
        expect(
            &world,
            if is_whole {
                &[]
            } else {
                &["constraints-unreadable"]
            },
        )?;
    }
    Ok(())
}

/// Of two values in one extension, relying parties would not agree which counts.
fn appended_to_extensions() -> Result<(), Failed> {
    let sound = World::sound();
    for extension in &sound.leaf.extensions {
        let mut leaf = sound.leaf.clone();
        let mut longer = extension.clone();
        longer.value.extend(tlv(5, &[]));
        leaf.set(longer);
        match parse_der(&leaf.der()) {
            Err(CertificateDefect::BadExtension { oid }) if oid == extension.oid => {}
            other => return Err(format!("{}: {other:?}", extension.oid).into()),
        }
    }
    Ok(())
}

fn expect(world: &World, wanted: &[&str]) -> Result<(), Failed> {
    let found: Vec<_> = world
        .refusals()
        .into_iter()
        .map(|(_, code, _)| code)
        .collect();
    if found == wanted {
        Ok(())
    } else {
        Err(format!("{found:?} instead of {wanted:?}").into())
    }
}

/// Thirty authorities below the root; two keys take turns.
fn long_path(world: &mut World) {
    let mut name = "root".to_owned();
    let (mut key, mut signer) = (Key::Other, Key::Root);
    for number in 0..30 {
        let next = format!("level {number}");
        let ids = (4, if number == 0 { 1 } else { 4 });
        world
            .others
            .push(Draft::authority(&next, &name, key, signer, ids));
        name = next;
        std::mem::swap(&mut key, &mut signer);
    }
    world.leaf.issuer = common_name(&name);
    world.leaf.signer = signer;
    world.leaf.set(plain(AUTHORITY_KEY_ID, authority_key_id(4)));
}

/// Eight authorities that all have the same name and key, spelt differently, and sign each other.
fn maze(world: &mut World) {
    world.is_root_trusted = false;
    for number in 0..8 {
        let mut twin = Draft::authority("sub", "sub", Key::Intermediate, Key::Intermediate, (2, 2));
        twin.subject = twisted("sub", number);
        world.others.push(twin);
    }
}

/// A name that is equal to another one and has other octets: blanks at its end do not count.
fn twisted(name: &str, number: u8) -> Vec<u8> {
    common_name(&format!("{name}{}", " ".repeat(usize::from(number) + 1)))
}
