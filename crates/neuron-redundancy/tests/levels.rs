//! Every plan at every level of the kernels. One test: the limit on levels is the process's.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use activations::InMemory;
use fcluster::Numbering;
use neuron_redundancy::{Clusters, Config, Method, PlanChoice, PlanKind, create_correlation_clusters};

#[test]
fn levels_change_no_label_of_any_plan() {
    let (tokens, neurons) = (600, 1_030);
    let values = testkit::activations(tokens, neurons, 12, 5);
    let source = InMemory::new(&values, tokens, neurons).unwrap();
    let mut kinds = Vec::new();
    for method in [Method::Single, Method::Complete, Method::Average, Method::Weighted, Method::Ward] {
        let config = Config::default().with_method(method).with_cutoff(0.45);
        for config in [
            config.clone().with_plan(PlanChoice::Components),
            config.clone().with_plan(PlanChoice::Components).with_single_products(false),
            config.clone().with_plan(PlanChoice::Dense),
            config.with_numbering(Numbering::Scipy),
        ] {
            let run = |levels| -> Clusters {
                neurocorr::testing::limit_levels(levels);
                hclust::testing::limit_levels(levels);
                let portable = neurocorr::Level::detect() == neurocorr::Level::portable();
                assert!(portable == (levels == 1 || neurocorr::Level::available().count() == 1));
                create_correlation_clusters(&source, &config, &()).unwrap()
            };
            let best = run(usize::MAX);
            for levels in 1..=3 {
                let found = run(levels);
                assert!(found.labels == best.labels, "{method} {:?} {levels}", found.plan.kind);
            }
            assert!(best.labels.count() < neurons && best.ambiguous.is_empty());
            kinds.push(best.plan.kind);
        }
    }
    for kind in [PlanKind::Components, PlanKind::DenseBelow, PlanKind::DenseCertified, PlanKind::Dense] {
        assert!(kinds.contains(&kind), "{kind:?}");
    }
}
