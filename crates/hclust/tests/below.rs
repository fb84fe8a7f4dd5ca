//! The forest under a cutoff against the full run, on data with and without ties.
#![allow(clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation, reason = "a test may fail")]

use hclust::testing::condensed;
use hclust::{
    Ambiguity, Average, Condensed, Error, Float, Forest, Level, Merge, Method, Scratch, Stop, Storage, linkage,
    linkage_below, linkage_below_by, linkage_below_with, linkage_with,
};
use proptest::prelude::*;
use std::ops::ControlFlow;

const REDUCIBLE: [Method; 5] =
    [Method::Single, Method::Complete, Method::Average, Method::Weighted, Method::Ward];

/// The members of each merge and its height, in an order that says nothing of the order of equal heights.
fn clusters<T: Float>(n: usize, merges: &[Merge<T>]) -> Vec<(Vec<usize>, T)> {
    let mut members: Vec<Vec<usize>> = (0..n).map(|i| vec![i]).collect();
    let mut clusters = Vec::new();
    for merge in merges {
        let mut all = [&members[merge.left][..], &members[merge.right]].concat();
        all.sort_unstable();
        assert_eq!(all.len(), merge.size);
        clusters.push((all.clone(), merge.height));
        members.push(all);
    }
    clusters.sort_by(|a, b| a.0.cmp(&b.0));
    clusters
}

fn scratches<T: Float>() -> Vec<Scratch<T>> {
    [Storage::Square, Storage::Tight, Storage::InPlace]
        .into_iter()
        .flat_map(|storage| {
            Level::available().map(move |level| Scratch::new().with_storage(storage).with_level(level))
        })
        .collect()
}

/// Holds the forest to the full run. Gives whether it was said to be unique.
fn check<T: Float>(d: &Condensed<T>, method: Method, cutoff: T) -> Result<bool, TestCaseError> {
    let n = d.n();
    let Ok(full) = linkage_with(&mut Scratch::new(), d.clone(), method, &()) else { return Ok(false) };
    let expected: Vec<Merge<T>> = full.merges().iter().copied().filter(|m| m.height <= cutoff).collect();
    let mut unique = false;
    let mut open: Option<[Vec<Ambiguity<T>>; 2]> = None;
    for mut scratch in scratches() {
        let mut run = |stop| linkage_below_with(&mut scratch, d.clone(), method, cutoff, stop, &()).unwrap();
        let whole = run(Stop::Never);
        // Ward's heights can go down by a rounding: rows below the cutoff are then not the first rows.
        if full.is_monotonic() {
            prop_assert_eq!(whole.merges(), &expected[..], "{} {:?}", method, cutoff);
        }
        let early = run(Stop::Early);
        let found = [&whole, &early].map(|forest| forest.ambiguities().to_vec());
        let first = open.get_or_insert_with(|| found.clone());
        prop_assert!(*first == found, "{method} {cutoff:?}, another storage or level: {first:?} and {found:?}");
        unique = early.ambiguities().is_empty();
        if method == Method::Single {
            prop_assert!(unique);
            prop_assert_eq!(early.merges(), &expected[..]);
        }
        if !unique {
            continue;
        }
        let (found, wanted) = (clusters(n, early.merges()), clusters(n, &expected));
        let sets = |c: &[(Vec<usize>, T)]| c.iter().map(|(members, _)| members.clone()).collect::<Vec<_>>();
        prop_assert_eq!(sets(&found), sets(&wanted), "{} {:?} {:?}", method, cutoff, d);
        let single = size_of::<T>() == 4;
        let unit = if single { f64::from(f32::EPSILON) } else { f64::EPSILON } / 2.0;
        let normal = if single { f64::from(f32::MIN_POSITIVE) } else { f64::MIN_POSITIVE };
        for ((members, a), (_, b)) in found.iter().zip(&wanted) {
            let (a, b): (f64, f64) = ((*a).into(), (*b).into());
            let m = members.len() as f64;
            let bound = match method {
                Method::Single | Method::Complete => 0.0,
                Method::Ward => 96.0 * m * (unit * a.max(b) + (unit * normal).sqrt()),
                _ => 6.1 * m * unit * (a.max(b) + normal),
            };
            prop_assert!((a - b).abs() <= bound, "{method}: {a:e} and {b:e}, {m} members");
        }
    }
    Ok(unique)
}

/// A cutoff that is a height, between heights, or past them all.
fn cutoff<T: Float>(d: &Condensed<T>, method: Method, part: usize) -> T {
    let Ok(tree) = linkage(d.clone(), method) else { return T::ZERO };
    let heights: Vec<T> = tree.merges().iter().map(|m| m.height).collect();
    match heights.get(part * heights.len() / 8) {
        Some(&height) if part.is_multiple_of(2) => height,
        Some(&height) => height * T::from_f64(1.01),
        None => T::INFINITY,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: testkit::cases(200, 10_000), ..ProptestConfig::default() })]

    #[test]
    fn a_forest_is_the_full_runs_wherever_it_is_said_to_be_unique_f64(d in condensed(40), part in 0_usize..10) {
        for method in REDUCIBLE {
            check(&d, method, cutoff(&d, method, part))?;
        }
    }

    #[test]
    fn a_forest_is_the_full_runs_wherever_it_is_said_to_be_unique_f32(d in condensed(40), part in 0_usize..10) {
        let d = Condensed::new(d.n(), d.values().iter().map(|&v| v as f32).collect()).unwrap();
        if d.values().iter().all(|v| v.is_finite()) {
            for method in REDUCIBLE {
                check(&d, method, cutoff(&d, method, part))?;
            }
        }
    }

    /// Squares of several cache lines, with pending columns and compactions, and few merges or many.
    #[test]
    fn a_larger_forest_too(n in 64_usize..220, seed in 0_u64..1_000_000, part in 0_usize..8, levels in 0_u32..4) {
        // Continuous; ties now and then; many; nearly all.
        let steps = [0.0, 1e5, 30.0, 4.0][levels as usize];
        let tie = |v: f64| if steps > 0.0 { (v * steps).ceil() } else { v };
        let d = Condensed::new(n, testkit::random_condensed(n, seed).into_iter().map(tie).collect()).unwrap();
        for method in REDUCIBLE {
            let unique = check(&d, method, cutoff(&d, method, part))?;
            prop_assert!(unique || levels > 0 || part.is_multiple_of(2), "continuous data are unique between heights");
        }
    }
}

/// DESIGN.md's example: order z, a, b, c; the chain from z decides between {a, b} and {b, c}.
#[test]
fn a_tie_that_a_dropped_observation_would_decide_is_reported() {
    // z-a 9, z-b 9, z-c 6, a-b 4, a-c 8, b-c 4.
    let d = Condensed::new(4, vec![9.0, 9.0, 6.0, 4.0, 8.0, 4.0]).unwrap();
    let full = linkage(d.clone(), Method::Average).unwrap();
    assert_eq!((full.merges()[0].left, full.merges()[0].right), (2, 3));
    for storage in [Storage::Square, Storage::InPlace] {
        let mut scratch = Scratch::new().with_storage(storage);
        let mut run =
            |stop| linkage_below_with(&mut scratch, d.clone(), Method::Average, 5.0, stop, &()).unwrap();
        let early = run(Stop::Early);
        assert_eq!((early.merges()[0].left, early.merges()[0].right), (1, 2));
        assert_eq!(early.ambiguities(), [Ambiguity::Tie { row: 0, other: 3, distance: 4.0 }]);
        let never = run(Stop::Never);
        assert_eq!(never.merges(), &full.merges()[..1]);
        assert_eq!(never.ambiguities(), [Ambiguity::Tie { row: 0, other: 1, distance: 4.0 }]);
    }
}

#[test]
fn equal_observations_are_no_tie_and_zero_apart_with_unequal_rows_are() {
    // 0, 1 and 2 are equal; 3 is one from them.
    let equal = Condensed::new(4, vec![0.0, 0.0, 1.0, 0.0, 1.0, 1.0]).unwrap();
    // 0-1 and 1-2 are zero apart, 0-2 is not.
    let unequal = Condensed::new(4, vec![0.0, 0.5, 1.0, 0.0, 1.0, 1.0]).unwrap();
    for method in [Method::Complete, Method::Average] {
        let forest = linkage_below(equal.clone(), method, 0.5).unwrap();
        assert_eq!((forest.merges().len(), forest.ambiguities()), (2, &[][..]));
        assert!(!linkage_below(unequal.clone(), method, 0.5).unwrap().ambiguities().is_empty());
    }
}

/// 1, 2 and 3 are zero apart, and only 0, which is past the cutoff, tells 3 from the others: the chain that comes from it merges 1 and 3.
#[test]
fn zero_apart_and_told_apart_by_what_is_left_out_alone_is_a_tie() {
    let d = Condensed::new(4, vec![2.0, 2.0, 1.0, 0.0, 0.0, 0.0]).unwrap();
    for mut scratch in scratches() {
        let forest =
            linkage_below_with(&mut scratch, d.clone(), Method::Complete, 0.0, Stop::Early, &()).unwrap();
        assert!(matches!(forest.ambiguities(), [Ambiguity::Tie { .. }, ..]), "{:?}", forest.ambiguities());
    }
}

#[test]
fn a_height_at_the_cutoff_is_reported_where_rounding_decides() {
    // The mean of 0.1 and 0.2 is 0.15000000000000002, which depends on the order of operations.
    let d = Condensed::new(3, vec![0.05_f64, 0.1, 0.2]).unwrap();
    let height = linkage(d.clone(), Method::Average).unwrap().merges()[1].height;
    for cutoff in [height, height.next_down()] {
        let forest = linkage_below(d.clone(), Method::Average, cutoff).unwrap();
        let at_cutoff = matches!(forest.ambiguities(), [Ambiguity::Cutoff { .. }]);
        assert!(at_cutoff, "{:?}", forest.ambiguities());
        assert_eq!(forest.merges().len(), if cutoff == height { 2 } else { 1 });
    }
    // What only chooses does not round.
    let forest = linkage_below(d, Method::Complete, 0.2).unwrap();
    assert_eq!((forest.merges().len(), forest.ambiguities()), (2, &[][..]));
}

#[test]
fn what_has_no_forest_is_refused_and_an_own_linkage_has_one() {
    let d = Condensed::new(4, vec![0.1, 0.8, 0.9, 0.7, 0.9, 0.2]).unwrap();
    for method in [Method::Centroid, Method::Median] {
        assert_eq!(linkage_below(d.clone(), method, 0.5), Err(Error::NotReducible { method }));
    }
    assert_eq!(linkage_below(d.clone(), Method::Average, f64::NAN), Err(Error::Cutoff));
    let none = linkage_below(d.clone(), Method::Average, -1.0).unwrap();
    assert_eq!((none.merges().len(), none.roots()), (0, vec![0, 1, 2, 3]));
    let all = linkage_below(d.clone(), Method::Average, f64::INFINITY).unwrap();
    assert_eq!((all.roots(), all.ambiguities()), (vec![6], &[][..]));
    let own = linkage_below_by(&mut Scratch::new(), d.clone(), &Average, 3, 0.5, Stop::Early, &()).unwrap();
    assert_eq!(own, linkage_below(d.clone(), Method::Average, 0.5).unwrap());
    let empty: Result<Forest<f64>, Error> =
        linkage_below(Condensed::new(0, vec![]).unwrap(), Method::Average, 0.5);
    assert_eq!(empty, Err(Error::Empty));
    let stop = |_, _| ControlFlow::Break(());
    let cancelled = linkage_below_with(&mut Scratch::new(), d, Method::Average, 0.5, Stop::Early, &stop);
    assert_eq!(cancelled, Err(Error::Cancelled));
}

#[test]
fn a_break_at_whatever_call_ends_the_run() {
    // Half of the observations are far from all: they are taken out, and the rest is moved together, before the first merge.
    let n = 300;
    let far = |i: usize, j: usize| if i.max(j) % 2 == 1 { 10.0 } else { 0.0 };
    let mut values = testkit::random_condensed(n, 5);
    let pairs = (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j)));
    for (value, (i, j)) in values.iter_mut().zip(pairs) {
        *value += far(i, j);
    }
    let run = |most: usize| {
        let calls = std::sync::atomic::AtomicUsize::new(0);
        let observer =
            |_: usize, _: usize| match calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed) < most {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            };
        let d = Condensed::new(n, values.clone()).unwrap();
        linkage_below_with(&mut Scratch::new(), d, Method::Average, 0.5, Stop::Early, &observer)
    };
    let whole = run(usize::MAX).unwrap();
    let (mut most, mut cancelled) = (0, 0);
    loop {
        match run(most) {
            Ok(forest) => break assert_eq!(forest, whole),
            Err(error) => assert_eq!(error, Error::Cancelled),
        }
        (most, cancelled) = (most + 1 + most / 20, cancelled + 1);
    }
    assert!(cancelled > 50, "{cancelled} places were tried");
}

#[test]
fn nothing_is_past_an_infinite_cutoff() {
    let d = Condensed::new(50, testkit::random_condensed(50, 3)).unwrap();
    for method in [Method::Single, Method::Complete, Method::Average, Method::Weighted, Method::Ward] {
        let forest = linkage_below(d.clone(), method, f64::INFINITY).unwrap();
        assert_eq!(forest.merges().len(), 49, "{method}");
    }
}
