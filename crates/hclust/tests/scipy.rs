//! Every linkage fixture: SciPy's own Z, compared by bits.
#![allow(clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation, reason = "a test may fail")]

use hclust::{Condensed, Method, linkage};
use testkit::Fixture;

/// Breaks if any update's order of operations, tie rule, sort or numbering changes, or a fused multiply-add creeps in.
#[test]
fn z_is_bit_identical_to_scipy_on_every_fixture() {
    let fixture = Fixture::open("linkage");
    let mut trees = 0;
    for name in fixture.names().filter(|name| name.ends_with("/d")) {
        let input = name.trim_end_matches("/d");
        let n: usize = input.split('/').nth(1).unwrap().parse().unwrap();
        let condensed = Condensed::new(n, fixture.floats(name)).unwrap();
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
