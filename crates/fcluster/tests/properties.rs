//! Cuts against the naive cut, and the laws that they obey.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a test may fail"
)]

use fcluster::testing::{naive_distance_cut, naive_inconsistent, naive_walk, trees};
use fcluster::{
    Agreement, Criterion, CutAt, Error, Labels, Numbering, Sweep, Tree, cut_tree, fcluster, inconsistent,
    leaders, max_r_stat, maxdists, maxinconsts,
};
use proptest::prelude::*;

fn cut(rows: &[[f64; 4]], criterion: Criterion<'_>) -> Labels {
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

fn bits(rows: &[[f64; 4]]) -> Vec<u64> {
    rows.iter().flatten().map(|value| value.to_bits()).collect()
}

/// Swaps two neighbouring rows of one height, unless the second needs the first.
fn swap_rows(rows: &mut [[f64; 4]], at: usize) {
    let first = (rows.len() + 1 + at) as f64;
    if rows[at][2] != rows[at + 1][2] || rows[at + 1][..2].contains(&first) {
        return;
    }
    rows.swap(at, at + 1);
    for row in rows.iter_mut().skip(at + 2) {
        for node in &mut row[..2] {
            if *node == first {
                *node += 1.0;
            } else if *node == first + 1.0 {
                *node -= 1.0;
            }
        }
    }
}

/// The observations under a node.
fn members(rows: &[[f64; 4]], node: usize) -> Vec<usize> {
    match node.checked_sub(rows.len() + 1) {
        None => vec![node],
        Some(row) => rows[row][..2].iter().flat_map(|&child| members(rows, child as usize)).collect(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: testkit::cases(400, 20_000), ..ProptestConfig::default() })]

    #[test]
    fn cuts_are_invariant_under_monotone_transformation_of_heights(rows in trees(30)) {
        // Whole numbers and their neighbours keep their order and their ties.
        let grown: Vec<[f64; 4]> = rows.iter().map(|&[a, b, h, size]| [a, b, (h * 4.0).exp() - 3.0, size]).collect();
        let order = |rows: &[[f64; 4]]| {
            let mut sorted: Vec<f64> = rows.iter().map(|row| row[2]).collect();
            sorted.sort_by(f64::total_cmp);
            rows.iter().map(|row| sorted.partition_point(|&h| h < row[2])).collect::<Vec<_>>()
        };
        prop_assume!(order(&rows) == order(&grown));
        for (row, other) in rows.iter().zip(&grown) {
            prop_assert_eq!(cut(&rows, Criterion::Distance(row[2])), cut(&grown, Criterion::Distance(other[2])));
        }
        for most in 1..=rows.len() + 1 {
            prop_assert_eq!(cut(&rows, Criterion::MaxClust(most)), cut(&grown, Criterion::MaxClust(most)));
        }
    }

    #[test]
    fn labels_do_not_depend_on_the_order_of_rows_of_one_height_where_the_partition_is_the_same(
        rows in trees(30),
        swaps in proptest::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let mut other = rows.clone();
        for at in swaps.iter().filter(|_| rows.len() > 1).map(|index| index.index(rows.len() - 1)) {
            swap_rows(&mut other, at);
        }
        for cutoff in cutoffs(&rows) {
            prop_assert_eq!(
                cut(&rows, Criterion::Distance(cutoff)).by_lowest(),
                cut(&other, Criterion::Distance(cutoff)).by_lowest()
            );
        }
    }

    #[test]
    fn criteria_that_use_statistics_are_the_naive_walks(rows in trees(24), depth in 1..6_usize, shift in -1.0..1.0_f64) {
        let tree = Tree::from_rows(&rows).unwrap();
        let statistics = inconsistent(tree, depth).unwrap();
        prop_assert_eq!(bits(&statistics), bits(&naive_inconsistent(&rows, depth)));
        let values: Vec<f64> = statistics.iter().map(|row| row[3] + shift * row[0]).collect();
        for &cutoff in values.iter().chain(&[f64::NEG_INFINITY, f64::INFINITY]) {
            let labels = cut(&rows, Criterion::Monocrit { cutoff, values: &values });
            prop_assert_eq!(labels.as_slice(), naive_walk(&rows, &values, cutoff));
        }
        let greatest = maxdists(tree);
        for cutoff in cutoffs(&rows) {
            let labels = cut(&rows, Criterion::Distance(cutoff));
            prop_assert_eq!(labels.as_slice(), naive_walk(&rows, &greatest, cutoff));
        }
        for clusters in 1..=rows.len() + 1 {
            let labels = cut(&rows, Criterion::MaxClustMonocrit { clusters, values: &values });
            prop_assert!(labels.count() <= clusters);
            prop_assert_eq!(labels.sizes().len(), labels.count());
            prop_assert!(labels.sizes().iter().all(|&size| size > 0));
        }
    }

    #[test]
    fn the_sweep_is_what_every_cut_gives_and_refuses_heights_that_go_down(rows in trees(30)) {
        let tree = Tree::from_rows(&rows).unwrap();
        let greatest = maxdists(tree);
        let fault = rows.iter().zip(&greatest).position(|(row, &greatest)| row[2] < greatest);
        let cuts = cutoffs(&rows);
        match (Sweep::new(tree), fault) {
            (Err(Error::Inversion { row, height, below }), Some(at)) => {
                prop_assert_eq!((row, height, below), (at, rows[at][2], greatest[at]));
                prop_assert!(cut_tree(tree, CutAt::Heights(&cuts)).is_err());
            }
            (Ok(sweep), None) => {
                for (&cutoff, cut_at) in cuts.iter().zip(cut_tree(tree, CutAt::Heights(&cuts)).unwrap()) {
                    let labels = cut(&rows, Criterion::Distance(cutoff));
                    prop_assert_eq!(sweep.clusters(cutoff).unwrap(), labels.count());
                    prop_assert_eq!(sweep.labels(cutoff, Numbering::Scipy).unwrap(), labels.clone());
                    prop_assert_eq!(cut_at, labels.by_lowest());
                    let plateau = sweep.plateau_at(cutoff).unwrap();
                    let (low, high) = plateau.range();
                    prop_assert!(low <= cutoff && cutoff < high || cutoff == f64::INFINITY);
                    prop_assert_eq!(plateau.clusters(), labels.count());
                    let (down, up) = sweep.stability(cutoff).unwrap();
                    prop_assert!((down >= 0.0 && up > 0.0) || cutoff.is_infinite());
                }
                let mut counts = Vec::new();
                for plateau in sweep.plateaus() {
                    prop_assert_eq!(sweep.clusters(plateau.cutoff()).unwrap(), plateau.clusters());
                    prop_assert_eq!(sweep.plateau(plateau.clusters()).unwrap(), plateau);
                    counts.push(plateau.clusters());
                }
                for clusters in 1..=rows.len() + 1 {
                    match sweep.plateau(clusters) {
                        Ok(plateau) => prop_assert!(counts.contains(&plateau.clusters())),
                        Err(Error::Tied { height, below, above, .. }) => {
                            prop_assert!(above < clusters && clusters < below && !counts.contains(&clusters));
                            prop_assert_eq!(sweep.clusters(height).unwrap(), above);
                            prop_assert_eq!(sweep.clusters(height.next_down()).unwrap(), below);
                        }
                        other => prop_assert!(false, "{:?}", other),
                    }
                }
                let widest = sweep.widest(1..=rows.len() + 1).unwrap();
                prop_assert!(sweep.plateaus().all(|plateau| plateau.gap() <= widest.gap()));
            }
            (sweep, fault) => prop_assert!(false, "{:?} {:?}", sweep, fault),
        }
    }

    #[test]
    fn cut_tree_gives_exactly_so_many_clusters_and_is_nested(rows in trees(30)) {
        let tree = Tree::from_rows(&rows).unwrap();
        let counts: Vec<usize> = (1..=rows.len() + 1).collect();
        let cuts = cut_tree(tree, CutAt::Clusters(&counts)).unwrap();
        for (labels, &count) in cuts.iter().zip(&counts) {
            prop_assert_eq!(labels.count(), count);
            prop_assert_eq!(labels.clone(), labels.by_lowest());
        }
        for pair in cuts.windows(2) {
            // The finer one splits a single cluster of the coarser one.
            let agreement = Agreement::new(pair[0].as_slice(), pair[1].as_slice()).unwrap();
            prop_assert_eq!(agreement.cells().len(), pair[1].count());
        }
    }

    #[test]
    fn leaders_hold_exactly_their_clusters(rows in trees(30), renamed in any::<u32>()) {
        let tree = Tree::from_rows(&rows).unwrap();
        for cutoff in cutoffs(&rows) {
            let labels = cut(&rows, Criterion::Distance(cutoff));
            // By whatever names.
            let names: Vec<u32> = labels.as_slice().iter().map(|label| label.wrapping_mul(2_654_435_761) ^ renamed).collect();
            let (nodes, found) = leaders(tree, &names).unwrap();
            prop_assert_eq!(nodes.len(), labels.count());
            for (&node, &name) in nodes.iter().zip(&found) {
                let mut members = members(&rows, node);
                members.sort_unstable();
                let expected: Vec<usize> = (0..names.len()).filter(|&i| names[i] == name).collect();
                prop_assert_eq!(members, expected);
            }
        }
    }

    #[test]
    fn scores_are_symmetric_bounded_and_those_of_all_pairs(
        labels in proptest::collection::vec((0_u8..6, 0_u8..6), 0..40)
    ) {
        let (a, b): (Vec<u8>, Vec<u8>) = labels.iter().copied().unzip();
        let (there, back) = (Agreement::new(&a, &b).unwrap(), Agreement::new(&b, &a).unwrap());
        let mut pairs = [[0_u128; 2]; 2];
        for i in 0..a.len() {
            for j in (0..a.len()).filter(|&j| j != i) {
                pairs[usize::from(a[i] == a[j])][usize::from(b[i] == b[j])] += 1;
            }
        }
        prop_assert_eq!(there.pair_confusion(), pairs);
        let close = |x: f64, y: f64| (x - y).abs() < 1e-12;
        prop_assert!(close(there.adjusted_rand_score(), back.adjusted_rand_score()));
        prop_assert!(close(there.mutual_info_score(), back.mutual_info_score()));
        prop_assert!(close(there.variation_of_information(), back.variation_of_information()));
        prop_assert!(close(there.expected_mutual_information(), back.expected_mutual_information()));
        prop_assert!((0.0..=1.0).contains(&there.rand_score()) && there.adjusted_rand_score() <= 1.0);
        prop_assert!((0.0..=1.0 + 1e-12).contains(&there.normalized_mutual_info_score()));
        prop_assert!(there.variation_of_information() >= 0.0);
        let same = Agreement::new(&a, &a).unwrap();
        prop_assert_eq!(same.variation_of_information(), 0.0);
        prop_assert_eq!((same.rand_score(), same.adjusted_rand_score()), (1.0, 1.0));
        prop_assert!(close(same.normalized_mutual_info_score(), 1.0) && close(same.adjusted_mutual_info_score(), 1.0));
    }
}

/// A chain: the deepest tree there is.
#[test]
fn a_chain_of_a_million_leaves_needs_no_stack() {
    // The full suite has ten.
    let n = testkit::cases(1_000_000, 10_000_000) as usize;
    let row = |r: usize| {
        let left = if r == 0 { 0.0 } else { (n + r - 1) as f64 };
        let (a, b) = (left.min((r + 1) as f64), left.max((r + 1) as f64));
        [a, b, r as f64, (r + 2) as f64]
    };
    let rows: Vec<[f64; 4]> = (0..n - 1).map(row).collect();
    let labels = cut(&rows, Criterion::Distance((n / 2) as f64));
    assert_eq!(labels.count(), n - n / 2 - 1);
    assert_eq!(cut(&rows, Criterion::MaxClust(10)).count(), 10);
    let tree = Tree::from_rows(&rows).unwrap();
    let inconsistent =
        fcluster(tree, Criterion::Inconsistent { cutoff: 0.5, depth: 2 }, Numbering::Lowest).unwrap();
    assert_eq!(inconsistent.count(), n - 1); // any two heights are as inconsistent; the first has none below
    let half = fcluster(tree, Criterion::Distance((n / 2) as f64), Numbering::Lowest).unwrap();
    let (nodes, _) = leaders(tree, half.as_slice()).unwrap();
    assert_eq!(nodes.len(), half.count());
    assert_eq!(cut_tree(tree, CutAt::Clusters(&[7])).unwrap()[0].count(), 7);
    let sweep = Sweep::new(tree).unwrap();
    assert_eq!(sweep.plateau(7).unwrap().range(), ((n - 8) as f64, (n - 7) as f64));
    assert_eq!(Agreement::new(half.as_slice(), half.as_slice()).unwrap().adjusted_rand_score(), 1.0);
}

#[test]
fn every_misuse_is_a_typed_error() {
    let rows = [[0.0, 1.0, 1.0, 2.0]];
    let tree = Tree::from_rows(&rows).unwrap();
    assert_eq!(fcluster(tree, Criterion::Distance(f64::NAN), Numbering::Lowest), Err(Error::Cutoff));
    assert_eq!(fcluster(tree, Criterion::MaxClust(0), Numbering::Lowest), Err(Error::NoClusters));
    assert!(matches!(Tree::from_rows(&[[0.0, 0.0, 1.0, 2.0]]), Err(Error::Row { row: 0, n: 2, .. })));
    let values = [f64::NAN];
    let monocrit = |cutoff, values| fcluster(tree, Criterion::Monocrit { cutoff, values }, Numbering::Lowest);
    assert_eq!(monocrit(1.0, &values), Err(Error::Value { row: 0 }));
    assert_eq!(monocrit(f64::NAN, &[1.0]), Err(Error::Cutoff));
    let length = |what, expected, found| Error::Length { what, expected, found };
    assert_eq!(monocrit(1.0, &[]), Err(length("values of the criterion", 1, 0)));
    let most =
        |clusters, values| fcluster(tree, Criterion::MaxClustMonocrit { clusters, values }, Numbering::Lowest);
    assert_eq!(most(0, &[1.0]), Err(Error::NoClusters));
    assert_eq!(most(1, &values), Err(Error::Value { row: 0 }));
    let depth = Criterion::Inconsistent { cutoff: 1.0, depth: 0 };
    assert_eq!(fcluster(tree, depth, Numbering::Lowest), Err(Error::Depth));
    assert_eq!(inconsistent(tree, 0), Err(Error::Depth));
    let statistics = inconsistent(tree, 2).unwrap();
    assert_eq!(maxinconsts(tree, &[]), Err(length("rows of statistics", 1, 0)));
    assert_eq!(max_r_stat(tree, &statistics, 4), Err(Error::Column { column: 4 }));
    let invalid = maxinconsts(tree, &[[1.0, -1.0, 1.0, 0.0]]);
    assert!(matches!(invalid, Err(Error::Statistics { row: 0, .. })));
    assert_eq!(leaders(tree, &[1]), Err(length("labels", 2, 1)));
    let three = [[0.0, 1.0, 1.0, 2.0], [2.0, 3.0, 2.0, 3.0]];
    let tree = Tree::from_rows(&three).unwrap();
    assert_eq!(leaders(tree, &[1, 2, 1]), Err(Error::Leaders { node: 2, label: 1 }));
    for clusters in [0, 4] {
        assert_eq!(cut_tree(tree, CutAt::Clusters(&[1, clusters])), Err(Error::Clusters { clusters, n: 3 }));
        assert_eq!(Sweep::new(tree).unwrap().plateau(clusters), Err(Error::Clusters { clusters, n: 3 }));
    }
    assert_eq!(cut_tree(tree, CutAt::Heights(&[f64::NAN])), Err(Error::Cutoff));
    assert_eq!(Sweep::new(tree).unwrap().clusters(f64::NAN), Err(Error::Cutoff));
    let falling = [[0.0, 1.0, 1.0, 2.0], [2.0, 3.0, 0.5, 3.0]];
    let tree = Tree::from_rows(&falling).unwrap();
    let inversion = Error::Inversion { row: 1, height: 0.5, below: 1.0 };
    assert_eq!(Sweep::new(tree).unwrap_err(), inversion);
    assert_eq!(cut_tree(tree, CutAt::Heights(&[0.7])), Err(inversion));
    assert_eq!(cut_tree(tree, CutAt::Clusters(&[2])).unwrap()[0].as_slice(), [1, 1, 2]);
    assert_eq!(Agreement::new(&[1, 2], &[1]), Err(length("second labels", 2, 1)));
    let one = Tree::from_rows(&[]).unwrap();
    assert_eq!(fcluster(one, Criterion::Distance(0.5), Numbering::Scipy).unwrap().as_slice(), [1]);
    assert_eq!(fcluster(one, Criterion::MaxClust(1), Numbering::Scipy).unwrap().as_slice(), [1]);
}

#[test]
fn one_observation_is_one_cluster_by_every_way() {
    let tree = Tree::from_rows(&[]).unwrap();
    let criteria = [
        Criterion::Distance(-1.0),
        Criterion::MaxClust(1),
        Criterion::Inconsistent { cutoff: -1.0, depth: 2 },
        Criterion::Monocrit { cutoff: -1.0, values: &[] },
        Criterion::MaxClustMonocrit { clusters: 1, values: &[] },
    ];
    for criterion in criteria {
        for numbering in [Numbering::Scipy, Numbering::Lowest] {
            assert_eq!(fcluster(tree, criterion, numbering).unwrap().as_slice(), [1], "{criterion:?}");
        }
    }
    assert_eq!(cut_tree(tree, CutAt::Clusters(&[1])).unwrap()[0].sizes(), [1]);
    assert_eq!(cut_tree(tree, CutAt::Heights(&[0.0])).unwrap()[0].sizes(), [1]);
    assert_eq!(leaders(tree, &[5]), Ok((vec![0], vec![5])));
    assert_eq!((inconsistent(tree, 2), maxdists(tree)), (Ok(vec![]), vec![]));
    let sweep = Sweep::new(tree).unwrap();
    assert_eq!(sweep.clusters(0.0), Ok(1));
    let plateau = sweep.plateau(1).unwrap();
    assert_eq!((plateau.range(), plateau.gap()), ((f64::NEG_INFINITY, f64::INFINITY), f64::INFINITY));
}

/// Heights of either type, from a dendrogram or from rows: one answer.
#[test]
fn a_dendrogram_and_its_rows_are_cut_alike() {
    fn check<T: hclust::Float>(values: &[T]) {
        for method in hclust::Method::ALL {
            let tree =
                hclust::linkage(hclust::Condensed::from_values(values.to_vec()).unwrap(), method).unwrap();
            let rows: Vec<[f64; 4]> = tree.rows().collect();
            let other = Tree::from_rows(&rows).unwrap();
            let heights = maxdists(&tree);
            assert_eq!(heights, maxdists(other));
            let statistics = inconsistent(&tree, 3).unwrap();
            assert_eq!(bits(&statistics), bits(&inconsistent(other, 3).unwrap()));
            let cutoff = heights[rows.len() / 2];
            for criterion in [
                Criterion::Distance(cutoff),
                Criterion::MaxClust(7),
                Criterion::Inconsistent { cutoff: 0.8, depth: 3 },
                Criterion::MaxClustMonocrit { clusters: 9, values: &heights },
            ] {
                let labels = fcluster(&tree, criterion, Numbering::Scipy).unwrap();
                assert_eq!(labels, fcluster(other, criterion, Numbering::Scipy).unwrap());
            }
        }
    }
    let values = testkit::random_condensed(60, 3);
    check(&values.iter().map(|&value| value as f32).collect::<Vec<_>>());
    check(&values);
}
