//! Two matrices over the same tokens: every neuron of one with every neuron of the other.

use crate::dense::add_rectangle;
use crate::go_on::GoOn;
use crate::matrix::{check_length, moments, roots};
use crate::moments::Standard;
use crate::pair::quotient;
use crate::standardize::Block;
use crate::{
    Columns, Dense, Error, Float, Measure, Moments, NEURON_BLOCK, Neighbour, Precision, Sign, TOKEN_BLOCK,
};
use rayon::prelude::*;

/// For each neuron of two matrices the neuron of the other matrix that it is most correlated with.
#[derive(Debug, Clone, PartialEq)]
pub struct CrossMaxima {
    /// By neuron of the first matrix: a neuron of the second.
    pub of_x: Vec<Neighbour>,
    /// By neuron of the second matrix: a neuron of the first.
    pub of_y: Vec<Neighbour>,
}

/// Bytes of correlations that [`Dense::cross_maxima`] has in work at least; a wider second matrix takes more.
const STRIP_BYTES: usize = 64 << 20;

impl<P: Precision> Dense<'_, P> {
    /// The correlations of the neurons of `x` with those of `y`, over the same tokens: a row for each neuron of `x`, a
    /// column for each of `y`.
    ///
    /// `2 × neurons × neurons × tokens` operations; beside the result about 9 kB for each neuron of both. A neuron that
    /// is constant has correlation 0 with all, with a copy of itself too.
    ///
    /// ```
    /// use neurocorr::{Columns, Dense, Measure};
    /// let x = Columns::row_major(&[1.0, 5.0, 2.0, 4.0, 3.0, 3.5], 3, 2)?;
    /// let y = Columns::row_major(&[3.0, 2.0, 1.0], 3, 1)?;
    /// let r = Dense::new().cross(&x, &y, Measure::Correlation)?;
    /// assert!(r[0] == -1.0 && r[1] > 0.98);
    /// # Ok::<(), neurocorr::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`condensed`](Self::condensed), for either matrix; [`Error::Mismatch`] if they have different numbers of tokens.
    pub fn cross<T: Float, U: Float>(
        &self,
        x: &Columns<'_, T>,
        y: &Columns<'_, U>,
        measure: Measure,
    ) -> Result<Vec<P>, Error> {
        let mut out = vec![P::default(); x.neurons().saturating_mul(y.neurons())];
        self.cross_into(x, y, measure, &mut out)?;
        Ok(out)
    }

    /// As [`cross`](Self::cross), into the caller's memory, whatever stands there.
    ///
    /// # Errors
    /// As [`cross`](Self::cross); [`Error::Mismatch`] if `out` has another length.
    pub fn cross_into<T: Float, U: Float>(
        &self,
        x: &Columns<'_, T>,
        y: &Columns<'_, U>,
        measure: Measure,
        out: &mut [P],
    ) -> Result<(), Error> {
        check_length(out.len(), x.neurons().saturating_mul(y.neurons()))?;
        let pass = Pass::new(self, x, y)?;
        self.cross_by(&pass, x, y, measure, out)
    }

    /// As [`cross`](Self::cross), of some neurons of one matrix with some of the same, by name, whose moments are known from
    /// all of its tokens: in the bits of two matrices of their columns, without copying those.
    ///
    /// ```
    /// use neurocorr::{Columns, Dense, Measure, Moments};
    /// let x = Columns::row_major(&[1.0, 9.0, 3.0, 2.0, 7.0, 1.0, 3.0, 8.0, 2.0], 3, 3)?;
    /// let moments = Moments::of(&x);
    /// let r = Dense::new().cross_among(&x, &moments, [&[2], &[0, 2]], Measure::Correlation)?;
    /// assert_eq!(r, [-0.5, 1.0]);
    /// # Ok::<(), neurocorr::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`cross`](Self::cross); [`Error::Mismatch`] if the moments are of another matrix, for a neuron that it does not
    /// have, and beside weights.
    pub fn cross_among<T: Float>(
        &self,
        columns: &Columns<'_, T>,
        moments: &Moments,
        [rows, others]: [&[usize]; 2],
        measure: Measure,
    ) -> Result<Vec<P>, Error> {
        let weights = self.scaled_weights(columns.tokens())?;
        let standards = |neurons| self.standards_among(columns, weights.as_deref(), moments, neurons);
        let (x, y) = (standards(rows)?, standards(others)?);
        let pass = Pass { x, y, among: [Some(rows), Some(others)], roots: None, tokens: columns.tokens() };
        let mut out = vec![P::default(); rows.len().saturating_mul(others.len())];
        self.cross_by(&pass, columns, columns, measure, &mut out)?;
        Ok(out)
    }

    fn cross_by<T: Float, U: Float>(
        &self,
        pass: &Pass<'_>,
        x: &Columns<'_, T>,
        y: &Columns<'_, U>,
        measure: Measure,
        out: &mut [P],
    ) -> Result<(), Error> {
        let (rows, others) = (pass.x.len(), pass.y.len());
        let go_on = GoOn::observed(self.observe, pass.tiles(rows));
        let mut blocks = blocks(rows, others);
        let squares = pass.products(x, y, &pass.x, &mut blocks, out, &go_on)?;
        let value = |product, x, y| P::of(measure.of(quotient(product, x, y)));
        out.par_chunks_mut(others.max(1)).zip(&squares.0).for_each(|(row, &square)| {
            for (product, &other) in row.iter_mut().zip(&squares.1) {
                *product = value((*product).into(), square, other);
            }
        });
        Ok(())
    }

    /// For each neuron of both matrices the most correlated neuron of the other (the lowest among equals), without the
    /// matrix of all: some rows of it at a time, 64 MB or 192 rows. Neurons that say the same in two models, or in two
    /// layers (the *universal neurons* of Gurnee et al., 2024), are found this way.
    ///
    /// Work as [`cross`](Self::cross), and one pass over `y` for every strip of rows.
    ///
    /// ```
    /// use neurocorr::{Columns, Dense, Sign};
    /// let x = Columns::row_major(&[1.0, 5.0, 2.0, 4.0, 3.0, 3.5], 3, 2)?;
    /// let y = Columns::row_major(&[3.0, 2.0, 1.0], 3, 1)?;
    /// let best = Dense::new().cross_maxima(&x, &y, Sign::Positive)?;
    /// assert_eq!((best.of_y[0].neuron, best.of_x[0].correlation), (1, -1.0));
    /// # Ok::<(), neurocorr::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`cross`](Self::cross).
    pub fn cross_maxima<T: Float, U: Float>(
        &self,
        x: &Columns<'_, T>,
        y: &Columns<'_, U>,
        sign: Sign,
    ) -> Result<CrossMaxima, Error> {
        let panels = STRIP_BYTES / (y.neurons() * size_of::<P>() * NEURON_BLOCK).max(1);
        self.maxima_by_strips(x, y, sign, panels.max(1) * NEURON_BLOCK)
    }

    fn maxima_by_strips<T: Float, U: Float>(
        &self,
        x: &Columns<'_, T>,
        y: &Columns<'_, U>,
        sign: Sign,
        strip: usize,
    ) -> Result<CrossMaxima, Error> {
        let pass = Pass::new(self, x, y)?;
        let (rows, columns) = (x.neurons(), y.neurons());
        let strip = strip.min(rows);
        let go_on = GoOn::observed(self.observe, pass.tiles(rows));
        let mut out = vec![P::default(); strip * columns];
        let mut blocks = blocks(strip, columns);
        let none = Best { size: f64::NEG_INFINITY, neighbour: Neighbour { neuron: 0, correlation: 0.0 } };
        let (mut of_x, mut of_y) = (Vec::with_capacity(rows), vec![none; columns]);
        for start in (0..rows).step_by(strip) {
            let range = start..rows.min(start + strip);
            let out = &mut out[..range.len() * columns];
            if range.len() != strip {
                blocks.0 = blocks.1.beside(range.len());
            }
            let part = x.select(&range);
            let squares = pass.products(&part, y, &pass.x[range.clone()], &mut blocks, out, &go_on)?;
            let best_of_row = |(row, &square): (&[P], &f64)| {
                let mut best = none;
                for (neuron, (&product, &other)) in row.iter().zip(&squares.1).enumerate() {
                    best.take(neuron, quotient(product.into(), square, other), sign);
                }
                best.neighbour
            };
            let best: Vec<Neighbour> = out.par_chunks(columns).zip(&squares.0).map(best_of_row).collect();
            of_x.extend(best);
            of_y.par_chunks_mut(NEURON_BLOCK).enumerate().for_each(|(panel, best)| {
                let first = panel * NEURON_BLOCK;
                for ((row, &square), neuron) in out.chunks(columns).zip(&squares.0).zip(range.clone()) {
                    for ((best, &product), &other) in
                        best.iter_mut().zip(&row[first..]).zip(&squares.1[first..])
                    {
                        best.take(neuron, quotient(product.into(), square, other), sign);
                    }
                }
            });
        }
        Ok(CrossMaxima { of_x, of_y: of_y.into_iter().map(|best| best.neighbour).collect() })
    }
}

/// For tokens of so many neurons of each side.
fn blocks<P: Precision>(rows: usize, columns: usize) -> (Block<P>, Block<P>) {
    let block = Block::new(columns, TOKEN_BLOCK);
    (block.beside(rows), block)
}

/// The largest correlation so far.
#[derive(Clone, Copy)]
struct Best {
    size: f64,
    neighbour: Neighbour,
}

impl Best {
    fn take(&mut self, neuron: usize, correlation: f64, sign: Sign) {
        let size = sign.size(correlation);
        if size > self.size {
            *self = Self { size, neighbour: Neighbour { neuron, correlation } };
        }
    }
}

/// What both questions know of the two matrices.
struct Pass<'a> {
    x: Vec<Standard>,
    y: Vec<Standard>,
    /// Which neurons of each, if not all.
    among: [Option<&'a [usize]>; 2],
    roots: Option<Vec<f64>>,
    tokens: usize,
}

impl Pass<'_> {
    fn new<T: Float, U: Float, P: Precision>(
        dense: &Dense<'_, P>,
        x: &Columns<'_, T>,
        y: &Columns<'_, U>,
    ) -> Result<Self, Error> {
        if x.tokens() != y.tokens() {
            let (expected, found) = (x.tokens(), y.tokens());
            return Err(Error::Mismatch { what: "tokens of the second matrix", expected, found });
        }
        if let Some((_, neurons)) = dense.among {
            let (expected, found) = (0, neurons.len());
            return Err(Error::Mismatch {
                what: "choice of neurons where two matrices are crossed",
                expected,
                found,
            });
        }
        let weights = dense.scaled_weights(x.tokens())?;
        let of_x = moments(x, weights.as_deref())?.standards(dense.non_finite)?;
        let of_y = moments(y, weights.as_deref())?.standards(dense.non_finite)?;
        Ok(Self { x: of_x, y: of_y, among: [None; 2], roots: weights.map(roots), tokens: x.tokens() })
    }

    /// Tiles of all tokens for so many neurons of the first matrix.
    fn tiles(&self, rows: usize) -> usize {
        let tiles = rows.div_ceil(NEURON_BLOCK) * self.y.len().div_ceil(NEURON_BLOCK);
        tiles * self.tokens.div_ceil(TOKEN_BLOCK)
    }

    /// Sums the products of some neurons of the first matrix, given with their standards, with all of the second; the sums
    /// of squares of both.
    fn products<T: Float, U: Float, P: Precision>(
        &self,
        x: &Columns<'_, T>,
        y: &Columns<'_, U>,
        standards: &[Standard],
        blocks: &mut (Block<P>, Block<P>),
        out: &mut [P],
        go_on: &GoOn<'_>,
    ) -> Result<(Vec<f64>, Vec<f64>), Error> {
        let (of_x, of_y) = blocks;
        let mut squares = (vec![0.0; of_x.neurons()], vec![0.0; of_y.neurons()]);
        let [among_x, among_y] = self.among;
        for start in (0..self.tokens).step_by(TOKEN_BLOCK) {
            let tokens = start..self.tokens.min(start + TOKEN_BLOCK);
            of_x.fill_among(x, &tokens, standards, self.roots.as_deref(), among_x);
            of_y.fill_among(y, &tokens, &self.y, self.roots.as_deref(), among_y);
            add_rectangle(of_x, of_y, out, start == 0, go_on)?;
            of_x.add_squares(&mut squares.0);
            of_y.add_squares(&mut squares.1);
        }
        Ok(squares)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strips_of_rows_change_no_bit_of_the_maxima_in_either_order_of_memory() {
        let (tokens, rows, columns) = (150, 500, 70);
        let (x, y) = (testkit::activations(tokens, rows, 5, 1), testkit::activations(tokens, columns, 5, 2));
        let turned: Vec<f64> =
            (0..rows).flat_map(|n| x.iter().skip(n).step_by(rows).copied().collect::<Vec<_>>()).collect();
        let by_row = Columns::row_major(&x, tokens, rows).unwrap();
        let by_column = Columns::column_major(&turned, tokens, rows).unwrap();
        let y = Columns::row_major(&y, tokens, columns).unwrap();
        let expected = Dense::new().cross_maxima(&by_row, &y, Sign::Absolute).unwrap();
        for x in [by_row, by_column] {
            for strip in [192, 384] {
                let found = Dense::new().maxima_by_strips(&x, &y, Sign::Absolute, strip).unwrap();
                assert_eq!(found, expected, "{strip}");
            }
        }
    }
}
