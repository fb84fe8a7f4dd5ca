//! Every fixture: what SciPy itself gives, compared by bits.
#![allow(clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation, reason = "a test may fail")]

use hclust::{
    Color, Condensed, Dendrogram, Layout, LeafOrder, Method, Metric, Points, Sort, Truncate, linkage,
    optimal_leaf_ordering, optimal_leaf_ordering_with, pdist,
};
use testkit::Fixture;

/// Breaks if any update's order of operations, tie rule, sort or numbering changes, or a fused multiply-add creeps in.
#[test]
fn z_is_bit_identical_to_scipy_on_every_fixture() {
    let fixture = Fixture::open("linkage");
    let mut trees = 0;
    for input in fixture.keys("/d") {
        let n: usize = input.split('/').nth(1).unwrap().parse().unwrap();
        let condensed = Condensed::new(n, fixture.floats(&format!("{input}/d"))).unwrap();
        for method in Method::ALL {
            let tree = linkage(condensed.clone(), method).unwrap();
            let pairs = fixture.counts(&format!("{input}/{method}/pairs"));
            let heights = fixture.floats(&format!("{input}/{method}/heights"));
            assert_eq!(tree.merges().len(), heights.len());
            let mut sizes = vec![1; n];
            for (row, merge) in tree.merges().iter().enumerate() {
                let at = format!("{input} {method} row {row}");
                let nodes = [merge.left as u32, merge.right as u32];
                assert_eq!(nodes, pairs[2 * row..2 * row + 2], "{at}");
                assert_eq!(
                    merge.height.to_bits(),
                    heights[row].to_bits(),
                    "{at}: {} {}",
                    merge.height,
                    heights[row]
                );
                sizes.push(sizes[merge.left] + sizes[merge.right]);
                assert_eq!(merge.size, sizes[n + row], "{at}");
            }
            trees += 1;
        }
    }
    assert_eq!(trees, 6 * 52 * 7, "kinds x sizes x methods");
}

/// The trees of which `dendrogram.safetensors` tells.
fn trees(fixture: &Fixture) -> impl Iterator<Item = (String, Condensed<f64>, Dendrogram<f64>)> {
    let linkages = Fixture::open("linkage");
    fixture.names().filter_map(|name| name.strip_suffix("/optimal")).map(move |key| {
        let (input, method) = key.rsplit_once('/').unwrap();
        let n: usize = input.split('/').nth(1).unwrap().parse().unwrap();
        let d = Condensed::new(n, linkages.floats(&format!("{input}/d"))).unwrap();
        (key.to_owned(), d.clone(), linkage(d, method.parse().unwrap()).unwrap())
    })
}

fn bits(values: impl IntoIterator<Item = f64>) -> Vec<u64> {
    values.into_iter().map(f64::to_bits).collect()
}

/// Breaks if leaves, cophenetic dissimilarities or SciPy's own "optimal" order come out otherwise than SciPy's.
#[test]
fn leaves_cophenet_and_scipys_leaf_order_are_scipys_on_every_fixture() {
    let fixture = Fixture::open("dendrogram");
    let (mut count, mut longer) = (0, 0);
    for (key, d, tree) in trees(&fixture) {
        let leaves = |name: &str| -> Vec<usize> {
            fixture.counts(&format!("{key}/{name}")).into_iter().map(|leaf| leaf as usize).collect()
        };
        assert_eq!(tree.leaves_list(), leaves("leaves"), "{key}");
        let cophenet = fixture.floats(&format!("{key}/cophenet"));
        assert_eq!(bits(tree.cophenet().unwrap().into_values()), bits(cophenet), "{key}");
        let scipy = optimal_leaf_ordering_with(&tree, &d, LeafOrder::Scipy, &()).unwrap();
        assert_eq!(scipy.leaves_list(), leaves("optimal"), "{key}");
        let length = |tree: &Dendrogram<f64>| -> f64 {
            tree.leaves_list().windows(2).map(|pair| d.get(pair[0], pair[1]).unwrap()).sum()
        };
        let (best, theirs) = (length(&optimal_leaf_ordering(&tree, &d).unwrap()), length(&scipy));
        assert!(best <= theirs * (1.0 + 1e-12), "{key}: {best} {theirs}");
        longer += usize::from(theirs > best * (1.0 + 1e-9));
        count += 1;
    }
    assert_eq!(count, 6 * 7 * 3, "kinds x sizes x methods");
    // Else there would be no reason for two orders.
    assert!(longer > count / 4, "SciPy's order is longer than the best on {longer} of {count}");
}

/// Breaks if a coordinate, a colour, a label or the order of links comes out otherwise than SciPy's `dendrogram`'s.
#[test]
fn layouts_are_scipys_dendrogram_in_every_mode_on_every_fixture() {
    let fixture = Fixture::open("dendrogram");
    let sorted = |sort| Layout { sort, ..Layout::default() };
    let truncated = |truncate| Layout { truncate, ..Layout::default() };
    // The same list as in xtask/python/fixtures.py.
    let layouts = [
        ("all", Layout::default()),
        ("lastp5", truncated(Truncate::LastP(5))),
        ("lastp12", truncated(Truncate::LastP(12))),
        ("level1", truncated(Truncate::Level(1))),
        ("level3", truncated(Truncate::Level(3))),
        ("count_ascending", sorted(Sort::CountAscending)),
        ("count_descending", sorted(Sort::CountDescending)),
        ("distance_ascending", sorted(Sort::DistanceAscending)),
        ("distance_descending", sorted(Sort::DistanceDescending)),
        ("threshold", Layout { color_threshold: Some(0.5), ..Layout::default() }),
    ];
    let color = |color: Option<Color>| match color {
        None => 255,
        Some(Color::Above) => 0,
        Some(Color::Group(group)) => group as u32 + 1,
    };
    let mut count = 0;
    for (key, _, tree) in
        trees(&fixture).filter(|(key, ..)| fixture.names().any(|n| n == format!("{key}/all/leaves")))
    {
        for (name, layout) in &layouts {
            let at = |array: &str| format!("{key}/{name}/{array}");
            let drawing = tree.layout(layout);
            assert_eq!(bits(drawing.icoord.concat()), bits(fixture.floats(&at("icoord"))), "{}", at("icoord"));
            assert_eq!(bits(drawing.dcoord.concat()), bits(fixture.floats(&at("dcoord"))), "{}", at("dcoord"));
            let leaves: Vec<u32> = drawing.leaves.iter().map(|&leaf| leaf as u32).collect();
            assert_eq!(leaves, fixture.counts(&at("leaves")), "{}", at("leaves"));
            let sizes: Vec<u32> =
                drawing.leaves.iter().map(|&leaf| tree.node(leaf).unwrap().count() as u32).collect();
            assert_eq!(sizes, fixture.counts(&at("sizes")), "{}", at("sizes"));
            let colors: Vec<u32> = drawing.color_list.iter().map(|&c| color(Some(c))).collect();
            assert_eq!(colors, fixture.counts(&at("color_list")), "{}", at("color_list"));
            let colors: Vec<u32> = drawing.leaves_color_list.iter().map(|&c| color(c)).collect();
            assert_eq!(colors, fixture.counts(&at("leaves_color_list")), "{}", at("leaves_color_list"));
            assert_eq!(drawing.ivl(&tree).len(), drawing.leaves.len());
            // What is not drawn as a link is drawn as a mark, or is a leaf that stands for it.
            let stand_for = drawing.leaves.iter().filter(|&&leaf| leaf >= tree.n()).count();
            assert_eq!(drawing.nodes.len() + drawing.contractions.len() + stand_for, tree.n() - 1);
            count += 1;
        }
    }
    assert_eq!(count, 3 * 7 * 3 * 10, "kinds x sizes x methods x layouts");
}

/// Breaks if a distance is summed in another order, or with a fused multiply-add.
#[test]
fn distances_of_points_are_bit_identical_to_scipys_pdist() {
    let fixture = Fixture::open("dendrogram");
    let mut count = 0;
    for name in fixture.names().filter(|name| name.starts_with("points/") && name.ends_with("/x")) {
        let x = fixture.floats(name);
        let points = Points::new(fixture.shape(name)[0], &x).unwrap();
        for metric in [Metric::Euclidean, Metric::SqEuclidean, Metric::Cityblock, Metric::Chebyshev] {
            let expected = fixture.floats(&name.replace("/x", &format!("/{metric}")));
            assert_eq!(bits(pdist(points, metric).unwrap().into_values()), bits(expected), "{name} {metric}");
            count += 1;
        }
    }
    assert_eq!(count, 5 * 4, "inputs x metrics");
}
