//! SciPy's statistics and the criteria that use them, and scikit-learn's scores, on every fixture.
#![allow(clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation, reason = "a test may fail")]

use fcluster::{
    Agreement, Criterion, Numbering, Tree, fcluster, inconsistent, is_valid_im, leaders, max_r_stat, maxdists,
    maxinconsts,
};
use testkit::Fixture;

fn bits<'a>(values: impl IntoIterator<Item = &'a f64>) -> Vec<u64> {
    values.into_iter().map(|value| value.to_bits()).collect()
}

/// Breaks if the order of the sums, a comparison, or the formula for one height changes.
#[test]
fn statistics_have_scipys_bits_on_every_fixture() {
    let (links, fixture) = (Fixture::open("linkage"), Fixture::open("statistics"));
    let mut compared = 0;
    for key in fixture.keys("/maxdists") {
        let z = links.rows(key);
        let tree = Tree::from_rows(&z).unwrap();
        assert_eq!(bits(&maxdists(tree)), bits(&fixture.floats(&format!("{key}/maxdists"))), "{key}");
        for depth in [1, 2, 3, 50] {
            let r = inconsistent(tree, depth).unwrap();
            assert!(is_valid_im(&r));
            let stored = fixture.floats(&format!("{key}/{depth}/inconsistent"));
            assert_eq!(bits(r.iter().flatten()), bits(&stored), "{key}, depth {depth}");
            if depth == 2 {
                let stored = fixture.floats(&format!("{key}/maxinconsts"));
                assert_eq!(bits(&maxinconsts(tree, &r).unwrap()), bits(&stored), "{key}");
                let stored = fixture.floats(&format!("{key}/max_r_stat"));
                for (column, stored) in stored.chunks(z.len()).enumerate() {
                    assert_eq!(bits(&max_r_stat(tree, &r, column).unwrap()), bits(stored), "{key}, {column}");
                }
            }
        }
        compared += 1;
    }
    assert_eq!(compared, 6 * 7 * 7);
}

/// Breaks if the walk's order, the bisection over rows, or what counts above a joined merge changes.
#[test]
fn labels_by_inconsistency_and_criterion_and_leaders_are_scipys_on_every_fixture() {
    let (links, fixture) = (Fixture::open("linkage"), Fixture::open("statistics"));
    let mut compared = 0;
    for key in fixture.keys("/maxdists") {
        let z = links.rows(key);
        let (tree, n) = (Tree::from_rows(&z).unwrap(), z.len() + 1);
        let mut check = |criteria: &[Criterion<'_>], stored: &str| {
            let stored = fixture.counts(&format!("{key}/{stored}"));
            assert_eq!(stored.len(), criteria.len() * n);
            for (criterion, stored) in criteria.iter().zip(stored.chunks(n)) {
                let labels = fcluster(tree, *criterion, Numbering::Scipy).unwrap();
                assert_eq!(labels.as_slice(), stored, "{key}, {criterion:?}");
                assert_eq!(labels.count(), stored.iter().max().map_or(0, |&most| most as usize));
                compared += 1;
            }
        };
        let cutoffs = fixture.floats(&format!("{key}/cutoffs"));
        let by = |&cutoff: &f64| Criterion::Inconsistent { cutoff, depth: 2 };
        check(&cutoffs.iter().map(by).collect::<Vec<_>>(), "inconsistent_labels");
        let values = fixture.floats(&format!("{key}/monocrit"));
        let mut sorted = values.clone();
        sorted.sort_by(f64::total_cmp);
        let by = |&cutoff: &f64| Criterion::Monocrit { cutoff, values: &values };
        let some = sorted.iter().step_by((n / 8).max(1));
        check(&some.map(by).collect::<Vec<_>>(), "monocrit_labels");
        let mut counts = vec![1, 2, n / 3 + 1, n - 1, n];
        counts.sort_unstable();
        counts.dedup();
        let by = |&clusters: &usize| Criterion::MaxClustMonocrit { clusters, values: &values };
        check(&counts.iter().map(by).collect::<Vec<_>>(), "maxclust_monocrit_labels");
        let cutoff = maxdists(tree)[n / 2 - 1];
        let labels = fcluster(tree, Criterion::Distance(cutoff), Numbering::Scipy).unwrap();
        let (nodes, numbers) = leaders(tree, labels.as_slice()).unwrap();
        let found: Vec<u32> = nodes.iter().map(|&node| node as u32).chain(numbers).collect();
        assert_eq!(found, fixture.counts(&format!("{key}/leaders")), "{key}");
    }
    assert!(compared > 4_000, "{compared} cuts were compared");
}

#[test]
fn scores_are_scikit_learns_on_every_fixture() {
    let fixture = Fixture::open("statistics");
    let mut compared = 0;
    for key in fixture.keys("/labels") {
        let labels = fixture.counts(&format!("{key}/labels"));
        let (a, b) = labels.split_at(labels.len() / 2);
        let agreement = Agreement::new(a, b).unwrap();
        let pairs: Vec<u128> = fixture.counts(&format!("{key}/pairs")).into_iter().map(u128::from).collect();
        assert_eq!(agreement.pair_confusion().as_flattened(), pairs, "{key}");
        let stored = fixture.floats(&format!("{key}/scores"));
        let [first, second] = agreement.entropies();
        let information = agreement.mutual_info_score();
        let share = |entropy: f64| if entropy > 0.0 { information / entropy } else { 1.0 };
        let found = [
            agreement.rand_score(),
            agreement.adjusted_rand_score(),
            information,
            agreement.normalized_mutual_info_score(),
            agreement.adjusted_mutual_info_score(),
            agreement.expected_mutual_information(),
            share(first),
            share(second),
        ];
        for (at, (found, stored)) in found.iter().zip(&stored).enumerate() {
            assert!((found - stored).abs() < 1e-12, "{key}, score {at}: {found} is not {stored}");
        }
        let variation = first + second - 2.0 * information;
        assert!((agreement.variation_of_information() - variation).abs() < 1e-12, "{key}");
        compared += 1;
    }
    assert_eq!(compared, 40);
}
