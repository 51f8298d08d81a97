//! The cases of PKITS about certificate policies (sections 4.8 to 4.12), each with what it asks for.

use certs::x509::verify::PolicyDemand;

/// A question: the case, what is asked for, and whether the path is to be accepted.
pub(crate) type Question = (&'static str, Ask, bool);

/// The policies that are accepted, by their last number below NIST's test policies; none means any. Then what else holds at the beginning.
pub(crate) type Ask = (&'static [u8], Initially);

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Initially {
    Nothing,
    ExplicitPolicy,
    InhibitMapping,
    InhibitAny,
}

use Initially::{ExplicitPolicy, InhibitAny, InhibitMapping, Nothing};

const ANY: Ask = (&[], Nothing);

pub(crate) fn demand((accepted, initially): Ask) -> PolicyDemand {
    let oid = |number: &u8| format!("2.16.840.1.101.3.2.1.48.{number}");
    PolicyDemand {
        accepted: accepted.iter().map(oid).collect(),
        is_required: initially == ExplicitPolicy,
        inhibits_mapping: initially == InhibitMapping,
        inhibits_any: initially == InhibitAny,
    }
}

pub(crate) const SECTIONS: [(&str, &[Question]); 5] = [
    (
        "certificate_policies",
        &[
            ("ValidCertificatePathTest1", (&[], ExplicitPolicy), true),
            ("ValidCertificatePathTest1", (&[1], ExplicitPolicy), true),
            ("ValidCertificatePathTest1", (&[2], ExplicitPolicy), false),
            ("ValidCertificatePathTest1", (&[1, 2], ExplicitPolicy), true),
            ("AllCertificatesNoPoliciesTest2", ANY, true),
            (
                "AllCertificatesNoPoliciesTest2",
                (&[], ExplicitPolicy),
                false,
            ),
            ("DifferentPoliciesTest3", ANY, true),
            ("DifferentPoliciesTest3", (&[], ExplicitPolicy), false),
            ("DifferentPoliciesTest3", (&[1, 2], ExplicitPolicy), false),
            ("DifferentPoliciesTest4", ANY, false),
            ("DifferentPoliciesTest5", ANY, false),
            ("OverlappingPoliciesTest6", ANY, true),
            ("OverlappingPoliciesTest6", (&[1], Nothing), true),
            ("OverlappingPoliciesTest6", (&[2], Nothing), false),
            ("DifferentPoliciesTest7", ANY, false),
            ("DifferentPoliciesTest8", ANY, false),
            ("DifferentPoliciesTest9", ANY, false),
            ("AllCertificatesSamePoliciesTest10", ANY, true),
            ("AllCertificatesSamePoliciesTest10", (&[1], Nothing), true),
            ("AllCertificatesSamePoliciesTest10", (&[2], Nothing), true),
            ("AllCertificatesanyPolicyTest11", ANY, true),
            ("AllCertificatesanyPolicyTest11", (&[1], Nothing), true),
            ("DifferentPoliciesTest12", ANY, false),
            ("AllCertificatesSamePoliciesTest13", (&[1], Nothing), true),
            ("AllCertificatesSamePoliciesTest13", (&[2], Nothing), true),
            ("AllCertificatesSamePoliciesTest13", (&[3], Nothing), true),
            ("AnyPolicyTest14", (&[1], Nothing), true),
            ("AnyPolicyTest14", (&[2], Nothing), false),
            ("UserNoticeQualifierTest15", ANY, true),
            ("UserNoticeQualifierTest16", ANY, true),
            ("UserNoticeQualifierTest17", ANY, true),
            ("UserNoticeQualifierTest18", (&[1], Nothing), true),
            ("UserNoticeQualifierTest18", (&[2], Nothing), true),
            ("UserNoticeQualifierTest19", ANY, true),
            ("CPSPointerQualifierTest20", (&[], ExplicitPolicy), true),
        ],
    ),
    (
        "require_explicit_policy",
        &[
            ("ValidrequireExplicitPolicyTest1", ANY, true),
            ("ValidrequireExplicitPolicyTest2", ANY, true),
            ("InvalidrequireExplicitPolicyTest3", ANY, false),
            ("ValidrequireExplicitPolicyTest4", ANY, true),
            ("InvalidrequireExplicitPolicyTest5", ANY, false),
            ("ValidSelfIssuedrequireExplicitPolicyTest6", ANY, true),
            ("InvalidSelfIssuedrequireExplicitPolicyTest7", ANY, false),
            ("InvalidSelfIssuedrequireExplicitPolicyTest8", ANY, false),
        ],
    ),
    (
        "policy_mappings",
        &[
            ("ValidPolicyMappingTest1", (&[1], Nothing), true),
            ("ValidPolicyMappingTest1", (&[2], Nothing), false),
            ("ValidPolicyMappingTest1", (&[], InhibitMapping), false),
            ("InvalidPolicyMappingTest2", ANY, false),
            ("InvalidPolicyMappingTest2", (&[], InhibitMapping), false),
            ("ValidPolicyMappingTest3", (&[1], Nothing), false),
            ("ValidPolicyMappingTest3", (&[2], Nothing), true),
            ("InvalidPolicyMappingTest4", ANY, false),
            ("ValidPolicyMappingTest5", (&[1], Nothing), true),
            ("ValidPolicyMappingTest5", (&[6], Nothing), false),
            ("ValidPolicyMappingTest6", (&[1], Nothing), true),
            ("ValidPolicyMappingTest6", (&[6], Nothing), false),
            ("InvalidMappingFromanyPolicyTest7", ANY, false),
            ("InvalidMappingToanyPolicyTest8", ANY, false),
            ("ValidPolicyMappingTest9", ANY, true),
            ("InvalidPolicyMappingTest10", ANY, false),
            ("ValidPolicyMappingTest11", ANY, true),
            ("ValidPolicyMappingTest12", (&[1], Nothing), true),
            ("ValidPolicyMappingTest12", (&[2], Nothing), true),
            ("ValidPolicyMappingTest13", ANY, true),
            ("ValidPolicyMappingTest14", ANY, true),
        ],
    ),
    (
        "inhibit_policy_mapping",
        &[
            ("InvalidinhibitPolicyMappingTest1", ANY, false),
            ("ValidinhibitPolicyMappingTest2", ANY, true),
            ("InvalidinhibitPolicyMappingTest3", ANY, false),
            ("ValidinhibitPolicyMappingTest4", ANY, true),
            ("InvalidinhibitPolicyMappingTest5", ANY, false),
            ("InvalidinhibitPolicyMappingTest6", ANY, false),
            ("ValidSelfIssuedinhibitPolicyMappingTest7", ANY, true),
            ("InvalidSelfIssuedinhibitPolicyMappingTest8", ANY, false),
            ("InvalidSelfIssuedinhibitPolicyMappingTest9", ANY, false),
            ("InvalidSelfIssuedinhibitPolicyMappingTest10", ANY, false),
            ("InvalidSelfIssuedinhibitPolicyMappingTest11", ANY, false),
        ],
    ),
    (
        "inhibit_any_policy",
        &[
            ("InvalidinhibitAnyPolicyTest1", ANY, false),
            ("ValidinhibitAnyPolicyTest2", ANY, true),
            ("inhibitAnyPolicyTest3", ANY, true),
            ("inhibitAnyPolicyTest3", (&[], InhibitAny), false),
            ("InvalidinhibitAnyPolicyTest4", ANY, false),
            ("InvalidinhibitAnyPolicyTest5", ANY, false),
            ("InvalidinhibitAnyPolicyTest6", ANY, false),
            ("ValidSelfIssuedinhibitAnyPolicyTest7", ANY, true),
            ("InvalidSelfIssuedinhibitAnyPolicyTest8", ANY, false),
            ("ValidSelfIssuedinhibitAnyPolicyTest9", ANY, true),
            ("InvalidSelfIssuedinhibitAnyPolicyTest10", ANY, false),
        ],
    ),
];
