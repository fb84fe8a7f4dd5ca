//! Forests from near pairs of which only bounds are known, against those of the whole matrix.
#![allow(clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation, reason = "a test may fail")]

use hclust::testing::condensed;
use hclust::{
    Condensed, Error, Forest, Known, Method, Observer, Sparse, SparseDissimilarities, Stop, Unlisted,
    linkage_below_sparse, linkage_below_with,
};
use proptest::prelude::*;
use std::ops::ControlFlow;

const METHODS: [Method; 4] = [Method::Single, Method::Complete, Method::Average, Method::Weighted];

/// The flat clusters at a cutoff: of each observation the lowest that it is with.
fn flat(forest: &Forest<f64>, cutoff: f64) -> Vec<usize> {
    let mut members: Vec<Vec<usize>> = (0..forest.n()).map(|i| vec![i]).collect();
    let mut lowest: Vec<usize> = (0..forest.n()).collect();
    for merge in forest.merges() {
        let all = [&members[merge.left][..], &members[merge.right]].concat();
        if merge.height <= cutoff {
            let least = *all.iter().min().unwrap();
            all.iter().for_each(|&i| lowest[i] = least);
        }
        members.push(all);
    }
    lowest
}

fn pairs(n: usize) -> impl Iterator<Item = (u32, u32)> {
    (0..n as u32).flat_map(move |a| (a + 1..n as u32).map(move |b| (a, b)))
}

/// Pairs up to some value, known within something of their own.
fn near(d: &Condensed<f64>, up_to: f64, within: f64, seed: u64) -> Vec<Known> {
    let noise = testkit::random_condensed(d.n(), seed);
    let all = pairs(d.n()).zip(d.values()).zip(noise);
    all.filter(|((_, value), _)| **value <= up_to)
        .map(|(((a, b), &value), noise)| {
            let (below, width) = (within * noise, within * (1.0 + noise) / 2.0);
            Known { a, b, lower: (value - below).max(0.0), upper: value - below + width }
        })
        .map(|known| Known { upper: known.upper.max(known.lower), ..known })
        .collect()
}

fn sparse(
    n: usize,
    known: &[Known],
    unlisted: Unlisted,
    method: Method,
    cutoffs: &[f64],
    observer: &dyn Observer,
) -> Result<Sparse, Error> {
    let near = SparseDissimilarities { n, known, unlisted, uncertainty: 0.0 };
    linkage_below_sparse(&near, method, cutoffs, 1 << 20, observer)
}

/// Asks and answers until nothing is asked: the forest (`None` if tied), and how many answers there were.
fn settled(
    d: &Condensed<f64>,
    mut known: Vec<Known>,
    unlisted: Unlisted,
    method: Method,
    cutoffs: &[f64],
) -> (Option<Forest<f64>>, usize) {
    let n = d.n();
    let value = |(a, b): (u32, u32)| {
        let (i, j) = (a as usize, b as usize);
        d.values()[n * i - i * (i + 1) / 2 + j - i - 1]
    };
    let mut answers = 0;
    for _ in 0..1_000 {
        match sparse(n, &known, unlisted, method, cutoffs, &()).unwrap() {
            Sparse::Forest(forest) => return (Some(forest), answers),
            Sparse::Tied => return (None, answers),
            Sparse::Open(open) => {
                assert!(!open.is_empty() && open.is_sorted());
                for pair in open {
                    let exact = Known { a: pair.0, b: pair.1, lower: value(pair), upper: value(pair) };
                    match known.binary_search_by(|known| (known.a, known.b).cmp(&pair)) {
                        Ok(at) => {
                            assert!(known[at].lower < known[at].upper, "it was known");
                            known[at] = exact;
                        }
                        Err(at) => known.insert(at, exact),
                    }
                    answers += 1;
                }
            }
        }
    }
    panic!("it asks for ever");
}

/// Holds near pairs to the whole matrix, at cutoffs among its heights; whether they were tied.
fn check(
    d: &Condensed<f64>,
    method: Method,
    within: f64,
    beyond: f64,
    seed: u64,
) -> Result<bool, TestCaseError> {
    let whole = |cutoff| {
        linkage_below_with(&mut hclust::Scratch::new(), d.clone(), method, cutoff, Stop::Never, &()).unwrap()
    };
    let heights: Vec<f64> = whole(f64::INFINITY).merges().iter().map(|merge| merge.height).collect();
    let Some(&top) = heights.last() else { return Ok(false) };
    let cutoffs = [0.3 * top, heights[heights.len() / 2] * 1.000_001, 0.7 * top];
    let greatest = cutoffs.iter().copied().fold(0.0, f64::max);
    let up_to = greatest * (1.0 + beyond) + 1e-9;
    let most = d.values().iter().copied().fold(up_to, f64::max);
    for guess in [up_to, most] {
        let unlisted = Unlisted { lower: up_to, upper: most, guess };
        let (found, _) = settled(d, near(d, up_to, within, seed), unlisted, method, &cutoffs);
        let Some(found) = found else { return Ok(true) };
        let meant = whole(greatest);
        for cutoff in cutoffs {
            prop_assert!(flat(&found, cutoff) == flat(&meant, cutoff), "{method} at {cutoff} of {cutoffs:?}");
        }
    }
    Ok(false)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: testkit::cases(300, 10_000), ..ProptestConfig::default() })]

    #[test]
    fn near_pairs_give_the_clusters_of_the_whole_matrix_unless_they_are_said_to_be_tied(
        d in condensed(40), method in prop::sample::select(METHODS.to_vec()), within in 0.0..0.4_f64,
        beyond in 0.0..0.5_f64, seed: u64,
    ) {
        let greatest = d.values().iter().copied().fold(0.0, f64::max);
        check(&d, method, within * greatest, beyond, seed)?;
    }
}

#[test]
fn values_that_all_differ_are_never_tied_and_deep_trees_are_right() {
    for (n, seed) in [(2, 1), (3, 2), (60, 3), (150, 4)] {
        let d = Condensed::new(n, testkit::random_condensed(n, seed)).unwrap();
        // Each observation is nearest to the one before: every merge takes one more.
        let comb = pairs(n).map(|(a, b)| f64::from(b) + 1e-3 * f64::from(a)).collect();
        let comb = Condensed::new(n, comb).unwrap();
        for method in METHODS {
            for within in [0.0, 0.02, 0.3] {
                assert!(!check(&d, method, within, 0.1, seed).unwrap(), "{n} {method} {within}");
                assert!(!check(&comb, method, within, 0.1, seed).unwrap(), "comb {n} {method} {within}");
            }
        }
    }
}

/// Weights of a comb of 2,000 observations are far below the least float.
#[test]
fn weights_that_are_too_small_for_a_float_are_no_weights() {
    let n = 2_000;
    let near = (1..n as u32).map(|b| (b - 1, b));
    let mut known: Vec<Known> =
        near.map(|(a, b)| Known { a, b, lower: 1e-3 * f64::from(b), upper: 1e-3 * f64::from(b) }).collect();
    known.sort_by_key(|known| (known.a, known.b));
    let unlisted = Unlisted { lower: 2.5, upper: 2.6, guess: 2.5 };
    let run = |method| sparse(n, &known, unlisted, method, &[2.4], &()).unwrap();
    assert!(matches!(run(Method::Weighted), Sparse::Forest(_) | Sparse::Open(_)));
    let Sparse::Forest(forest) = run(Method::Single) else { panic!("single linkage knows all") };
    assert_eq!(forest.merges().len(), n - 1);
}

#[test]
fn few_questions_are_asked_of_small_clusters_far_apart() {
    // 40 groups of 10: 45 pairs in each of 79,800; the rest is beyond the cutoff.
    let (n, group) = (400, 10);
    let noise = testkit::random_condensed(n, 8);
    let value = |((a, b), noise): ((u32, u32), f64)| {
        if a / group == b / group { 0.1 + 0.2 * noise } else { 0.6 + 0.4 * noise }
    };
    let d = Condensed::new(n, pairs(n).zip(noise).map(value).collect()).unwrap();
    let unlisted = Unlisted { lower: 0.5, upper: 1.0, guess: 0.8 };
    let (forest, answers) = settled(&d, near(&d, 0.5, 0.01, 3), unlisted, Method::Average, &[0.4]);
    assert_eq!(forest.unwrap().merges().len(), n - 40);
    assert!(answers > 10 && answers < 1_500, "{answers} answers");
}

#[test]
fn every_misuse_is_refused_with_its_place() {
    let good = [Known { a: 0, b: 1, lower: 0.1, upper: 0.2 }, Known { a: 0, b: 2, lower: 0.1, upper: 0.1 }];
    let unlisted = Unlisted { lower: 0.6, upper: 1.0, guess: 0.8 };
    let run = |n, known: &[Known], unlisted, method, cutoffs: &[f64]| {
        sparse(n, known, unlisted, method, cutoffs, &())
    };
    assert!(matches!(
        run(3, &good, unlisted, Method::Average, &[0.5]),
        Ok(Sparse::Open(_) | Sparse::Forest(_))
    ));
    for method in [Method::Ward, Method::Centroid, Method::Median] {
        assert_eq!(run(3, &good, unlisted, method, &[0.5]), Err(Error::NotReducible { method }));
    }
    for cutoffs in [&[][..], &[0.2, f64::NAN]] {
        assert_eq!(run(3, &good, unlisted, Method::Single, cutoffs), Err(Error::Cutoff));
    }
    assert_eq!(run(0, &[], unlisted, Method::Single, &[0.5]), Err(Error::Empty));
    let place = |n, known: &[Known], unlisted| match run(n, known, unlisted, Method::Single, &[0.5]) {
        Err(Error::Known { pair, .. }) => pair,
        other => panic!("{other:?}"),
    };
    assert_eq!(place(2, &good, unlisted), 1);
    assert_eq!(place(3, &[good[1], good[0]], unlisted), 1);
    assert_eq!(place(3, &[good[0], good[0]], unlisted), 1);
    for (lower, upper) in [(0.3, 0.2), (-0.1, 0.2), (f64::NAN, 0.2), (0.1, f64::INFINITY)] {
        assert_eq!(place(3, &[Known { lower, upper, ..good[0] }], unlisted), 0);
    }
    for lower in [0.5, 0.4, f64::NAN, 0.9] {
        assert_eq!(place(3, &good, Unlisted { lower, ..unlisted }), 2);
    }
    let stop = |_: usize, _: usize| ControlFlow::Break(());
    let stopped = sparse(3, &good, unlisted, Method::Average, &[0.5], &stop);
    assert_eq!(stopped, Err(Error::Cancelled));
}
