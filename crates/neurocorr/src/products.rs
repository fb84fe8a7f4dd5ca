//! Second pass over tokens that come in parts.

use crate::dense::{Layout, add_triangle, triangle_tiles};
use crate::go_on::GoOn;
use crate::matrix::roots;
use crate::moments::{Standard, check_weights};
use crate::standardize::{Block, tokens_together};
use crate::{Columns, Correlations, Error, Float, Moments, NonFinite, Precision};
use std::ops::ControlFlow;

/// Accumulates the products of all pairs of columns over parts of the tokens, then gives their correlations.
///
/// The second of two passes: the first made the [`Moments`]. `neurons² × tokens` floating-point operations (the
/// triangle, two a pair); memory in [`bytes_needed`]. Every tile of 192 × 192 pairs adds its pieces of 128 tokens
/// in order and is computed by one thread, so the bits do not depend on the number of threads.
///
/// ```
/// use neurocorr::{Columns, CrossProducts, Measure, Moments, NonFinite};
/// let x = Columns::row_major(&[1.0, 2.0, 3.0, 2.0, 4.0, 0.0, 3.0, 6.0, 1.0], 3, 3)?;
/// let moments = Moments::of(&x);
/// let mut products = CrossProducts::new(&moments, NonFinite::Error)?;
/// products.push(&x)?;
/// let r = products.finish()?.into_condensed(Measure::Correlation);
/// assert_eq!(r[0], 1.0); // neurons 0 and 1
/// # Ok::<(), neurocorr::Error>(())
/// ```
#[derive(Debug)]
pub struct CrossProducts<P = f64> {
    standards: Vec<Standard>,
    weight_scale: f64,
    tokens_expected: usize,
    tokens: usize,
    products: Vec<P>,
    squares: Vec<P>,
    block: Block<P>,
    /// Tokens that go into the block.
    together: usize,
}

impl CrossProducts<f64> {
    /// Prepares the second pass over the same tokens as `moments` read.
    ///
    /// # Errors
    /// [`Error::TooFewTokens`], [`Error::NoNeurons`], [`Error::Overflow`], and under [`NonFinite::Error`]
    /// [`Error::NonFinite`].
    pub fn new(moments: &Moments, non_finite: NonFinite) -> Result<Self, Error> {
        Self::with_precision(moments, non_finite)
    }
}

impl<P: Precision> CrossProducts<P> {
    /// As [`new`](CrossProducts::new), in the precision of the type: `CrossProducts::<f32>::with_precision(…)`.
    ///
    /// # Errors
    /// As [`new`](CrossProducts::new).
    pub fn with_precision(moments: &Moments, non_finite: NonFinite) -> Result<Self, Error> {
        let standards = moments.standards(non_finite)?;
        let neurons = standards.len();
        let together = tokens_together::<P, P>(neurons, moments.tokens());
        Ok(Self {
            standards,
            weight_scale: moments.weight_scale(),
            tokens_expected: moments.tokens(),
            tokens: 0,
            products: vec![P::default(); Layout::Condensed.values(neurons)],
            squares: vec![P::default(); neurons],
            block: Block::new(neurons, together),
            together,
        })
    }

    /// How many tokens are standardised together, from 512 to 1,024 by the shape of the matrix: parts of so many, or of a multiple, give
    /// the bits of all tokens in one part.
    #[must_use]
    pub fn tokens_together(&self) -> usize {
        self.together
    }

    /// Reads the next tokens.
    ///
    /// # Errors
    /// [`Error::Mismatch`] if the part has another number of neurons.
    pub fn push<T: Float>(&mut self, part: &Columns<'_, T>) -> Result<(), Error> {
        self.push_observed(part, &|_, _| ControlFlow::Continue(()))
    }

    /// As [`push`](Self::push), calling `observe(tiles done, tiles in this part)` from any thread after each tile.
    /// Break ends the work early; the accumulation is then of no further use.
    ///
    /// # Errors
    /// [`Error::Mismatch`] as for [`push`](Self::push); [`Error::Cancelled`] after a break.
    pub fn push_observed<T: Float>(
        &mut self,
        part: &Columns<'_, T>,
        observe: &(dyn Fn(usize, usize) -> ControlFlow<()> + Sync),
    ) -> Result<(), Error> {
        self.read(part, None, observe)
    }

    /// Reads the next tokens with the weights that [`Moments::push_weighted`] had of them.
    ///
    /// # Errors
    /// [`Error::Mismatch`], also if there are not as many weights as tokens; [`Error::Weight`].
    pub fn push_weighted<T: Float>(&mut self, part: &Columns<'_, T>, weights: &[f64]) -> Result<(), Error> {
        check_weights(weights, part.tokens(), self.tokens)?;
        let roots = roots(weights.iter().map(|weight| weight * self.weight_scale).collect());
        self.read(part, Some(&roots), &|_, _| ControlFlow::Continue(()))
    }

    fn read<T: Float>(
        &mut self,
        part: &Columns<'_, T>,
        roots: Option<&[f64]>,
        observe: &(dyn Fn(usize, usize) -> ControlFlow<()> + Sync),
    ) -> Result<(), Error> {
        part.check_neurons(self.standards.len())?;
        let total = triangle_tiles(self.standards.len()) * part.tokens().div_ceil(self.together);
        let go_on = GoOn::observed(observe, total);
        for start in (0..part.tokens()).step_by(self.together) {
            let tokens = start..(start + self.together).min(part.tokens());
            self.block.fill(part, &tokens, &self.standards, roots);
            let replace = self.tokens == 0 && start == 0;
            add_triangle(
                &self.block,
                Layout::Condensed,
                &mut self.products,
                &mut self.squares,
                replace,
                &go_on,
            )?;
        }
        self.tokens += part.tokens();
        Ok(())
    }

    /// The correlations, once all tokens have been pushed.
    ///
    /// # Errors
    /// [`Error::Mismatch`] if the second pass read another number of tokens than the first.
    pub fn finish(self) -> Result<Correlations<P>, Error> {
        if self.tokens != self.tokens_expected {
            let (expected, found) = (self.tokens_expected, self.tokens);
            return Err(Error::Mismatch { what: "tokens of the second pass", expected, found });
        }
        Ok(Correlations::new(self.standards.len(), self.products, self.squares))
    }
}

/// Peak bytes of the two passes and of the condensed result in `f64`: 4 n² for the products, which become the result where
/// they stand, and at most 8.4 kB a neuron for the block of tokens in work. The input is not
/// counted.
///
/// ```
/// let bytes = neurocorr::bytes_needed(9_216);
/// assert!(bytes > 9_216 * 9_216 * 4 && bytes < 9_216 * 9_216 * 6);
/// ```
#[must_use]
pub fn bytes_needed(neurons: usize) -> u64 {
    bytes_needed_in::<f64>(neurons)
}

/// As [`bytes_needed`], in another precision.
#[must_use]
pub fn bytes_needed_in<P: Precision>(neurons: usize) -> u64 {
    let values = (Layout::Condensed.values(neurons) as u64).saturating_add(neurons as u64);
    let moments = (neurons as u64).saturating_mul(192);
    values
        .saturating_mul(size_of::<P>() as u64)
        .saturating_add(Block::<P>::bytes(neurons))
        .saturating_add(moments)
}
