//! From products to correlations or dissimilarities, square or condensed.

use crate::dense::{Tile, panel};
use crate::pair::quotient;
use crate::{Columns, CrossProducts, Error, Float, Moments, NEURON_BLOCK, NonFinite};
use rayon::prelude::*;

/// What a result holds of each pair's correlation r.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Measure {
    /// r itself, in [−1, 1].
    #[default]
    Correlation,
    /// 1 − |r|, in [0, 1]: neurons that say the same or the opposite are near.
    AbsoluteDissimilarity,
    /// 1 − r, in [0, 2]: only neurons that say the same are near.
    SignedDissimilarity,
}

impl Measure {
    /// The measure of one correlation.
    #[must_use]
    pub fn of(self, r: f64) -> f64 {
        match self {
            Self::Correlation => r,
            Self::AbsoluteDissimilarity => 1.0 - r.abs(),
            Self::SignedDissimilarity => 1.0 - r,
        }
    }
}

/// All pairs' correlations, not yet laid out: made by [`CrossProducts::finish`].
#[derive(Debug, Clone)]
pub struct Correlations {
    /// Sum of squares of every standardised neuron; 0 for one that correlates with nothing, whose values are all 0.
    squares: Vec<f64>,
    /// By column, then row.
    tiles: Vec<Tile>,
}

impl Correlations {
    pub(crate) fn new(neurons: usize, tiles: Vec<Tile>) -> Self {
        let mut squares = vec![0.0; neurons];
        for tile in tiles.iter().filter(|tile| tile.row == tile.column) {
            let own = panel(tile.column, neurons);
            let diagonal = tile.values.iter().step_by(own.len() + 1);
            squares[own].iter_mut().zip(diagonal).for_each(|(square, product)| *square = *product);
        }
        Self { squares, tiles }
    }

    /// Number of neurons.
    #[must_use]
    pub fn neurons(&self) -> usize {
        self.squares.len()
    }

    /// The upper triangle by rows, as SciPy's `squareform` gives it: n (n − 1) / 2 values. Each column of tiles is
    /// freed when it has been laid out, so that products and result are not both held.
    #[must_use]
    pub fn into_condensed(self, measure: Measure) -> Vec<f64> {
        let n = self.neurons();
        let squares = &self.squares;
        let mut out = vec![0.0; n * n.saturating_sub(1) / 2];
        let mut rest = &mut out[..];
        let mut tiles = self.tiles.into_iter().peekable();
        while let Some(column) = tiles.peek().map(|tile| tile.column) {
            let of_column: Vec<Tile> = std::iter::from_fn(|| tiles.next_if(|t| t.column == column)).collect();
            let neurons = panel(column, n);
            let rows: Vec<(usize, &mut [f64])> = neurons
                .clone()
                .map(|a| {
                    let (row, after) = std::mem::take(&mut rest).split_at_mut(n - 1 - a);
                    rest = after;
                    (a, row)
                })
                .collect();
            rows.into_par_iter().for_each(|(a, row)| {
                for tile in &of_column {
                    let others = panel(tile.row, n);
                    let line = &tile.values[(a - neurons.start) * others.len()..][..others.len()];
                    let first = others.start.max(a + 1);
                    let pairs = line.iter().zip(others.clone()).skip(first - others.start);
                    for (&product, b) in pairs {
                        row[b - a - 1] = measure.of(quotient(product, squares[a], squares[b]));
                    }
                }
            });
        }
        out
    }

    /// The full matrix, n × n, exactly symmetric; the diagonal is r = 1.
    #[must_use]
    pub fn into_square(self, measure: Measure) -> Vec<f64> {
        let n = self.neurons();
        let mut out = vec![0.0; n * n];
        out.par_chunks_mut((NEURON_BLOCK * n).max(1)).enumerate().for_each(|(index, band)| {
            let own = panel(index, n);
            for tile in self.tiles.iter().filter(|tile| tile.row == index || tile.column == index) {
                let (rows, columns) = (panel(tile.row, n), panel(tile.column, n));
                for b in columns.clone() {
                    let line = &tile.values[(b - columns.start) * rows.len()..][..rows.len()];
                    for (&product, a) in line.iter().zip(rows.clone()).skip(b.saturating_sub(rows.start)) {
                        let r = if a == b { 1.0 } else { quotient(product, self.squares[a], self.squares[b]) };
                        let value = measure.of(r);
                        if tile.row == index {
                            band[(a - own.start) * n + b] = value;
                        }
                        if tile.column == index {
                            band[(b - own.start) * n + a] = value;
                        }
                    }
                }
            }
        });
        out
    }
}

/// Correlations of all pairs of columns: both passes over a matrix that is in memory (or mapped).
///
/// ```
/// use neurocorr::{Columns, Measure, NonFinite};
/// let x = Columns::row_major(&[1.0_f32, 5.0, 2.0, 4.0, 3.0, 3.5], 3, 2)?;
/// let r = neurocorr::correlations(&x, NonFinite::Error)?.into_square(Measure::Correlation);
/// assert!(r[0] == 1.0 && r[1] < -0.98 && r[1] == r[2]);
/// # Ok::<(), neurocorr::Error>(())
/// ```
///
/// # Errors
/// Those of [`CrossProducts::new`].
pub fn correlations<T: Float>(columns: &Columns<'_, T>, non_finite: NonFinite) -> Result<Correlations, Error> {
    let mut products = CrossProducts::new(&Moments::of(columns), non_finite)?;
    products.push(columns)?;
    products.finish()
}

/// How far a result of the dense product, or of [`pair_correlation`](crate::pair_correlation), can lie from the
/// exact correlation of the same values, for matrices of `tokens` tokens.
///
/// With u = 2⁻⁵³ and blocks of B = 1,024 tokens: a sum of products carries at most (B + ⌈tokens / B⌉) u of
/// Σ|xᵢyᵢ| ≤ ‖x‖‖y‖ (Higham, *Accuracy and Stability*, §3.1), and so does each of the two norms; standardising one
/// value errs by at most 2u of the neuron's range, which is at most √2 ‖x‖, for each of two neurons: 4 u √(2 tokens).
/// The error of the mean is common to all tokens and enters only squared. `docs/numerics.md` has the derivation.
#[must_use]
pub fn error_bound(tokens: usize) -> f64 {
    const UNIT: f64 = f64::EPSILON / 2.0;
    #[expect(clippy::cast_precision_loss, reason = "a bound on a count, rounded to nearest at 2^53")]
    let (block, tokens) = (crate::TOKEN_BLOCK as f64, tokens as f64);
    UNIT * (2.0 * (block.min(tokens) + (tokens / block).ceil()) + 4.0 * (2.0 * tokens).sqrt() + 16.0)
}
