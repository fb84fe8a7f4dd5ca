//! The leaf order of `scipy.cluster.hierarchy.optimal_leaf_ordering`, for those who need that one.

use crate::leaf_order::Ordered;
use crate::observer::{Observer, observe};
use crate::{Error, Float};
use std::ops::Range;

/// What SciPy takes for more than any way.
const FAR: f32 = 1_073_741_824.0;

/// For each merge, whether its nodes are to be exchanged. Ways are summed in `f32`, with dissimilarities in `f64`; the two
/// nodes of a merge are turned by the ends that are best for that merge, whatever the merge above it makes of them; to
/// turn a node turns all below it.
pub(crate) fn scipy_swaps<T: Float>(ordered: &Ordered<T>, observer: &dyn Observer) -> Result<Vec<bool>, Error> {
    let n = ordered.n;
    let merges = ordered.children.len();
    let mut ways = vec![0.0_f32; n * n];
    let mut turned = vec![false; merges];
    for (row, &[left, right]) in ordered.children.iter().enumerate() {
        let (lefts, rights) = (ordered.parts(left), ordered.parts(right));
        // A leaf is both of its parts: once is enough.
        let flips = |node: usize| if node < n { &[false][..] } else { &[false, true] };
        for &flip_left in flips(left) {
            for &flip_right in flips(right) {
                let [u, m] = if flip_left { [&lefts[1], &lefts[0]] } else { [&lefts[0], &lefts[1]] };
                let [w, k] = if flip_right { [&rights[0], &rights[1]] } else { [&rights[1], &rights[0]] };
                ways_between(ordered, &mut ways, [u, m, k, w]);
            }
        }
        let (mut least, mut ends) = (FAR, None);
        for u in ordered.range(left) {
            for w in ordered.range(right) {
                if ways[u * n + w] < least {
                    (least, ends) = (ways[u * n + w], Some((u, w)));
                }
            }
        }
        if let Some((u, w)) = ends {
            if let Some(below) = left.checked_sub(n) {
                turned[below] = !lefts[0].contains(&u);
            }
            if let Some(below) = right.checked_sub(n) {
                turned[below] = !rights[1].contains(&w);
            }
        }
        observe(observer, row + 1, merges)?;
    }
    // A node is exchanged as often as it and the nodes above it are turned. Parents have higher rows.
    let mut swaps = turned;
    for row in (0..merges).rev() {
        for below in ordered.children[row].iter().filter_map(|child| child.checked_sub(n)) {
            swaps[below] ^= swaps[row];
        }
    }
    Ok(swaps)
}

/// The least ways from u over m and k to w, for all u and w.
fn ways_between<T: Float>(ordered: &Ordered<T>, ways: &mut [f32], [us, ms, ks, ws]: [&Range<usize>; 4]) {
    let n = ordered.n;
    let distance = |m: usize, k: usize| -> f64 { ordered.distances[m * n + k].into() };
    let mut nearest = FAR;
    for m in ms.clone() {
        for k in ks.clone() {
            if distance(m, k) < f64::from(nearest) {
                nearest = single(distance(m, k));
            }
        }
    }
    let sorted = |ways: &[f32], inner: &Range<usize>, end: usize| {
        let mut sorted: Vec<(f32, usize)> = inner.clone().map(|i| (ways[i * n + end], i)).collect();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        sorted
    };
    let from_w: Vec<Vec<(f32, usize)>> = ws.clone().map(|w| sorted(ways, ks, w)).collect();
    for u in us.clone() {
        let from_u = sorted(ways, ms, u);
        for (w, from_w) in ws.clone().zip(&from_w) {
            let mut least = FAR;
            for &(um, m) in &from_u {
                if from_w.first().is_none_or(|&(wk, _)| um + wk + nearest >= least) {
                    break;
                }
                for &(wk, k) in from_w {
                    if um + wk + nearest >= least {
                        break;
                    }
                    let way = single(f64::from(um + wk) + distance(m, k));
                    if way < least {
                        least = way;
                    }
                }
            }
            ways[u * n + w] = least;
            ways[w * n + u] = least;
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "rounding to nearest is what SciPy does")]
fn single(value: f64) -> f32 {
    value as f32
}
