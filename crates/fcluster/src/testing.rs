//! Strategies of trees and the naive cut, for property tests of this crate and of yours (feature `proptest`).

use proptest::prelude::*;

/// Rows of a SciPy Z of 1 to `max_n` observations: any shape (chains to balanced), heights free or heavily tied,
/// rising or, in a third of the cases, going down somewhere.
pub fn trees(max_n: usize) -> impl Strategy<Value = Vec<[f64; 4]>> {
    let height = prop_oneof![0.0..1.0_f64, (0_u8..4).prop_map(f64::from)];
    let merge = (any::<prop::sample::Index>(), any::<prop::sample::Index>(), height);
    (proptest::collection::vec(merge, 0..max_n.max(1)), 0_u8..3).prop_map(|(merges, order)| {
        let mut heights: Vec<f64> = merges.iter().map(|m| m.2).collect();
        if order > 0 {
            heights.sort_by(f64::total_cmp);
        }
        let n = merges.len() + 1;
        let mut live: Vec<(usize, f64)> = (0..n).map(|node| (node, 1.0)).collect();
        let row = |(row, ((a, b, _), height)): (usize, (_, f64))| {
            let (a, b): (&prop::sample::Index, &prop::sample::Index) = (a, b);
            let (x, x_size) = live.swap_remove(a.index(live.len()));
            let (y, y_size) = live.swap_remove(b.index(live.len()));
            live.push((n + row, x_size + y_size));
            [number(x.min(y)), number(x.max(y)), height, x_size + y_size]
        };
        merges.iter().map(|m| (&m.0, &m.1, m.2)).zip(heights).enumerate().map(row).collect()
    })
}

#[expect(clippy::cast_precision_loss, reason = "test data")]
fn number(node: usize) -> f64 {
    node as f64
}

/// The naive cut by distance: for every pair of observations, whether the path between them stays at or below the
/// cutoff; labels by lowest observation. `O(n²)`, and nothing shared with the real one.
#[must_use]
pub fn naive_distance_cut(rows: &[[f64; 4]], cutoff: f64) -> Vec<u32> {
    let n = rows.len() + 1;
    // Of each node, its members and the greatest height at or below it.
    let mut nodes: Vec<(Vec<usize>, f64)> = (0..n).map(|i| (vec![i], f64::NEG_INFINITY)).collect();
    let mut groups: Vec<Vec<usize>> = nodes.iter().map(|node| node.0.clone()).collect();
    for row in rows {
        let child = |value: f64| {
            nodes.iter().enumerate().find(|(i, _)| number(*i) == value).map(|(_, node)| node.clone())
        };
        let (Some(left), Some(right)) = (child(row[0]), child(row[1])) else { continue };
        let members: Vec<usize> = left.0.into_iter().chain(right.0).collect();
        let height = row[2].max(left.1).max(right.1);
        if height <= cutoff {
            for &member in &members {
                groups[member].clone_from(&members);
            }
        }
        nodes.push((members, height));
    }
    let lowest: Vec<usize> = groups.iter().map(|g| g.iter().copied().min().unwrap_or(0)).collect();
    let mut leaders = lowest.clone();
    leaders.sort_unstable();
    leaders.dedup();
    let label = |l: &usize| u32::try_from(leaders.partition_point(|leader| leader <= l)).unwrap_or(u32::MAX);
    lowest.iter().map(label).collect()
}
