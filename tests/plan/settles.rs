//! The promise that one run is enough: whatever is declared, and whatever it is changed to at any later moment, the plan after
//! a run has nothing left to do.

use certs::plan::Policy;
use proptest::prelude::*;

use crate::change::change;
use crate::tree::{ADA, BOB, NOW, Tree, lines, nothing};

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_second_plan_is_empty_and_so_is_the_one_after_any_change(change in change()) {
        let [before, after] = change.both(&nothing(), [ADA, BOB]);
        let mut tree = Tree::made_from(&before);
        let plan = tree.plan_at(&before, NOW, &Policy::default());
        prop_assert!(plan.is_settled(), "{:#?}", lines(&plan));
        let later = NOW + change.elapsed;
        tree.run(&after, later);
        let plan = tree.plan_at(&after, later, &Policy::default());
        prop_assert!(plan.is_settled(), "{:#?}", lines(&plan));
    }
}
