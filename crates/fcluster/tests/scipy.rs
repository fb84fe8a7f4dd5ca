//! Every cut fixture: SciPy's own labels.
#![allow(clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation, reason = "a test may fail")]

use fcluster::{Criterion, Numbering, Tree, fcluster};
use testkit::Fixture;

/// Breaks if the walk, the greatest height below a merge, the bisection of maxclust or a comparison changes.
#[test]
fn labels_are_scipys_on_every_fixture() {
    let (links, cuts) = (Fixture::open("linkage"), Fixture::open("cut"));
    let mut compared = 0;
    for key in cuts.keys("/distance") {
        let rows = links.rows(key);
        let n = rows.len() + 1;
        let tree = Tree::from_rows(&rows).unwrap();
        let distances = cuts.floats(&format!("{key}/distance")).into_iter().map(Criterion::Distance);
        let counts =
            cuts.counts(&format!("{key}/maxclust")).into_iter().map(|k| Criterion::MaxClust(k as usize));
        for (criteria, stored) in [
            (distances.collect::<Vec<_>>(), cuts.counts(&format!("{key}/distance_labels"))),
            (counts.collect(), cuts.counts(&format!("{key}/maxclust_labels"))),
        ] {
            assert_eq!(stored.len(), criteria.len() * n);
            for (criterion, expected) in criteria.into_iter().zip(stored.chunks(n)) {
                let labels = fcluster(tree, criterion, Numbering::Scipy).unwrap();
                assert_eq!(labels.as_slice(), expected, "{key} {criterion:?}");
                compared += 1;
            }
        }
    }
    assert!(compared > 25_000, "{compared} cuts were compared");
}
