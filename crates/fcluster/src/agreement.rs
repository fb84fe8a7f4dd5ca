//! How far two clusterings agree: pairs counted, and information shared.

use crate::Error;
use std::collections::HashMap;
use std::hash::Hash;

/// Observations that lie in one cluster of the first clustering and one of the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// The cluster of the first clustering, by its place in [`Agreement::first_sizes`].
    pub first: usize,
    /// The cluster of the second clustering, by its place in [`Agreement::second_sizes`].
    pub second: usize,
    /// How many; never 0.
    pub count: u64,
}

/// The contingency table of two clusterings of the same observations, in whole numbers, and the scores made of it.
///
/// Scores have scikit-learn's names and its conventions for clusterings of one cluster or of none; entropies and
/// informations are in nats. With u = 2⁻⁵³, k cells that are not 0 and n observations, the results are within these of what exact
/// arithmetic gives:
///
/// - pair counts are exact, `rand_score` within `3 u`, `adjusted_rand_score` within `16 u`;
/// - entropies, `mutual_info_score` and `variation_of_information` within `(2 k + 12) (1 + ln n) u`: a term
///   `j/n ln(n j / (a b))` is within `3 u j/n` and four roundings, the absolute terms add up to at most ln n + 2/e (of the
///   variation, 2 ln n), and each of the k additions rounds once;
/// - `expected_mutual_information` relatively within `40 n ln n u`: its chances are exponentials of sums of nine logarithms of
///   factorials, each at most n ln n and within `3 u` of itself. The adjusted information divides by what it leaves of the
///   entropy.
///
/// ```
/// use fcluster::Agreement;
/// let agreement = Agreement::new(&[1, 1, 2, 2], &["a", "a", "b", "c"])?;
/// assert_eq!(agreement.rand_score(), 5.0 / 6.0);
/// assert!((agreement.adjusted_rand_score() - 4.0 / 7.0).abs() < 1e-15);
/// assert!((agreement.variation_of_information() - 2.0_f64.ln() / 2.0).abs() < 1e-15);
/// # Ok::<(), fcluster::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreement {
    n: u64,
    first: Vec<u64>,
    second: Vec<u64>,
    cells: Vec<Cell>,
}

impl Agreement {
    /// From the clusters of each observation, by whatever names. Clusters are counted in order of their first
    /// observation. `O(n)` time and memory.
    ///
    /// # Errors
    /// [`Error::Length`] if the two are of different lengths.
    pub fn new<A: Eq + Hash, B: Eq + Hash>(first: &[A], second: &[B]) -> Result<Self, Error> {
        if first.len() != second.len() {
            return Err(Error::Length { what: "second labels", expected: first.len(), found: second.len() });
        }
        let (rows, first) = tally(first.iter());
        let (columns, second) = tally(second.iter());
        let n = rows.len() as u64;
        let (_, cells) = tally(rows.into_iter().zip(columns));
        let cells = cells.into_iter().map(|((first, second), count)| Cell { first, second, count });
        Ok(Self { n, first: sizes(first), second: sizes(second), cells: cells.collect() })
    }

    /// The number of observations.
    #[must_use]
    pub fn n(&self) -> u64 {
        self.n
    }

    /// Sizes of the first clustering's clusters.
    #[must_use]
    pub fn first_sizes(&self) -> &[u64] {
        &self.first
    }

    /// Sizes of the second clustering's clusters.
    #[must_use]
    pub fn second_sizes(&self) -> &[u64] {
        &self.second
    }

    /// The cells of the contingency table that are not 0.
    #[must_use]
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// Ordered pairs of different observations: apart in both, together in the second only, in the first only, in both
    /// (scikit-learn's `pair_confusion_matrix`). Exact.
    #[must_use]
    pub fn pair_confusion(&self) -> [[u128; 2]; 2] {
        let pairs = |count: u64| u128::from(count) * u128::from(count.saturating_sub(1));
        let together = |sizes: &[u64]| sizes.iter().map(|&size| pairs(size)).sum::<u128>();
        let both = self.cells.iter().map(|cell| pairs(cell.count)).sum();
        let (first, second) = (together(&self.first) - both, together(&self.second) - both);
        [[pairs(self.n) - both - first - second, second], [first, both]]
    }

    /// The share of pairs on which the clusterings agree (Rand, 1971), 0 to 1.
    #[must_use]
    pub fn rand_score(&self) -> f64 {
        let [[neither, second], [first, both]] = self.pair_confusion();
        let (agreed, apart) = (neither + both, first + second);
        if apart == 0 { 1.0 } else { real(agreed) / real(agreed + apart) }
    }

    /// The Rand index corrected for chance (Hubert and Arabie, 1985): 1 for the same clustering, 0 in the mean for
    /// random ones.
    #[must_use]
    pub fn adjusted_rand_score(&self) -> f64 {
        let [[neither, second], [first, both]] = self.pair_confusion();
        if first + second == 0 {
            return 1.0;
        }
        // As floats: products of two pair counts can pass 128 bits. Each is rounded; what cancels is small beside the divisor.
        let (neither, second, first, both) = (real(neither), real(second), real(first), real(both));
        2.0 * (both * neither - first * second)
            / ((both + first) * (first + neither) + (both + second) * (second + neither))
    }

    /// What knowing one clustering tells of the other, in nats, at least 0.
    #[must_use]
    pub fn mutual_info_score(&self) -> f64 {
        let n = self.count();
        let term = |cell: &Cell| {
            let product = whole(self.first[cell.first]) * whole(self.second[cell.second]);
            let joint = whole(cell.count);
            joint / n * (n * joint / product).ln()
        };
        let sum: f64 = self.cells.iter().map(term).sum();
        if sum > f64::EPSILON { sum } else { 0.0 }
    }

    /// The entropies of the two clusterings, in nats.
    #[must_use]
    pub fn entropies(&self) -> [f64; 2] {
        let n = self.count();
        [&self.first, &self.second].map(|sizes| {
            // Adding 0 makes the -0 of an empty sum or of one cluster 0.
            sizes.iter().map(|&size| whole(size) / n * (n / whole(size)).ln()).sum::<f64>() + 0.0
        })
    }

    /// The mutual information as a share of the mean entropy, 0 to 1.
    #[must_use]
    pub fn normalized_mutual_info_score(&self) -> f64 {
        if self.is_trivial() {
            return 1.0;
        }
        let information = self.mutual_info_score();
        if information > 0.0 { information / self.mean_entropy() } else { 0.0 }
    }

    /// The mutual information corrected for chance (Vinh, Epps and Bailey, 2010), the mean entropy its greatest value: 1
    /// for the same clustering, 0 in the mean for random ones. `O(n)` memory; time is the sum of the smaller of both
    /// sizes over all pairs of *different* sizes.
    #[must_use]
    pub fn adjusted_mutual_info_score(&self) -> f64 {
        if self.is_trivial() || self.is_same() {
            return 1.0;
        }
        let expected = self.expected_mutual_information();
        let above = self.mean_entropy() - expected;
        // Where chance alone gives all there is, the sign is kept and no division is by 0.
        let above = if above < 0.0 { above.min(-f64::EPSILON) } else { above.max(f64::EPSILON) };
        (self.mutual_info_score() - expected) / above
    }

    /// The information that the clusterings do not share (Meilă, 2007), in nats: a metric, 0 for the same clustering.
    #[must_use]
    pub fn variation_of_information(&self) -> f64 {
        let n = self.count();
        let term = |cell: &Cell| {
            let (first, second) = (whole(self.first[cell.first]), whole(self.second[cell.second]));
            let joint = whole(cell.count);
            joint / n * ((first / joint).ln() + (second / joint).ln())
        };
        self.cells.iter().map(term).sum::<f64>() + 0.0
    }

    /// The mutual information that two random clusterings of these sizes have in the mean (hypergeometric model).
    #[must_use]
    pub fn expected_mutual_information(&self) -> f64 {
        let n = self.n;
        let factorials = log_factorials(n);
        let log =
            |count: u64| usize::try_from(count).ok().and_then(|at| factorials.get(at)).copied().unwrap_or(0.0);
        let mut sum = 0.0;
        // Clusters of the same size have the same expectation.
        for &(a, rows) in &by_size(&self.first) {
            for &(b, columns) in &by_size(&self.second) {
                let fixed = log(a) + log(b) + log(n - a) + log(n - b) - log(n);
                let mut expected = 0.0;
                for joint in (a + b).saturating_sub(n).max(1)..=a.min(b) {
                    let chance = fixed - log(joint) - log(a - joint) - log(b - joint) - log(n + joint - a - b);
                    let information = (whole(n) * whole(joint) / (whole(a) * whole(b))).ln();
                    expected += whole(joint) / whole(n) * information * chance.exp();
                }
                sum += whole(rows) * whole(columns) * expected;
            }
        }
        sum
    }

    fn count(&self) -> f64 {
        whole(self.n)
    }

    /// Both clusterings have one cluster, or none: they cannot but agree.
    fn is_trivial(&self) -> bool {
        self.first.len() == self.second.len() && self.first.len() < 2
    }

    /// The same clustering by other names.
    fn is_same(&self) -> bool {
        self.cells.len() == self.first.len() && self.cells.len() == self.second.len()
    }

    fn mean_entropy(&self) -> f64 {
        let [first, second] = self.entropies();
        f64::midpoint(first, second)
    }
}

/// The different items in order of their first, each with how many there are, and the place of each item among them.
fn tally<L: Copy + Eq + Hash>(items: impl Iterator<Item = L>) -> (Vec<usize>, Vec<(L, u64)>) {
    let (mut places, mut counts) = (HashMap::new(), Vec::new());
    let place = |item| {
        let place = *places.entry(item).or_insert(counts.len());
        match counts.get_mut(place) {
            Some((_, count)) => *count += 1,
            None => counts.push((item, 1)),
        }
        place
    };
    (items.map(place).collect(), counts)
}

fn sizes<L>(counts: Vec<(L, u64)>) -> Vec<u64> {
    counts.into_iter().map(|(_, count)| count).collect()
}

/// The different sizes, ascending, and how many clusters have each.
fn by_size(sizes: &[u64]) -> Vec<(u64, u64)> {
    let mut sorted = sizes.to_vec();
    sorted.sort_unstable();
    sorted.chunk_by(|a, b| a == b).map(|equal| (equal[0], equal.len() as u64)).collect()
}

/// ln k! for k = 0 to n, each within a few roundings: what a sum loses is carried along (Neumaier, 1974).
fn log_factorials(n: u64) -> Vec<f64> {
    let (mut sum, mut lost) = (0.0_f64, 0.0_f64);
    let next = |k: u64| {
        let term = whole(k.max(1)).ln();
        let new = sum + term;
        lost += if sum >= term { (sum - new) + term } else { (term - new) + sum };
        sum = new;
        sum + lost
    };
    (0..=n).map(next).collect()
}

#[expect(clippy::cast_precision_loss, reason = "counts are below 2^53")]
fn whole(count: u64) -> f64 {
    count as f64
}

#[expect(clippy::cast_precision_loss, reason = "rounded once")]
fn real(count: u128) -> f64 {
    count as f64
}
