//! Places in a condensed matrix: the upper triangle by rows, SciPy's order.

/// Place of the pair {i, j} in a condensed matrix of `n` observations; `None` unless i ≠ j, both below `n`.
///
/// The order of SciPy's `squareform`: (0,1), (0,2), …, (0,n−1), (1,2), …
///
/// ```
/// use neurocorr::condensed_index;
/// assert_eq!(condensed_index(4, 0, 3), Some(2));
/// assert_eq!(condensed_index(4, 2, 1), Some(3));
/// assert_eq!(condensed_index(4, 2, 2), None);
/// ```
#[must_use]
pub fn condensed_index(n: usize, i: usize, j: usize) -> Option<usize> {
    let (low, high) = (i.min(j), i.max(j));
    (low < high && high < n).then(|| low * (2 * n - low - 1) / 2 + (high - low - 1))
}

/// Pairs of `n` observations; saturated.
pub(crate) fn pairs(n: usize) -> usize {
    // Of two neighbours one is even.
    if n.is_multiple_of(2) { (n / 2).saturating_mul(n.saturating_sub(1)) } else { n.saturating_mul(n / 2) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_run_through_the_triangle_by_rows() {
        for n in 0..12 {
            let pairs = (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j)));
            for (place, (i, j)) in pairs.enumerate() {
                assert_eq!(condensed_index(n, i, j), Some(place));
                assert_eq!(condensed_index(n, j, i), Some(place));
            }
            assert_eq!(condensed_index(n, 0, n), None);
            assert_eq!(super::pairs(n), (0..n).sum::<usize>());
        }
    }
}
