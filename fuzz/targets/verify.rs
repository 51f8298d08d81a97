//! Any bytes as a chain and as revocation lists: a verdict comes in time, without a root there is none that is good, and one that is good
//! leads over signatures that are valid to a root that was given.
#![no_main]

use certs::x509::certificate::read::{parse_chain, signed_by_key};
use certs::x509::crl::read as crl;
use certs::x509::verify::{PeerName, Policy, PolicyDemand, Purpose, Request, RevocationPolicy, verify};
use libfuzzer_sys::fuzz_target;
use time::macros::datetime;

fuzz_target!(|data: &[u8]| {
    let crls = crl::parse_all(data).unwrap_or_default();
    let Ok(chain) = parse_chain(data) else {
        return;
    };
    let (Some(leaf), Some(root)) = (chain.first(), chain.last()) else {
        return;
    };
    let policy = Policy {
        moment: datetime!(2027-01-01 0:00 UTC),
        purpose: Purpose::ANY,
        names: PeerName::parse("server.example")
            .into_iter()
            .filter(|_| data.len() % 2 == 0)
            .collect(),
        longest: None,
        revocation: RevocationPolicy::Listed,
        certificate_policies: PolicyDemand::default(),
    };
    let request = Request {
        leaf,
        intermediates: &chain,
        roots: std::slice::from_ref(root),
        crls: &crls,
        policy: &policy,
    };
    assert!(
        !verify(&Request {
            roots: &[],
            ..request
        })
        .is_verified()
    );
    let verdict = verify(&request);
    if verdict.is_verified() {
        let path: Vec<_> = verdict
            .path
            .iter()
            .map(|member| &member.certificate)
            .collect();
        assert_eq!(path.last().map(|last| &last.der), Some(&root.der));
        for pair in path.windows(2) {
            assert_eq!(signed_by_key(pair[0], &pair[1].spki), Some(true));
            assert!(pair[1].is_authority() && pair[0].validity().contains(policy.moment));
        }
    } else {
        assert!(
            verdict
                .reasons()
                .all(|(_, fault)| !fault.to_string().is_empty())
        );
    }
});
