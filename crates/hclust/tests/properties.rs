//! Chain, spanning tree and heap against the naive twins and the replay oracle.
#![allow(clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation, reason = "a test may fail")]

use hclust::testing::{by_method, condensed, naive_chain, naive_single, replay, replay_tolerance};
use hclust::{
    Condensed, Dendrogram, Error, Float, Level, Linkage, Method, Reducible, Scratch, Square, Storage, Update,
    linkage, linkage_batch, linkage_by, linkage_by_heap, linkage_square_with, linkage_view_with, linkage_with,
};
use proptest::prelude::*;
use std::ops::ControlFlow;
use std::sync::Mutex;

fn bits<T: Float>(tree: &Dendrogram<T>) -> Vec<[u64; 4]> {
    tree.rows().map(|row| row.map(f64::to_bits)).collect()
}

fn single_precision(d: &Condensed<f64>) -> Condensed<f32> {
    Condensed::new(d.n(), d.values().iter().map(|&v| v as f32).collect()).unwrap()
}

/// Every way to work: each storage at each level that this processor has.
fn engines<T: Float>() -> Vec<Scratch<T>> {
    let storages = [Storage::Square, Storage::Tight, Storage::InPlace];
    let at = |level| storages.map(|storage| Scratch::new().with_storage(storage).with_level(level));
    Level::available().flat_map(at).collect()
}

fn square<T: Float>(d: &Condensed<T>, tight: bool) -> Square<T> {
    let mut square = if tight { Square::zeroed_tight(d.n()) } else { Square::zeroed(d.n()) }.unwrap();
    for (i, row) in square.rows_mut().enumerate() {
        for (j, value) in row.iter_mut().enumerate() {
            *value = d.get(i, j).unwrap_or(T::ZERO);
        }
    }
    square
}

/// All engines, all inputs, one result. Memory that an engine has used is used again for the next method.
fn check_engines<T: Float>(d: &Condensed<T>) -> Result<(), TestCaseError> {
    let mut engines = engines::<T>();
    for method in Method::ALL {
        // Of several values that overflow in one merge, any may be named.
        let outcome = |tree: Result<Dendrogram<T>, Error>| match tree {
            Ok(tree) => Ok(bits(&tree)),
            Err(Error::Overflow { step, .. }) => Err(step),
            Err(error) => panic!("{error}"),
        };
        let run = |scratch: &mut Scratch<T>| outcome(linkage_with(scratch, d.clone(), method, &()));
        let expected = run(&mut Scratch::new().with_storage(Storage::InPlace));
        for scratch in &mut engines {
            let name = format!("{method} {scratch:?}").chars().take(400).collect::<String>();
            prop_assert_eq!(&run(scratch), &expected, "{}", name);
            let tree = outcome(linkage_view_with(scratch, d.view(), method, &()));
            prop_assert_eq!(&tree, &expected, "view, {}", name);
            for tight in [false, true] {
                let tree = outcome(linkage_square_with(scratch, square(d, tight), method, &()));
                prop_assert_eq!(&tree, &expected, "square, {}", name);
            }
        }
    }
    Ok(())
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

proptest! {
    #![proptest_config(ProptestConfig { cases: testkit::cases(48, 1_000), ..ProptestConfig::default() })]

    #[test]
    fn storage_level_and_square_change_no_bit(d in condensed(150)) {
        check_engines(&d)?;
        let d = single_precision(&d);
        if d.values().iter().all(|v| v.is_finite()) {
            check_engines(&d)?;
        }
    }
}

#[test]
fn one_and_two_observations_and_every_simd_edge() {
    for n in [1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 79, 80, 81, 127, 128, 129, 300] {
        let d = Condensed::new(n, testkit::random_condensed(n, n as u64)).unwrap();
        check(&d).unwrap();
        check(&single_precision(&d)).unwrap();
        check_engines(&d).unwrap();
        check_engines(&single_precision(&d)).unwrap();
        assert_eq!(linkage(d, Method::Ward).unwrap().merges().len(), n - 1);
    }
    assert_eq!(linkage(Condensed::<f64>::new(0, vec![]).unwrap(), Method::Ward), Err(Error::Empty));
}

/// Single linkage, sifted and not: of observations that join one after the other, in random order, no pairs are sifted, and
/// strips of columns are turned: below, at and past their width, several at once.
#[test]
fn single_linkage_at_the_edges_of_strips_equals_its_twin_in_bits() {
    for n in [255, 256, 257, 399, 400, 511, 513, 800] {
        let free = testkit::random_condensed(n, n as u64);
        let tied = free.iter().map(|v| (v * 50.0).ceil()).collect();
        // An order that is far from theirs.
        let turn = |i: usize| (i * 7 % n) as f64;
        let pairs = (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j)));
        let onion = free.iter().zip(pairs).map(|(v, (i, j))| (v + turn(i).max(turn(j))).floor()).collect();
        for values in [free.clone(), tied, onion] {
            let d = Condensed::new(n, values).unwrap();
            let narrow = single_precision(&d);
            let (expected, expected_narrow) = (bits(&naive_single(&d)), bits(&naive_single(&narrow)));
            for mut scratch in engines() {
                let tree = linkage_with(&mut scratch, d.clone(), Method::Single, &()).unwrap();
                assert_eq!(bits(&tree), expected, "{n} {scratch:?}");
            }
            for mut scratch in engines() {
                let tree = linkage_with(&mut scratch, narrow.clone(), Method::Single, &()).unwrap();
                assert_eq!(bits(&tree), expected_narrow, "{n} {scratch:?}");
            }
        }
    }
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
    const N: usize = 130;
    let d = Condensed::new(N, testkit::random_condensed(N, 1)).unwrap();
    for method in Method::ALL {
        for mut scratch in engines() {
            let seen = Mutex::new(Vec::new());
            let watch = |done, total| {
                seen.lock().unwrap().push((done, total));
                ControlFlow::Continue(())
            };
            linkage_with(&mut scratch, d.clone(), method, &watch).unwrap();
            // 0 comes now and then while the matrix is copied; any number may come again while memory is moved.
            let mut seen: Vec<_> =
                seen.into_inner().unwrap().into_iter().filter(|(done, _)| *done > 0).collect();
            seen.dedup();
            assert_eq!(seen, (1..N).map(|done| (done, N - 1)).collect::<Vec<_>>());
            for last in [0, 3] {
                let stop =
                    |done, _| if done == last { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
                assert_eq!(linkage_with(&mut scratch, d.clone(), method, &stop), Err(Error::Cancelled));
            }
            // What a cancelled run has left behind does not show.
            assert_eq!(linkage_with(&mut scratch, d.clone(), method, &()), linkage(d.clone(), method));
        }
    }
}

#[test]
fn thread_count_and_batch_change_no_bit() {
    let matrix = |n: usize| Condensed::new(n, testkit::random_condensed(n, n as u64)).unwrap();
    let sizes = [1, 2, 90, 200, 333];
    let run = |threads: usize, method| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let one = sizes.map(|n| linkage(matrix(n), method).unwrap());
            let batch = linkage_batch(sizes.map(matrix).to_vec(), method);
            assert_eq!(batch, one.clone().map(Ok), "{threads} threads, {method}");
            one.map(|tree| bits(&tree))
        })
    };
    for method in Method::ALL {
        let expected = run(1, method);
        assert_eq!(run(2, method), expected, "{method}");
        assert_eq!(run(8, method), expected, "{method}");
    }
    assert!(linkage_batch(vec![Condensed::<f64>::new(0, vec![]).unwrap()], Method::Ward)[0].is_err());
}

#[test]
fn bytes_needed_never_overflows() {
    for method in Method::ALL {
        for storage in [Storage::Square, Storage::Tight, Storage::InPlace] {
            for n in [0, 1, 100, 1 << 31, usize::MAX] {
                let needed = hclust::bytes_needed::<f64>(n, method, storage);
                assert!(needed >= n as u64 || n == usize::MAX, "{method} {storage:?} {n}: {needed}");
            }
            assert_eq!(hclust::bytes_needed::<f32>(usize::MAX, method, storage), u64::MAX);
        }
    }
}

#[test]
fn a_square_that_is_none_is_refused_with_the_place() {
    let d = Condensed::new(70, testkit::random_condensed(70, 1)).unwrap();
    let with = |i: usize, j: usize, value: f64| {
        let mut square = square(&d, false);
        square.rows_mut().nth(i).unwrap()[j] = value;
        linkage_square_with(&mut Scratch::new(), square, Method::Average, &()).unwrap_err()
    };
    assert!(matches!(with(69, 3, 2.0), Error::NotSymmetric { row: 69, column: 3, found: 2.0, .. }));
    assert!(matches!(with(3, 69, 2.0), Error::NotSymmetric { row: 69, column: 3, expected: 2.0, .. }));
    assert!(matches!(with(5, 5, 1.0), Error::NotSymmetric { row: 5, column: 5, found: 1.0, .. }));
    assert!(matches!(with(66, 65, f64::NAN), Error::Value { i: 65, j: 66, .. }));
    assert!(matches!(with(66, 65, -1.0), Error::Value { i: 65, j: 66, .. }));
    let empty =
        linkage_square_with(&mut Scratch::new(), Square::<f32>::zeroed(0).unwrap(), Method::Single, &());
    assert_eq!(empty, Err(Error::Empty));
    assert!(matches!(Square::<f64>::zeroed(1 << 31), Err(Error::TooMany { .. })));
}

/// Claims to be reducible and is not: mergers jump towards everything.
struct Liar;

impl Linkage<f64> for Liar {
    fn update(&self, u: Update<f64>) -> f64 {
        (u.d_xi + u.d_yi) * 0.01 * (1.0 + (u.n_x * 31.0 + u.n_i * 17.0) % 7.0)
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

proptest! {
    #[test]
    fn leaves_and_cophenetic_dissimilarities_are_what_members_of_clusters_say(d in condensed(30)) {
        for method in [Method::Average, Method::Centroid] {
            let Ok(tree) = linkage(d.clone(), method) else { continue };
            let n = tree.n();
            // The members of every node, naively.
            let mut members: Vec<Vec<usize>> = (0..n).map(|i| vec![i]).collect();
            let mut expected = vec![0.0; n * n];
            for merge in tree.merges() {
                for &i in &members[merge.left] {
                    for &j in &members[merge.right] {
                        expected[i * n + j] = merge.height;
                        expected[j * n + i] = merge.height;
                    }
                }
                let all = [&members[merge.left][..], &members[merge.right]].concat();
                members.push(all);
            }
            prop_assert_eq!(Some(&tree.leaves_list()), members.last());
            prop_assert_eq!(tree.cophenet().unwrap(), Condensed::from_square(n, &expected).unwrap());
        }
    }
}
