//! Cuts against the naive cut, and the laws that they obey.
#![allow(clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation, reason = "a test may fail")]

use fcluster::testing::{naive_distance_cut, trees};
use fcluster::{Criterion, Error, Labels, Numbering, Tree, fcluster};
use proptest::prelude::*;

fn cut(rows: &[[f64; 4]], criterion: Criterion) -> Labels {
    fcluster(Tree::from_rows(rows).unwrap(), criterion, Numbering::Scipy).unwrap()
}

/// Cutoffs that matter: between, at and beside the tree's own heights.
fn cutoffs(rows: &[[f64; 4]]) -> Vec<f64> {
    let own = rows.iter().flat_map(|row| [row[2], row[2].next_up(), row[2].next_down()]);
    own.chain([f64::NEG_INFINITY, -1.0, 0.0, 0.5, f64::INFINITY]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: testkit::cases(400, 20_000), ..ProptestConfig::default() })]

    #[test]
    fn distance_cut_is_the_naive_partition(rows in trees(30)) {
        for cutoff in cutoffs(&rows) {
            let labels = cut(&rows, Criterion::Distance(cutoff)).by_lowest();
            prop_assert_eq!(labels.as_slice(), naive_distance_cut(&rows, cutoff), "cutoff {}", cutoff);
        }
    }

    #[test]
    fn labels_are_dense_and_both_numberings_are_one_partition(rows in trees(30)) {
        for cutoff in cutoffs(&rows) {
            let labels = cut(&rows, Criterion::Distance(cutoff));
            let lowest = labels.by_lowest();
            prop_assert_eq!(labels.count(), lowest.count());
            prop_assert!(labels.clusters().iter().all(|c| !c.is_empty()));
            let mut firsts: Vec<usize> = lowest.clusters().iter().map(|c| c[0]).collect();
            prop_assert!(firsts.is_sorted());
            let mut same = labels.clusters();
            same.sort();
            prop_assert_eq!(same, lowest.clusters());
            firsts.dedup();
            prop_assert_eq!(firsts.len(), labels.count());
        }
    }

    #[test]
    fn cuts_are_nested(rows in trees(30)) {
        let mut sorted = cutoffs(&rows);
        sorted.sort_by(f64::total_cmp);
        for pair in sorted.windows(2) {
            let (fine, coarse) = (cut(&rows, Criterion::Distance(pair[0])), cut(&rows, Criterion::Distance(pair[1])));
            for cluster in fine.clusters() {
                let first = coarse.as_slice()[cluster[0]];
                prop_assert!(cluster.iter().all(|&member| coarse.as_slice()[member] == first));
            }
        }
    }

    #[test]
    fn maxclust_is_never_more_and_the_most_that_a_height_gives(rows in trees(30)) {
        let n = rows.len() + 1;
        let rising = rows.windows(2).all(|w| w[0][2] <= w[1][2]);
        for most in 1..=n + 1 {
            let labels = cut(&rows, Criterion::MaxClust(most));
            prop_assert!(labels.count() <= most);
            if rising {
                let counts = rows.iter().map(|row| cut(&rows, Criterion::Distance(row[2])).count());
                let best = counts.chain([n]).filter(|&count| count <= most).max().unwrap();
                prop_assert_eq!(labels.count(), best);
            }
        }
    }
}

#[test]
fn a_chain_of_a_million_leaves_needs_no_stack() {
    let n = 1_000_000_usize;
    let row = |r: usize| {
        let left = if r == 0 { 0.0 } else { (n + r - 1) as f64 };
        let (a, b) = (left.min((r + 1) as f64), left.max((r + 1) as f64));
        [a, b, r as f64, (r + 2) as f64]
    };
    let rows: Vec<[f64; 4]> = (0..n - 1).map(row).collect();
    let labels = cut(&rows, Criterion::Distance((n / 2) as f64));
    assert_eq!(labels.count(), n - n / 2 - 1);
    assert_eq!(cut(&rows, Criterion::MaxClust(10)).count(), 10);
}

#[test]
fn every_misuse_is_a_typed_error() {
    let rows = [[0.0, 1.0, 1.0, 2.0]];
    let tree = Tree::from_rows(&rows).unwrap();
    assert_eq!(fcluster(tree, Criterion::Distance(f64::NAN), Numbering::Lowest), Err(Error::Cutoff));
    assert_eq!(fcluster(tree, Criterion::MaxClust(0), Numbering::Lowest), Err(Error::NoClusters));
    assert!(matches!(Tree::from_rows(&[[0.0, 0.0, 1.0, 2.0]]), Err(Error::Row { row: 0, n: 2, .. })));
    let one = Tree::from_rows(&[]).unwrap();
    assert_eq!(fcluster(one, Criterion::Distance(0.5), Numbering::Scipy).unwrap().as_slice(), [1]);
    assert_eq!(fcluster(one, Criterion::MaxClust(1), Numbering::Scipy).unwrap().as_slice(), [1]);
}
