//! Leaf orders against every order that the tree allows.
#![allow(clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation, reason = "a test may fail")]

use hclust::testing::condensed;
use hclust::{
    Condensed, Dendrogram, Error, Float, LeafOrder, Merge, Method, linkage, optimal_leaf_ordering,
    optimal_leaf_ordering_with,
};
use proptest::prelude::*;
use std::ops::ControlFlow;

/// The way from leaf to leaf.
fn length<T: Float>(tree: &Dendrogram<T>, d: &Condensed<T>) -> f64 {
    tree.leaves_list().windows(2).map(|pair| d.get(pair[0], pair[1]).unwrap().into()).sum()
}

/// The shortest way of all 2ⁿ⁻¹ orders, one by one.
fn shortest<T: Float>(tree: &Dendrogram<T>, d: &Condensed<T>) -> f64 {
    let turned = |flips: u32| {
        let turn = |(row, merge): (usize, &Merge<T>)| match flips >> row & 1 {
            1 => Merge { left: merge.right, right: merge.left, ..*merge },
            _ => *merge,
        };
        Dendrogram::new(tree.n(), tree.merges().iter().enumerate().map(turn).collect()).unwrap()
    };
    (0..1 << tree.merges().len()).map(|flips| length(&turned(flips), d)).fold(f64::INFINITY, f64::min)
}

/// The same merges, whichever way round.
fn assert_same_tree<T: Float>(a: &Dendrogram<T>, b: &Dendrogram<T>) {
    assert_eq!(a.n(), b.n());
    for (a, b) in a.merges().iter().zip(b.merges()) {
        let turned = Merge { left: b.right, right: b.left, ..*b };
        assert!(a == b || *a == turned, "{a:?} {b:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: testkit::cases(120, 3_000), ..ProptestConfig::default() })]

    #[test]
    fn no_order_of_the_tree_is_shorter(d in condensed(10)) {
        for method in [Method::Average, Method::Single, Method::Centroid] {
            let Ok(tree) = linkage(d.clone(), method) else { continue };
            let ordered = optimal_leaf_ordering(&tree, &d).unwrap();
            assert_same_tree(&ordered, &tree);
            let (found, least) = (length(&ordered, &d), shortest(&tree, &d));
            prop_assert!(found <= least * (1.0 + 1e-12), "{found} {least} {:?}", d);
            let scipy = optimal_leaf_ordering_with(&tree, &d, LeafOrder::Scipy, &()).unwrap();
            assert_same_tree(&scipy, &tree);
        }
    }

    /// Ranges of every width of the kernels' registers; whole numbers, of which sums are exact, in f32 as in f64.
    #[test]
    fn larger_trees_are_ordered_alike_in_both_types_and_no_worse_than_scipys(
        n in 11_usize..150, seed in 0_u64..1_000_000
    ) {
        let whole: Vec<f64> = testkit::random_condensed(n, seed).into_iter().map(|v| (v * 1000.0).floor()).collect();
        let narrow = Condensed::new(n, whole.iter().map(|&v| v as f32).collect()).unwrap();
        let d = Condensed::new(n, whole).unwrap();
        for method in [Method::Complete, Method::Single] {
            let tree = linkage(d.clone(), method).unwrap();
            let ordered = optimal_leaf_ordering(&tree, &d).unwrap();
            assert_same_tree(&ordered, &tree);
            let best = length(&ordered, &d);
            for order in [&tree, &optimal_leaf_ordering_with(&tree, &d, LeafOrder::Scipy, &()).unwrap()] {
                prop_assert!(best <= length(order, &d));
            }
            let narrow_tree = linkage(narrow.clone(), method).unwrap();
            let narrow_ordered = optimal_leaf_ordering(&narrow_tree, &narrow).unwrap();
            prop_assert_eq!(length(&narrow_ordered, &narrow), best);
            prop_assert_eq!(naive_least(&tree, &d), best);
        }
    }
}

/// The least way by the plain recurrence over all four ends, O(n⁴).
fn naive_least(tree: &Dendrogram<f64>, d: &Condensed<f64>) -> f64 {
    let n = tree.n();
    let mut ways = vec![f64::INFINITY; n * n];
    (0..n).for_each(|i| ways[i * n + i] = 0.0);
    let mut members: Vec<Vec<usize>> = (0..n).map(|i| vec![i]).collect();
    let mut least = 0.0;
    for merge in tree.merges() {
        least = f64::INFINITY;
        let (a, b) = (members[merge.left].clone(), members[merge.right].clone());
        // Within a part only the pairs that can be its ends have a finite way.
        for &i in &a {
            for &j in &b {
                let mut best = f64::INFINITY;
                for &k in a.iter().filter(|&&k| ends(&members, tree, merge.left, i, k)) {
                    for &l in b.iter().filter(|&&l| ends(&members, tree, merge.right, j, l)) {
                        best = f64::min(best, ways[i * n + k] + d.get(k, l).unwrap() + ways[l * n + j]);
                    }
                }
                ways[i * n + j] = best;
                ways[j * n + i] = best;
                least = f64::min(least, best);
            }
        }
        members.push([a, b].concat());
    }
    least
}

/// Whether i and k can be the two ends of a node.
fn ends(members: &[Vec<usize>], tree: &Dendrogram<f64>, node: usize, i: usize, k: usize) -> bool {
    match node.checked_sub(tree.n()).map(|row| &tree.merges()[row]) {
        None => i == k,
        Some(merge) => members[merge.left].contains(&i) != members[merge.left].contains(&k),
    }
}

#[test]
fn what_does_not_belong_together_is_refused_and_a_run_can_be_cancelled() {
    let d = Condensed::new(20, testkit::random_condensed(20, 1)).unwrap();
    let tree = linkage(d.clone(), Method::Average).unwrap();
    let other = Condensed::new(19, testkit::random_condensed(19, 1)).unwrap();
    assert!(matches!(optimal_leaf_ordering(&tree, &other), Err(Error::Length { n: Some(20), .. })));
    let mut bad = d.values().to_vec();
    bad[3] = f64::NAN;
    let bad = Condensed::new(20, bad).unwrap();
    assert!(matches!(optimal_leaf_ordering(&tree, &bad), Err(Error::Value { i: 0, j: 4, .. })));
    let stop = |_, _| ControlFlow::Break(());
    for order in [LeafOrder::Optimal, LeafOrder::Scipy] {
        assert_eq!(optimal_leaf_ordering_with(&tree, &d, order, &stop), Err(Error::Cancelled));
    }
    let one = Condensed::new(1, vec![]).unwrap();
    let alone = linkage::<f64>(one.clone(), Method::Average).unwrap();
    assert_eq!(optimal_leaf_ordering(&alone, &one), Ok(alone));
}
