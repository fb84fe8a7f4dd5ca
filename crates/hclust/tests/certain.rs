//! Forests of uncertain dissimilarities, repaired from exact ones, against those of the exact ones.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail")]

use hclust::testing::condensed;
use hclust::{
    Ambiguity, Certainty, Condensed, Error, Exact, Float, Forest, Merge, Method, Scratch, Stop, Storage,
    linkage, linkage_below_certified, linkage_below_with, linkage_certified,
};
use proptest::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The dissimilarities that are meant.
struct Meant<'a> {
    condensed: &'a Condensed<f64>,
    asked: AtomicUsize,
    most: usize,
}

impl<'a> Meant<'a> {
    fn new(condensed: &'a Condensed<f64>) -> Self {
        Self { condensed, asked: AtomicUsize::new(0), most: usize::MAX }
    }
}

fn at(condensed: &Condensed<f64>, i: usize, j: usize) -> f64 {
    let (i, j, n) = (i.min(j), i.max(j), condensed.n());
    condensed.values()[n * i - i * (i + 1) / 2 + j - i - 1]
}

impl Exact for Meant<'_> {
    fn dissimilarities(&self, a: &[usize], b: &[usize]) -> Option<Vec<f64>> {
        let asked = self.asked.fetch_add(1, Ordering::Relaxed);
        (asked < self.most)
            .then(|| a.iter().flat_map(|&i| b.iter().map(move |&j| at(self.condensed, i, j))).collect())
    }

    fn uncertainty(&self) -> f64 {
        0.0
    }
}

/// The flat clusters at a cutoff: of each observation the lowest that it is with.
fn flat<T: Float>(forest: &Forest<T>, cutoff: f64) -> Vec<usize> {
    let n = forest.n();
    let mut members: Vec<Vec<usize>> = (0..n).map(|i| vec![i]).collect();
    let mut lowest: Vec<usize> = (0..n).collect();
    for merge in forest.merges() {
        let all = [&members[merge.left][..], &members[merge.right]].concat();
        if merge.height.into() <= cutoff {
            let least = *all.iter().min().unwrap();
            all.iter().for_each(|&i| lowest[i] = least);
        }
        members.push(all);
    }
    lowest
}

/// Moves each value by up to `by`, never below 0.
fn moved(d: &Condensed<f64>, by: f64, seed: u64) -> Condensed<f64> {
    let noise = testkit::random_condensed(d.n(), seed);
    let moved = |(&value, noise): (&f64, f64)| (value + by * (2.0 * noise - 1.0)).max(0.0);
    Condensed::new(d.n(), d.values().iter().zip(noise).map(moved).collect()).unwrap()
}

fn scratch<T: Float>(storage: Storage) -> Scratch<T> {
    Scratch::new().with_storage(storage)
}

const METHODS: [Method; 5] =
    [Method::Single, Method::Complete, Method::Average, Method::Weighted, Method::Ward];

/// Runs the moved matrix at cutoffs, repaired and not, against the one that is meant. Gives how many were repaired.
fn check(
    d: &Condensed<f64>,
    by: f64,
    seed: u64,
    method: Method,
    storage: Storage,
) -> Result<usize, TestCaseError> {
    let heights: Vec<f64> =
        linkage_below_with(&mut scratch(storage), d.clone(), method, f64::INFINITY, Stop::Never, &())
            .unwrap()
            .merges()
            .iter()
            .map(|merge| merge.height)
            .collect();
    let Some(&top) = heights.last() else { return Ok(0) };
    // Some cutoffs are so near to a height that the moved one may be on its other side.
    let cutoffs = [0.3 * top, heights[heights.len() / 2] + by / 10.0, 0.8 * top];
    let greatest = cutoffs.iter().copied().fold(0.0, f64::max);
    let meant =
        linkage_below_with(&mut scratch(storage), d.clone(), method, greatest, Stop::Never, &()).unwrap();
    let exact = Meant::new(d);
    let uncertain = moved(d, by, seed);
    let run = |certainty| {
        linkage_below_certified(&mut scratch(storage), uncertain.clone(), method, &cutoffs, certainty, &())
            .unwrap()
    };
    let alone = run(Certainty::within(by));
    let repaired = run(Certainty::within(by).with_exact(&exact));
    for (which, forest) in [("alone", &alone), ("repaired", &repaired)] {
        if forest.ambiguities().is_empty() {
            for cutoff in cutoffs {
                let same = flat(forest, cutoff) == flat(&meant, cutoff);
                prop_assert!(same, "{} {} at {} of {:?}", which, method, cutoff, cutoffs);
            }
        }
    }
    prop_assert_eq!(alone.repaired(), 0);
    if matches!(method, Method::Complete | Method::Average | Method::Weighted) {
        let open = |forest: &Forest<f64>| !forest.ambiguities().is_empty();
        prop_assert!(!open(&alone) || repaired.repaired() > 0 || open(&repaired));
    }
    Ok(repaired.repaired())
}

/// The labels at a cutoff in SciPy's numbering: by a walk from the root, left first.
fn walk(n: usize, merges: &[Merge<f64>], cutoff: f64) -> Vec<usize> {
    let mut labels = vec![0; n];
    let mut count = 0;
    // Nodes to come, with the label that they are to have.
    let mut nodes = vec![(n + merges.len() - 1, None)];
    while let Some((node, label)) = nodes.pop() {
        let below = node.checked_sub(n).map(|row| &merges[row]);
        let label = label.or_else(|| {
            let starts = below.is_none_or(|merge| merge.height <= cutoff);
            count += usize::from(starts);
            starts.then_some(count)
        });
        match below {
            Some(merge) => nodes.extend([(merge.right, label), (merge.left, label)]),
            None => labels[node] = label.unwrap(),
        }
    }
    labels
}

/// Runs the whole moved tree, repaired and not, against the one that is meant, in SciPy's numbering. Gives how many merges
/// stand the other way round than the heights that are shown.
fn check_whole(
    d: &Condensed<f64>,
    by: f64,
    seed: u64,
    method: Method,
    storage: Storage,
) -> Result<usize, TestCaseError> {
    let (n, tree) = (d.n(), linkage(d.clone(), method).unwrap());
    let heights: Vec<f64> = tree.merges().iter().map(|merge| merge.height).collect();
    let Some(&top) = heights.last() else { return Ok(0) };
    let cutoffs = [0.3 * top, heights[heights.len() / 2] + by / 10.0, 0.8 * top];
    let exact = Meant::new(d);
    let uncertain = moved(d, by, seed);
    let mut turned = 0;
    for certainty in [Certainty::within(by), Certainty::within(by).with_exact(&exact)] {
        let forest =
            linkage_certified(&mut scratch(storage), uncertain.clone(), method, &cutoffs, certainty, &())
                .unwrap();
        prop_assert_eq!(hclust::Dendrogram::new(n, forest.merges().to_vec()).map(drop), Ok(()));
        turned = forest.merges().iter().filter(|merge| merge.left > merge.right).count();
        for cutoff in cutoffs.into_iter().filter(|_| forest.ambiguities().is_empty()) {
            let same = walk(n, forest.merges(), cutoff) == walk(n, tree.merges(), cutoff);
            prop_assert!(same, "{} at {} of {:?}", method, cutoff, cutoffs);
        }
    }
    Ok(turned)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: testkit::cases(300, 10_000), ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_not_called_open_is_as_the_exact_values_have_it(d in condensed(30), seed in any::<u64>(), log in 1_i32..15) {
        prop_assume!(d.values().iter().all(|value| *value < 1e100));
        for method in METHODS {
            for storage in [Storage::Square, Storage::InPlace] {
                check(&d, 10.0_f64.powi(-log), seed, method, storage)?;
                if method != Method::Single {
                    check_whole(&d, 10.0_f64.powi(-log), seed, method, storage)?;
                }
            }
        }
    }

    #[test]
    fn larger_matrices_too(n in 64_usize..160, seed in any::<u64>(), log in 2_i32..6) {
        let d = Condensed::new(n, testkit::random_condensed(n, seed)).unwrap();
        for method in METHODS {
            for storage in [Storage::Square, Storage::Tight] {
                check(&d, 10.0_f64.powi(-log), seed ^ 1, method, storage)?;
                if method != Method::Single {
                    check_whole(&d, 10.0_f64.powi(-log), seed ^ 1, method, storage)?;
                }
            }
        }
    }
}

#[test]
fn equal_values_about_a_cutoff_never_lead_the_chain_round_in_a_ring() {
    let value = 0.919_555_233_769_511_3;
    for n in [3, 5, 11, 20, 30] {
        let d = Condensed::new(n, vec![value; n * (n - 1) / 2]).unwrap();
        for seed in (0..40).chain([3_354_596_410_009_205_708]) {
            for method in [Method::Complete, Method::Average, Method::Weighted] {
                check(&d, 1e-12, seed, method, Storage::Square).unwrap();
                check_whole(&d, 1e-12, seed, method, Storage::Square).unwrap();
            }
        }
    }
}

#[test]
fn much_is_repaired_and_continuous_values_leave_nothing_open() {
    let d = Condensed::new(300, testkit::random_condensed(300, 7)).unwrap();
    for method in [Method::Complete, Method::Average, Method::Weighted] {
        let repaired = check(&d, 1e-3, 3, method, Storage::Square).unwrap();
        assert!(repaired > 20, "{method}: {repaired}");
        let exact = Meant::new(&d);
        let certainty = Certainty::within(1e-3).with_exact(&exact);
        let forest =
            linkage_below_certified(&mut Scratch::new(), moved(&d, 1e-3, 9), method, &[0.9], certainty, &());
        assert_eq!(forest.unwrap().ambiguities(), [], "{method}");
    }
}

#[test]
fn single_precision_is_repaired_from_double() {
    let d = Condensed::new(200, testkit::random_condensed(200, 11)).unwrap();
    #[expect(clippy::cast_possible_truncation, reason = "that is what is tested")]
    let single = Condensed::new(200, d.values().iter().map(|&value| value as f32).collect()).unwrap();
    let exact = Meant::new(&d);
    let certainty = Certainty::within(1e-7).with_exact(&exact);
    let forest =
        linkage_below_certified(&mut Scratch::new(), single, Method::Average, &[0.4], certainty, &()).unwrap();
    let meant =
        linkage_below_with(&mut Scratch::new(), d.clone(), Method::Average, 0.4, Stop::Never, &()).unwrap();
    assert_eq!((forest.ambiguities(), flat(&forest, 0.4)), (&[][..], flat(&meant, 0.4)));
}

#[test]
fn a_source_that_stops_cancels_and_wrong_cutoffs_are_refused() {
    let d = Condensed::new(100, testkit::random_condensed(100, 5)).unwrap();
    let run = |cutoffs: &[f64], exact: &dyn Exact| {
        let certainty = Certainty::within(1e-2).with_exact(exact);
        linkage_below_certified(&mut Scratch::new(), d.clone(), Method::Average, cutoffs, certainty, &())
    };
    let stops = Meant { most: 3, ..Meant::new(&d) };
    assert_eq!(run(&[0.6], &stops), Err(Error::Cancelled));
    assert_eq!(run(&[], &Meant::new(&d)), Err(Error::Cutoff));
    assert_eq!(run(&[0.5, f64::NAN], &Meant::new(&d)), Err(Error::Cutoff));
    let centroid = linkage_below_certified(
        &mut Scratch::new(),
        d.clone(),
        Method::Centroid,
        &[0.5],
        Certainty::default(),
        &(),
    );
    assert_eq!(centroid, Err(Error::NotReducible { method: Method::Centroid }));
}

/// Says of 0 and 1 that they are equal.
struct Equal<'a>(Meant<'a>);

impl Exact for Equal<'_> {
    fn dissimilarities(&self, a: &[usize], b: &[usize]) -> Option<Vec<f64>> {
        self.0.dissimilarities(a, b)
    }

    fn uncertainty(&self) -> f64 {
        1e-13
    }

    fn are_equal(&self, a: usize, b: usize) -> bool {
        a.max(b) == 1
    }
}

#[test]
fn equal_observations_are_certain_where_the_exact_source_says_so() {
    let d = Condensed::new(3, vec![0.0, 0.7, 0.7]).unwrap();
    let (meant, equal) = (Meant::new(&d), Equal(Meant::new(&d)));
    for method in [Method::Complete, Method::Average, Method::Ward] {
        let run = |cutoff, certainty| {
            let d = d.clone();
            let forest = linkage_below_certified(&mut Scratch::new(), d, method, &[cutoff], certainty, &());
            let forest = forest.unwrap();
            (forest.merges().len(), forest.ambiguities().len())
        };
        let certainty = Certainty::within(1e-9);
        assert_eq!(run(0.0, certainty), (1, 1), "{method}: 0 apart may be less than nothing or more");
        assert_eq!(run(0.0, certainty.with_exact(&equal)), (1, 0), "{method}");
        assert_eq!(run(0.1, certainty.with_exact(&equal)), (1, 0), "{method}");
        if method == Method::Complete {
            assert_eq!(run(0.7, certainty.with_exact(&meant)), (2, 0));
            assert_eq!(run(0.7, certainty.with_exact(&equal)), (2, 1));
        }
    }
}

#[test]
fn equal_observations_are_open_with_another_as_near_unless_the_exact_source_tells_it_from_them() {
    for (near, open) in [(0.0, 1), (1e-11, 0)] {
        // 0 and 1 are equal, 2 is as near to both, and nearer to 3.
        let d = Condensed::new(4, vec![0.0, near, 2.0, near, 2.0, 1.0]).unwrap();
        let equal = Equal(Meant::new(&d));
        for method in [Method::Complete, Method::Average, Method::Weighted] {
            let certainty = Certainty::within(1e-9).with_exact(&equal);
            let run = linkage_below_certified(&mut Scratch::new(), d.clone(), method, &[0.5], certainty, &());
            let forest = run.unwrap();
            assert_eq!(forest.ambiguities().len(), open, "{method}, {near}");
            assert_eq!(forest.repaired() > 0, open == 0, "{method}, {near}");
            assert_eq!((forest.merges()[0].left, forest.merges()[0].right), (0, 1), "{method}, {near}");
        }
    }
}

#[test]
fn the_first_of_two_nodes_stands_left_whatever_the_heights_that_are_shown() {
    let mut turned = 0;
    for method in [Method::Complete, Method::Average, Method::Weighted] {
        for seed in 0..20 {
            let d = Condensed::new(200, testkit::random_condensed(200, seed)).unwrap();
            turned += check_whole(&d, 1e-3, seed + 100, method, Storage::Square).unwrap();
            let exact = Meant::new(&d);
            let certainty = Certainty::within(1e-3).with_exact(&exact);
            let moved = moved(&d, 1e-3, seed);
            let forest = linkage_certified(&mut Scratch::new(), moved, method, &[0.1, 0.5], certainty, &());
            assert_eq!(forest.unwrap().ambiguities(), [], "{method}");
        }
    }
    assert!(turned > 10, "{turned}");
}

#[test]
fn nodes_of_equal_height_are_open_above_the_cutoff_only_and_single_linkage_is_refused() {
    let d = Condensed::new(4, vec![0.1, 0.8, 0.9, 0.7, 0.9, 0.1]).unwrap();
    let exact = Meant::new(&d);
    let run = |method, cutoff| {
        let certainty = Certainty::within(1e-9).with_exact(&exact);
        linkage_certified(&mut Scratch::new(), d.clone(), method, &[cutoff], certainty, &())
    };
    for method in [Method::Complete, Method::Average, Method::Weighted, Method::Ward] {
        let height = run(method, 0.5).unwrap().merges()[2].height;
        let open = run(method, 0.5).unwrap();
        assert_eq!(open.ambiguities(), [Ambiguity::Order { row: 2, height }], "{method}");
        assert_eq!(run(method, 2.0).unwrap().ambiguities(), [], "{method}");
    }
    assert_eq!(run(Method::Single, 0.5), Err(Error::NotCertifiable { method: Method::Single }));
    assert_eq!(run(Method::Median, 0.5), Err(Error::NotReducible { method: Method::Median }));
}
