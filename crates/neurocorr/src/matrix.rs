//! The dense matrix in one call: in either precision, with weights, into memory of the caller's, observed.

use crate::correlations::{finish_condensed, finish_square};
use crate::dense::{Layout, add_triangle, triangle_tiles};
use crate::go_on::GoOn;
use crate::moments::{Standard, check_weights, power_of_two_over};
use crate::standardize::{Block, tokens_together};
use crate::tile_sums::SumIn;
use crate::{Columns, Error, Float, Measure, Moments, NonFinite, Precision};
use std::marker::PhantomData;
use std::ops::ControlFlow;

pub(crate) type Observe<'a> = &'a (dyn Fn(usize, usize) -> ControlFlow<()> + Sync);

/// How a matrix of correlations is made: `np.corrcoef`, with weights (`aweights` of `np.cov`) and a choice of precision.
///
/// Two passes over a matrix in memory (or mapped); products are summed where the result will stand, so that beside it there
/// are at most 8.4 kB a neuron ([`bytes_needed`](crate::bytes_needed)). Every result is within
/// [`Moments::error_bound_in`] of the exact one; the bits do not depend on the number of threads. `neurons² × tokens`
/// floating-point operations.
///
/// ```
/// use neurocorr::{Columns, Dense, Measure};
/// let x = Columns::row_major(&[1.0_f32, 5.0, 2.0, 4.0, 3.0, 3.5], 3, 2)?;
/// let r = Dense::new().square(&x, Measure::Correlation)?;
/// let single = Dense::<f32>::with_precision().square(&x, Measure::Correlation)?;
/// assert!((r[1] - f64::from(single[1])).abs() < 1e-6);
/// // The last token counts twice.
/// let weighted = Dense::new().weights(&[1.0, 1.0, 2.0]).condensed(&x, Measure::Correlation)?;
/// assert!(weighted[0] < -0.98);
/// # Ok::<(), neurocorr::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Dense<'a, P = f64> {
    pub(crate) non_finite: NonFinite,
    pub(crate) weights: Option<&'a [f64]>,
    pub(crate) among: Option<(&'a Moments, &'a [usize])>,
    pub(crate) observe: Observe<'a>,
    precision: PhantomData<P>,
}

impl<P> std::fmt::Debug for Dense<'_, P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let weights = self.weights.map(<[f64]>::len);
        f.debug_struct("Dense")
            .field("non_finite", &self.non_finite)
            .field("weights", &weights)
            .finish_non_exhaustive()
    }
}

impl Dense<'_, f64> {
    /// In `f64`; non-finite values refused, all tokens alike.
    #[must_use]
    pub fn new() -> Self {
        Self::with_precision()
    }
}

impl Dense<'_, f64> {
    /// As [`condensed`](Dense::condensed), at nearly the speed of `f32`: products over at most 1,024 tokens are made in single
    /// precision, everything else in double. Within [`error_bound_of_single_products`](crate::error_bound_of_single_products)
    /// of the exact correlations, some hundred times as near as a product in `f32` throughout.
    ///
    /// # Errors
    /// As [`condensed`](Dense::condensed).
    ///
    /// ```
    /// use neurocorr::{Columns, Dense, Measure, error_bound_of_single_products};
    /// let x = Columns::row_major(&[1.0, 5.0, 2.0, 4.0, 3.0, 3.5], 3, 2)?;
    /// let near = Dense::new().condensed_of_single_products(&x, Measure::Correlation)?;
    /// let r = Dense::new().condensed(&x, Measure::Correlation)?;
    /// assert!((near[0] - r[0]).abs() < error_bound_of_single_products(3));
    /// # Ok::<(), neurocorr::Error>(())
    /// ```
    pub fn condensed_of_single_products<T: Float>(
        &self,
        columns: &Columns<'_, T>,
        measure: Measure,
    ) -> Result<Vec<f64>, Error> {
        let neurons = self.neurons_of(columns);
        let mut out = vec![0.0; Layout::Condensed.values(neurons)];
        let go_on = self.go_on::<T, f32>(columns);
        let (_, squares) = self.sums::<T, f32>(columns, Layout::Condensed, &mut out, true, &go_on)?;
        finish_condensed(&mut out, &squares, neurons, measure, &go_on);
        go_on.check()?;
        Ok(out)
    }
}

impl Default for Dense<'_, f64> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'a, P: Precision> Dense<'a, P> {
    /// As [`new`](Dense::new), in the precision of the type: `Dense::<f32>::with_precision()`.
    #[must_use]
    pub fn with_precision() -> Self {
        let observe: Observe<'a> = &|_, _| ControlFlow::Continue(());
        Self { non_finite: NonFinite::Error, weights: None, among: None, observe, precision: PhantomData }
    }

    /// What to do with neurons that have NaN or infinite values.
    #[must_use]
    pub fn non_finite(self, non_finite: NonFinite) -> Self {
        Self { non_finite, ..self }
    }

    /// A weight for each token, 0 or more: means and products are weighted sums. A token of weight 0 is as if it were not
    /// there; whole numbers do what repeating tokens does; a common factor changes nothing.
    #[must_use]
    pub fn weights(self, weights: &'a [f64]) -> Self {
        Self { weights: Some(weights), ..self }
    }

    /// Of some neurons only, each named once, whose moments are known from all tokens of the same matrix without weights:
    /// the result is that of a matrix of their columns, in the order of their names, without copying them.
    ///
    /// ```
    /// use neurocorr::{Columns, Dense, Measure, Moments};
    /// let x = Columns::row_major(&[1.0, 9.0, 3.0, 2.0, 7.0, 1.0, 3.0, 8.0, 2.0], 3, 3)?;
    /// let moments = Moments::of(&x);
    /// let r = Dense::new().among(&moments, &[2, 0]).condensed(&x, Measure::Correlation)?;
    /// assert_eq!(r, [-0.5]);
    /// # Ok::<(), neurocorr::Error>(())
    /// ```
    #[must_use]
    pub fn among(self, moments: &'a Moments, neurons: &'a [usize]) -> Self {
        Self { among: Some((moments, neurons)), ..self }
    }

    /// How many neurons the result has.
    fn neurons_of<T: Float>(&self, columns: &Columns<'_, T>) -> usize {
        self.among.map_or(columns.neurons(), |(_, neurons)| neurons.len())
    }

    /// The standards of the result's neurons.
    fn standards<T: Float>(
        &self,
        columns: &Columns<'_, T>,
        weights: Option<&[f64]>,
    ) -> Result<Vec<Standard>, Error> {
        let Some((known, neurons)) = self.among else {
            return moments(columns, weights)?.standards(self.non_finite);
        };
        self.standards_among(columns, weights, known, neurons)
    }

    /// The standards of some neurons whose moments are known.
    pub(crate) fn standards_among<T: Float>(
        &self,
        columns: &Columns<'_, T>,
        weights: Option<&[f64]>,
        known: &Moments,
        neurons: &[usize],
    ) -> Result<Vec<Standard>, Error> {
        let mismatch = |what, expected, found| Err(Error::Mismatch { what, expected, found });
        if known.neurons() != columns.neurons() {
            return mismatch("neurons of the moments", columns.neurons(), known.neurons());
        }
        if known.tokens() != columns.tokens() {
            return mismatch("tokens of the moments", columns.tokens(), known.tokens());
        }
        if weights.is_some() {
            return mismatch("weights beside a choice of neurons", 0, columns.tokens());
        }
        let all = known.standards(self.non_finite)?;
        let standard = |&neuron: &usize| {
            let last = all.len().saturating_sub(1);
            let beyond = Error::Mismatch { what: "number of a neuron, at most", expected: last, found: neuron };
            all.get(neuron).copied().ok_or(beyond)
        };
        neurons.iter().map(standard).collect()
    }

    /// Calls `observe(tiles done, all tiles)` from any thread after each tile; break ends the work with
    /// [`Error::Cancelled`].
    #[must_use]
    pub fn observe(self, observe: &'a (dyn Fn(usize, usize) -> ControlFlow<()> + Sync)) -> Self {
        Self { observe, ..self }
    }

    /// The upper triangle by rows, as SciPy's `squareform` gives it: n (n − 1) / 2 values.
    ///
    /// # Errors
    /// [`Error::TooFewTokens`], [`Error::NoNeurons`], [`Error::Overflow`], [`Error::NonFinite`] (unless such neurons are to
    /// be uncorrelated), [`Error::Mismatch`] and [`Error::Weight`] for weights, [`Error::NoWeight`], [`Error::Cancelled`].
    pub fn condensed<T: Float>(&self, columns: &Columns<'_, T>, measure: Measure) -> Result<Vec<P>, Error> {
        let mut out = vec![P::default(); Layout::Condensed.values(self.neurons_of(columns))];
        self.condensed_into(columns, measure, &mut out)?;
        Ok(out)
    }

    /// As [`condensed`](Self::condensed), into the caller's memory, whatever stands there.
    ///
    /// # Errors
    /// As [`condensed`](Self::condensed); [`Error::Mismatch`] if `out` has another length. After an error `out` holds
    /// nothing of use.
    pub fn condensed_into<T: Float>(
        &self,
        columns: &Columns<'_, T>,
        measure: Measure,
        out: &mut [P],
    ) -> Result<(), Error> {
        let go_on = self.go_on::<T, P>(columns);
        let squares = self.products(columns, Layout::Condensed, out, &go_on)?;
        finish_condensed(out, &squares, self.neurons_of(columns), measure, &go_on);
        go_on.check()
    }

    /// The full matrix, n × n, exactly symmetric; the diagonal is r = 1.
    ///
    /// # Errors
    /// As [`condensed`](Self::condensed).
    pub fn square<T: Float>(&self, columns: &Columns<'_, T>, measure: Measure) -> Result<Vec<P>, Error> {
        let mut out = vec![P::default(); Layout::Square.values(self.neurons_of(columns))];
        self.square_into(columns, measure, &mut out)?;
        Ok(out)
    }

    /// As [`square`](Self::square), into the caller's memory, whatever stands there.
    ///
    /// # Errors
    /// As [`condensed_into`](Self::condensed_into).
    pub fn square_into<T: Float>(
        &self,
        columns: &Columns<'_, T>,
        measure: Measure,
        out: &mut [P],
    ) -> Result<(), Error> {
        let go_on = self.go_on::<T, P>(columns);
        let squares = self.products(columns, Layout::Square, out, &go_on)?;
        finish_square(out, &squares, self.neurons_of(columns), measure, &go_on);
        go_on.check()
    }

    /// Sums the products into `out`; those of neurons with themselves are returned.
    fn products<T: Float>(
        &self,
        columns: &Columns<'_, T>,
        layout: Layout,
        out: &mut [P],
        go_on: &GoOn<'_>,
    ) -> Result<Vec<P>, Error> {
        let (squares, _) = self.sums::<T, P>(columns, layout, out, false, go_on)?;
        Ok(squares)
    }

    /// As [`products`](Self::products), with products of pieces in a precision of their own; with Σ x² of every neuron,
    /// summed in `f64`, if that is wanted.
    fn sums<T: Float, Q: SumIn<P>>(
        &self,
        columns: &Columns<'_, T>,
        layout: Layout,
        out: &mut [P],
        want_squares: bool,
        go_on: &GoOn<'_>,
    ) -> Result<(Vec<P>, Vec<f64>), Error> {
        let (tokens, neurons) = (columns.tokens(), self.neurons_of(columns));
        check_length(out.len(), layout.values(neurons))?;
        let weights = self.scaled_weights(tokens)?;
        let standards = self.standards(columns, weights.as_deref())?;
        let among = self.among.map(|(_, neurons)| neurons);
        let roots = weights.map(roots);
        let mut products = vec![P::default(); neurons];
        let mut squares = vec![0.0; if want_squares { neurons } else { 0 }];
        let together = tokens_together::<P, Q>(neurons, tokens);
        let mut block = Block::<Q>::new(neurons, together.min(tokens));
        for start in (0..tokens).step_by(together) {
            let part = start..tokens.min(start + together);
            block.fill_among(columns, &part, &standards, roots.as_deref(), among);
            if want_squares {
                block.add_squares(&mut squares);
            }
            add_triangle(&block, layout, out, &mut products, start == 0, go_on)?;
        }
        Ok((products, squares))
    }

    fn go_on<T: Float, Q: SumIn<P>>(&self, columns: &Columns<'_, T>) -> GoOn<'a> {
        let (neurons, tokens) = (self.neurons_of(columns), columns.tokens());
        let blocks = tokens.div_ceil(tokens_together::<P, Q>(neurons, tokens));
        GoOn::observed(self.observe, triangle_tiles(neurons) * blocks)
    }

    /// The weights, checked, by a power of two that brings the greatest to the order of one: so no bit depends on a factor
    /// that is a power of two, and sums leave the range of `f64` no sooner than without weights.
    pub(crate) fn scaled_weights(&self, tokens: usize) -> Result<Option<Vec<f64>>, Error> {
        let Some(weights) = self.weights else { return Ok(None) };
        check_weights(weights, tokens, 0)?;
        let scale = power_of_two_over(weights.iter().copied().fold(0.0, f64::max));
        Ok(Some(weights.iter().map(|weight| weight * scale).collect()))
    }
}

/// The moments of a matrix, with weights if there are any.
pub(crate) fn moments<T: Float>(columns: &Columns<'_, T>, weights: Option<&[f64]>) -> Result<Moments, Error> {
    let mut moments = Moments::new(columns.neurons());
    match weights {
        None => moments.push(columns)?,
        Some(weights) => moments.push_weighted(columns, weights)?,
    }
    Ok(moments)
}

/// What standardised tokens of such weights are multiplied by.
pub(crate) fn roots(weights: Vec<f64>) -> Vec<f64> {
    weights.into_iter().map(f64::sqrt).collect()
}

/// Fails unless the caller's memory has the length of the result.
pub(crate) fn check_length(found: usize, expected: usize) -> Result<(), Error> {
    if found == expected {
        Ok(())
    } else {
        Err(Error::Mismatch { what: "values of the memory for the result", expected, found })
    }
}
