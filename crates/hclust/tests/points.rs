//! Points: distances against the plain formula, and the linkage of points against that of their distances.
#![allow(clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation, reason = "a test may fail")]

use hclust::{
    Condensed, Error, Float, Level, Method, Metric, Points, Scratch, Storage, linkage, linkage_points,
    linkage_points_with, pdist,
};
use proptest::prelude::*;
use std::ops::ControlFlow;

const METRICS: [Metric; 4] = [Metric::Euclidean, Metric::SqEuclidean, Metric::Cityblock, Metric::Chebyshev];

/// SciPy's formulas in the plainest words: one sum after the other.
fn naive<T: Float>(n: usize, values: &[T], metric: Metric) -> Vec<T> {
    let d = values.len() / n;
    let mut out = Vec::new();
    for (i, j) in (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j))) {
        let mut sum = T::ZERO;
        for k in 0..d {
            let v = values[i * d + k] - values[j * d + k];
            let absolute = if v < T::ZERO { T::ZERO - v } else { v };
            sum = match metric {
                Metric::Cityblock => sum + absolute,
                Metric::Chebyshev if absolute > sum => absolute,
                Metric::Chebyshev => sum,
                _ => sum + v * v,
            };
        }
        out.push(if metric == Metric::Euclidean { sum.sqrt() } else { sum });
    }
    out
}

fn check<T: Float>(n: usize, values: &[T]) -> Result<(), TestCaseError> {
    let points = Points::new(n, values).unwrap();
    for metric in METRICS {
        let d = pdist(points, metric).unwrap();
        let expected = naive(n, values, metric);
        let bits = |v: &[T]| v.iter().map(|&v| v.into().to_bits()).collect::<Vec<u64>>();
        prop_assert_eq!(bits(d.values()), bits(&expected), "{}", metric);
        for level in Level::available() {
            let mut scratch = Scratch::new().with_level(level).with_storage(Storage::InPlace);
            for method in Method::ALL {
                let found = linkage_points_with(&mut scratch, points, method, metric, &());
                let squares = matches!(method, Method::Ward | Method::Centroid | Method::Median);
                if squares && metric != Metric::Euclidean {
                    prop_assert_eq!(found, Err(Error::Metric { method, metric }));
                } else {
                    prop_assert_eq!(found, linkage(d.clone(), method), "{} {}", method, metric);
                }
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: testkit::cases(100, 3_000), ..ProptestConfig::default() })]

    #[test]
    fn points_give_the_bits_of_their_distances(
        (n, values) in (1_usize..90, 0_usize..6).prop_flat_map(|(n, d)| {
            let tied = prop::collection::vec(-2_i8..3, n * d).prop_map(|v| v.into_iter().map(f64::from).collect());
            let free = prop::collection::vec(-1.0..1.0_f64, n * d);
            prop_oneof![tied, free].prop_map(move |values: Vec<f64>| (n, values))
        })
    ) {
        check(n, &values)?;
        check(n, &values.iter().map(|&v| v as f32).collect::<Vec<_>>())?;
    }
}

/// Enough points and coordinates for parts on several threads, and for many times of closing up.
#[test]
fn many_points_on_several_threads_give_the_bits_of_their_distances() {
    let (n, d) = (700, 120);
    let values = testkit::activations(n, d, 8, 5);
    let points = Points::new(n, &values).unwrap();
    let expected = linkage(pdist(points, Metric::Euclidean).unwrap(), Method::Single);
    for threads in [1, 2, 5] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let tree = pool.install(|| linkage_points(points, Method::Single, Metric::Euclidean));
        assert_eq!(tree, expected, "{threads} threads");
    }
}

#[test]
fn bad_points_are_named_with_the_place() {
    assert!(matches!(Points::<f64>::new(0, &[]), Err(Error::Empty)));
    assert!(matches!(Points::new(2, &[1.0, 2.0, 3.0]), Err(Error::Points { n: 2, found: 3 })));
    assert!(matches!(Points::<f32>::new(1 << 31, &[]), Err(Error::TooMany { .. })));
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let error = Points::new(2, &[1.0, 2.0, 3.0, bad]).unwrap_err();
        assert!(matches!(error, Error::Coordinate { point: 1, dimension: 1, .. }), "{error}");
    }
    // A distance past the range is named by its pair, by either way.
    for method in [Method::Single, Method::Average] {
        let far = linkage_points(Points::new(3, &[0.0, 1.0, 1e200]).unwrap(), method, Metric::Euclidean);
        assert!(matches!(far, Err(Error::Value { i: 0, j: 2, .. })), "{far:?}");
        let one = linkage_points(Points::new(1, &[0.0]).unwrap(), method, Metric::Euclidean).unwrap();
        assert!(one.merges().is_empty());
    }
    let large = [0.0, 1.0, 1e153];
    let tree = linkage_points(Points::new(3, &large).unwrap(), Method::Single, Metric::Euclidean).unwrap();
    let d = Condensed::new(3, naive(3, &large, Metric::Euclidean)).unwrap();
    assert_eq!(Ok(tree), linkage(d, Method::Single));
}

#[test]
fn an_observer_can_cancel_while_distances_are_made() {
    let values = testkit::activations(100, 3, 2, 1);
    let points = Points::new(100, &values).unwrap();
    for method in [Method::Single, Method::Average] {
        let stop = |_, _| ControlFlow::Break(());
        let found = linkage_points_with(&mut Scratch::new(), points, method, Metric::Euclidean, &stop);
        assert_eq!(found, Err(Error::Cancelled));
    }
}
