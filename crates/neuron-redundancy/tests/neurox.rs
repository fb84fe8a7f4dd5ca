//! NeuroX's own labels of the real sample, and the picks that must never change.
#![allow(clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation, reason = "a test may fail")]

use fcluster::{Criterion, Numbering, fcluster};
use neuron_redundancy::{Config, Labels, Method, PlanChoice, create_correlation_clusters, pick};
use testkit::Fixture;

const REDUCIBLE: [Method; 5] =
    [Method::Single, Method::Complete, Method::Average, Method::Weighted, Method::Ward];

/// 9 cutoffs × absolute and signed × 7 methods.
#[test]
fn labels_of_the_sample_are_neurox_and_scipys_for_every_cutoff_measure_and_method() {
    let fixture = Fixture::open("sample");
    let source = activations::open(testkit::sample()).unwrap();
    let mut compared = 0;
    for (absolute, measure) in [(true, "absolute"), (false, "signed")] {
        for method in Method::ALL {
            let config = Config::default().with_method(method).with_absolute(absolute).with_cutoff(0.5);
            let config = config.with_numbering(Numbering::Scipy).with_dendrogram(true);
            let clusters = create_correlation_clusters(&*source, &config, &()).unwrap();
            for tenths in 1..=9_u8 {
                let (cutoff, name) = (f64::from(tenths) / 10.0, format!("{measure}/{method}/0.{tenths}"));
                let expected = fixture.counts(&name);
                assert_eq!(expected.len(), source.neurons());
                let tree = clusters.dendrogram.as_ref().unwrap();
                let labels = fcluster(tree, Criterion::Distance(cutoff), Numbering::Scipy).unwrap();
                assert!(labels.as_slice() == expected, "{name}: SciPy's numbers");
                let lowest = fcluster(tree, Criterion::Distance(cutoff), Numbering::Lowest).unwrap();
                let mut pairs: Vec<(u32, u32)> =
                    lowest.as_slice().iter().copied().zip(expected.iter().copied()).collect();
                pairs.sort_unstable();
                pairs.dedup();
                assert_eq!(pairs.len(), lowest.count(), "{name}: one partition under both numberings");
                if tenths == 5 {
                    assert_eq!(clusters.labels, labels, "{name}: the run's own cut");
                }
                compared += 1;
            }
        }
    }
    assert_eq!(compared, 126);
}

/// 9 cutoffs × absolute and signed × 5 methods, by components and under the cutoff; real data have no ties.
#[test]
fn partitions_of_the_sample_by_components_are_neurox_and_scipys_and_none_is_ambiguous() {
    let fixture = Fixture::open("sample");
    let source = activations::open(testkit::sample()).unwrap();
    let (mut compared, mut repaired) = (0, 0);
    for (absolute, measure) in [(true, "absolute"), (false, "signed")] {
        for method in REDUCIBLE {
            let config = Config::default().with_method(method).with_absolute(absolute);
            for (plan, singles) in
                [(PlanChoice::Components, true), (PlanChoice::Components, false), (PlanChoice::Dense, true)]
            {
                let config = config.clone().with_plan(plan).with_single_products(singles);
                for tenths in 1..=9_u8 {
                    let (cutoff, name) = (f64::from(tenths) / 10.0, format!("{measure}/{method}/0.{tenths}"));
                    let clusters =
                        create_correlation_clusters(&*source, &config.clone().with_cutoff(cutoff), &());
                    let clusters = clusters.unwrap();
                    let groups: Vec<usize> =
                        fixture.counts(&name).iter().map(|&label| label as usize).collect();
                    assert!(clusters.labels == Labels::of_groups(&groups), "{name} {plan:?} {singles}");
                    assert_eq!(clusters.ambiguous, [], "{name} {plan:?} {singles}");
                    repaired += clusters.repaired;
                    compared += 1;
                }
            }
        }
    }
    assert_eq!(compared, 270);
    assert!(repaired > 0, "some decisions should have been too close for single products");
}

/// Breaks if the generator, its key, its stream or the reduction changes: published results would no longer repeat.
#[test]
fn a_hundred_picks_are_those_of_the_python_twin() {
    let fixture = Fixture::open("picks");
    let column = |name| fixture.counts(name);
    let (seeds, lowest, counts, picks) = (column("seed"), column("lowest"), column("count"), column("pick"));
    assert_eq!(picks.len(), 100);
    for i in 0..100 {
        let members: Vec<usize> = (0..counts[i]).map(|j| (lowest[i] + 3 * j) as usize).collect();
        assert_eq!(pick(&members, seeds[i].into()), Some(picks[i] as usize), "pick {i}");
    }
}
