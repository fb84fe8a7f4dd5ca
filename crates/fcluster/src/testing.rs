//! Strategies of trees and the naive twins, for property tests of this crate and of yours (feature `proptest`).

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

/// The naive twin of every cut: SciPy's walk in the plainest words, by recursion; `values` is a value for each merge, which
/// joins if it is at most the cutoff. SciPy's labels. Only for trees that are not deep.
#[must_use]
pub fn naive_walk(rows: &[[f64; 4]], values: &[f64], cutoff: f64) -> Vec<u32> {
    let n = rows.len() + 1;
    let mut labels = vec![1; n];
    if let Some(root) = n.checked_sub(2) {
        walk(&Walk { rows, values, cutoff }, root, false, &mut 0, &mut labels);
    }
    labels
}

struct Walk<'a> {
    rows: &'a [[f64; 4]],
    values: &'a [f64],
    cutoff: f64,
}

fn walk(tree: &Walk<'_>, row: usize, inside: bool, count: &mut u32, labels: &mut [u32]) {
    let leads = !inside && tree.values[row] <= tree.cutoff;
    *count += u32::from(leads);
    let (children, n) = (children(tree.rows, row), labels.len());
    for child in children.into_iter().filter_map(|child| child.checked_sub(n)) {
        walk(tree, child, inside || leads, count, labels);
    }
    for child in children.into_iter().filter(|&child| child < n) {
        *count += u32::from(!inside && !leads);
        labels[child] = *count;
    }
}

/// The naive twin of [`inconsistent`](crate::inconsistent): the heights at and below each merge, by recursion. Only for trees
/// that are not deep.
#[must_use]
pub fn naive_inconsistent(rows: &[[f64; 4]], depth: usize) -> Vec<[f64; 4]> {
    let one = |row: usize| {
        let mut heights = Vec::new();
        gather(rows, row, depth, &mut heights);
        let (count, sum) = (number(heights.len()), heights.iter().sum::<f64>());
        let squares: f64 = heights.iter().map(|height| height * height).sum();
        let mean = sum / count;
        let variance =
            if heights.len() < 2 { squares - sum * sum } else { (squares - sum * sum / count) / (count - 1.0) };
        let deviation = if variance > 0.0 { variance.sqrt() } else { 0.0 };
        let coefficient = if variance > 0.0 { (rows[row][2] - mean) / deviation } else { 0.0 };
        [mean, deviation, count, coefficient]
    };
    (0..rows.len()).map(one).collect()
}

fn gather(rows: &[[f64; 4]], row: usize, depth: usize, heights: &mut Vec<f64>) {
    for child in children(rows, row).into_iter().filter_map(|child| child.checked_sub(rows.len() + 1)) {
        if depth > 1 {
            gather(rows, child, depth - 1, heights);
        }
    }
    heights.push(rows[row][2]);
}

/// The two nodes of a merge.
fn children(rows: &[[f64; 4]], row: usize) -> [usize; 2] {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "test data")]
    [rows[row][0] as usize, rows[row][1] as usize]
}
