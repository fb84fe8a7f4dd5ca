//! From products to correlations or dissimilarities, where they stand.

use crate::dense::{Layout, Lines};
use crate::go_on::GoOn;
use crate::pair::quotient;
use crate::{Columns, CrossProducts, Error, Float, Moments, NEURON_BLOCK, NonFinite, Precision};
use rayon::prelude::*;
use std::ops::ControlFlow;

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

/// All pairs' correlations, not yet laid out: made by [`CrossProducts::finish`] and
/// [`Correlator::finish`](crate::Correlator::finish).
#[derive(Debug, Clone)]
pub struct Correlations<P = f64> {
    neurons: usize,
    /// As [`Layout::Condensed`] has them.
    products: Vec<P>,
    /// Σ x² of every neuron.
    squares: Vec<P>,
}

impl<P: Precision> Correlations<P> {
    pub(crate) fn new(neurons: usize, products: Vec<P>, squares: Vec<P>) -> Self {
        Self { neurons, products, squares }
    }

    /// Number of neurons.
    #[must_use]
    pub fn neurons(&self) -> usize {
        self.neurons
    }

    /// The upper triangle by rows, as SciPy's `squareform` gives it: n (n − 1) / 2 values, where the products stood.
    #[must_use]
    pub fn into_condensed(mut self, measure: Measure) -> Vec<P> {
        finish_condensed(&mut self.products, &self.squares, self.neurons, measure, &GoOn::always());
        self.products
    }

    /// As [`into_condensed`](Self::into_condensed), asking now and then, from any thread, whether to go on.
    ///
    /// # Errors
    /// [`Error::Cancelled`] after a break.
    pub fn into_condensed_while_told(
        mut self,
        measure: Measure,
        go_on: &(dyn Fn() -> ControlFlow<()> + Sync),
    ) -> Result<Vec<P>, Error> {
        let go_on = GoOn::told(go_on);
        finish_condensed(&mut self.products, &self.squares, self.neurons, measure, &go_on);
        go_on.check()?;
        Ok(self.products)
    }

    /// The full matrix, n × n, exactly symmetric; the diagonal is r = 1.
    #[must_use]
    pub fn into_square(mut self, measure: Measure) -> Vec<P> {
        let n = self.neurons;
        let mut out = vec![P::default(); n * n];
        let to = Layout::Square.lines(&mut out, n);
        let from = Layout::Condensed.lines(&mut self.products, n);
        to.into_par_iter().zip(from).for_each(|(to, from)| {
            let ((mut lines, mut inside), (from_lines, from_inside)) = (to.split(), from.split());
            lines.copy_from(from_lines);
            inside.iter_mut().zip(from_inside).for_each(|(to, from)| to.copy_from_slice(from));
        });
        drop(self.products);
        finish_square(&mut out, &self.squares, n, measure, &GoOn::always());
        out
    }
}

/// Products become the measure, in place, in [`Layout::Condensed`]; panels are left out after a break.
pub(crate) fn finish_condensed<P: Precision>(
    out: &mut [P],
    squares: &[P],
    neurons: usize,
    measure: Measure,
    go_on: &GoOn<'_>,
) {
    let squares: Vec<f64> = squares.iter().map(|&square| square.into()).collect();
    Layout::Condensed.lines(out, neurons).into_par_iter().for_each_init(Vec::new, |inside, lines| {
        if go_on.is_broken() {
            return;
        }
        let Lines { panel, rows, length, .. } = lines;
        let width = panel.len();
        let mut end = rows.len();
        // Of the panel's neurons with each other: they stand where lines will.
        inside.clear();
        inside.extend_from_slice(&rows[width * length..]);
        let mut last = inside.len();
        // A line moves back by the pairs within the panel that come before it: the last line first.
        for at in (0..width).rev() {
            let (own, before) = (width - 1 - at, at * length);
            let start = end - own - length;
            rows.copy_within(before..before + length, start + own);
            rows[start..start + own].copy_from_slice(&inside[last - own..last]);
            last -= own;
            let others = panel.start + at + 1..neurons;
            let square = squares[panel.start + at];
            apply(&mut rows[start..end], square, &squares[others], measure);
            end = start;
        }
    });
}

/// Products become the measure, in place, in [`Layout::Square`]; panels are left out after a break.
pub(crate) fn finish_square<P: Precision>(
    out: &mut [P],
    squares: &[P],
    neurons: usize,
    measure: Measure,
    go_on: &GoOn<'_>,
) {
    let squares: Vec<f64> = squares.iter().map(|&square| square.into()).collect();
    Layout::Square.lines(out, neurons).into_par_iter().for_each(|Lines { panel, rows, .. }| {
        if go_on.is_broken() {
            return;
        }
        for (row, a) in rows.chunks_mut(neurons).zip(panel) {
            row[a] = P::of(measure.of(1.0));
            apply(&mut row[a + 1..], squares[a], &squares[a + 1..], measure);
        }
    });
    mirror(out, neurons, go_on);
}

/// The measure of the products of one neuron with some others.
fn apply<P: Precision>(products: &mut [P], square: f64, squares: &[f64], measure: Measure) {
    for (product, &other) in products.iter_mut().zip(squares) {
        *product = P::of(measure.of(quotient((*product).into(), square, other)));
    }
}

/// Rows that are mirrored together: whole cache lines.
const MIRRORED: usize = 8;

/// Copies the upper triangle of a square to the lower one.
fn mirror<P: Precision>(out: &mut [P], neurons: usize, go_on: &GoOn<'_>) {
    for start in (0..neurons).step_by(NEURON_BLOCK) {
        if go_on.is_broken() {
            return;
        }
        let end = neurons.min(start + NEURON_BLOCK);
        let (head, tail) = out.split_at_mut(end * neurons);
        let own = &mut head[start * neurons..];
        for a in 0..end - start {
            let (above, row) = own.split_at_mut(a * neurons);
            for (to, from) in row[start..].iter_mut().zip(above.chunks(neurons)) {
                *to = from[start + a];
            }
        }
        let own = &*own;
        tail.par_chunks_mut(MIRRORED * neurons).enumerate().for_each(|(group, rows)| {
            let first = end + group * MIRRORED;
            for (at, from) in own.chunks(neurons).enumerate() {
                for (row, &value) in rows.chunks_mut(neurons).zip(&from[first..]) {
                    row[start + at] = value;
                }
            }
        });
    }
}

/// Correlations of all pairs of columns: both passes over a matrix that is in memory (or mapped).
///
/// [`Dense`](crate::Dense) has the same in single precision, with weights, into memory of the caller's.
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
