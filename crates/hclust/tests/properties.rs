//! Chain, spanning tree and heap against the naive twins and the replay oracle.
#![allow(clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation, reason = "a test may fail")]

use hclust::testing::{by_method, condensed, naive_chain, naive_single, replay, replay_tolerance};
use hclust::{
    Condensed, Dendrogram, Error, Float, Linkage, Method, Reducible, Update, linkage, linkage_by,
    linkage_by_heap,
};
use proptest::prelude::*;
use std::ops::ControlFlow;

fn bits<T: Float>(tree: &Dendrogram<T>) -> Vec<[u64; 4]> {
    tree.rows().map(|row| row.map(f64::to_bits)).collect()
}

fn single_precision(d: &Condensed<f64>) -> Condensed<f32> {
    Condensed::new(d.n(), d.values().iter().map(|&v| v as f32).collect()).unwrap()
}

/// The result of every method equals its twin in bits and passes the replay.
fn check<T: Float>(d: &Condensed<T>) -> Result<(), TestCaseError> {
    for method in Method::ALL {
        let tree = match linkage(d.clone(), method) {
            Ok(tree) => tree,
            // Squares of huge or denormal values leave the range; that must be said, not hidden.
            Err(Error::Overflow { .. }) => {
                let extreme = d.values().iter().any(|&v| v.into() > 1e18);
                prop_assert!(extreme, "{method} overflowed on {d:?}");
                continue;
            }
            Err(error) => return Err(TestCaseError::fail(format!("{method}: {error}"))),
        };
        let tolerance = match method {
            Method::Single => {
                prop_assert_eq!(bits(&tree), bits(&naive_single(d)), "single");
                0.0
            }
            Method::Centroid | Method::Median => 0.0,
            _ => {
                prop_assert_eq!(bits(&tree), bits(&naive_chain(d, by_method(method))), "{}", method);
                replay_tolerance::<T>(d.n())
            }
        };
        prop_assert!(
            tree.is_monotonic() || !method.is_reducible() || method == Method::Ward,
            "{} went down",
            method
        );
        // Below the square root of the least normal value, squares lose their digits: no oracle can tell there.
        let squares = matches!(method, Method::Ward | Method::Centroid | Method::Median);
        let floor = if size_of::<T>() == 4 { 1e-15 } else { 1e-140 };
        if squares && d.values().iter().any(|&v| v.into() > 0.0 && v.into() < floor) {
            continue;
        }
        if let Err(error) = replay(d, &tree, by_method(method), tolerance) {
            return Err(TestCaseError::fail(format!("{method}: {error}")));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: testkit::cases(400, 20_000), ..ProptestConfig::default() })]

    #[test]
    fn every_method_equals_its_twin_in_bits_and_replays_as_minima_f64(d in condensed(24)) {
        check(&d)?;
    }

    #[test]
    fn every_method_equals_its_twin_in_bits_and_replays_as_minima_f32(d in condensed(24)) {
        let d = single_precision(&d);
        if d.values().iter().all(|v| v.is_finite()) {
            check(&d)?;
        }
    }

    #[test]
    fn raw_merges_of_any_result_are_accepted_back(d in condensed(16)) {
        let tree = linkage(d, Method::Average).unwrap();
        prop_assert_eq!(Dendrogram::new(tree.n(), tree.merges().to_vec()).unwrap(), tree);
    }
}

#[test]
fn one_and_two_observations_and_every_simd_edge() {
    for n in [1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65] {
        let d = Condensed::new(n, testkit::random_condensed(n, n as u64)).unwrap();
        check(&d).unwrap();
        check(&single_precision(&d)).unwrap();
        assert_eq!(linkage(d, Method::Ward).unwrap().merges().len(), n - 1);
    }
    assert_eq!(linkage(Condensed::<f64>::new(0, vec![]).unwrap(), Method::Ward), Err(Error::Empty));
}

#[test]
fn bad_values_and_overflow_are_named() {
    let d = |v: Vec<f64>| Condensed::from_values(v).unwrap();
    for bad in [f64::NAN, f64::INFINITY, -1.0] {
        match linkage(d(vec![1.0, 2.0, bad]), Method::Single) {
            Err(Error::Value { i: 1, j: 2, .. }) => {}
            other => panic!("{other:?}"),
        }
    }
    let huge = linkage(d(vec![1.0, f64::MAX, f64::MAX]), Method::Average);
    assert!(matches!(huge, Err(Error::Overflow { step: 0, .. })), "{huge:?}");
    let huge = linkage(d(vec![1.0, 1e200, 1e200]), Method::Centroid);
    assert!(matches!(huge, Err(Error::Overflow { step: 0, .. })), "{huge:?}");
}

#[test]
fn an_observer_sees_every_merge_and_can_cancel() {
    let d = Condensed::new(50, testkit::random_condensed(50, 1)).unwrap();
    for method in Method::ALL {
        let seen = std::cell::RefCell::new(Vec::new());
        let watch = |done, total| {
            seen.borrow_mut().push((done, total));
            ControlFlow::Continue(())
        };
        hclust::linkage_observed(d.clone(), method, &watch).unwrap();
        assert_eq!(seen.into_inner(), (1..50).map(|done| (done, 49)).collect::<Vec<_>>());
        let stop = |done, _| if done == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        assert_eq!(hclust::linkage_observed(d.clone(), method, &stop), Err(Error::Cancelled));
    }
}

/// Claims to be reducible and is not: mergers jump towards everything.
struct Liar;

impl Linkage<f64> for Liar {
    fn update(&self, u: Update<f64>) -> f64 {
        (u.d_xi + u.d_yi) * 0.01 * (1.0 + ((u.n_x * 31 + u.n_i * 17) % 7) as f64)
    }
}

impl Reducible for Liar {}

proptest! {
    #[test]
    fn a_false_mark_reducible_gives_a_tree_and_no_panic(d in condensed(40)) {
        let n = d.n();
        if let Ok(tree) = linkage_by(d.clone(), &Liar) {
            prop_assert!(Dendrogram::new(n, tree.merges().to_vec()).is_ok());
        }
        if let Ok(tree) = linkage_by_heap(d.clone(), &Liar) {
            prop_assert!(replay(&d, &tree, &Liar, 0.0).is_ok());
        }
    }
}
