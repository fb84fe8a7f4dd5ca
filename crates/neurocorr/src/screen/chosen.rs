//! The correlations of chosen pairs of neurons.

use super::tile::Candidate;
use super::{pairs, settle, single};
use crate::go_on::GoOn;
use crate::moments::Standard;
use crate::{Columns, Error, Float, Level, Moments, NonFinite, error_bound};
use std::borrow::Cow;
use std::ops::ControlFlow;

/// The correlations of chosen pairs of neurons, where moments are known: for whoever knows which pairs matter.
///
/// ```
/// use neurocorr::{ChosenPairs, Columns, Moments, NonFinite};
/// let x = [1.0, 2.0, 5.0, 2.0, 4.1, 1.0, 3.0, 5.9, 3.0, 4.0, 8.0, 4.0];
/// let columns = Columns::row_major(&x, 4, 3)?;
/// let chosen = ChosenPairs::new(&columns, &Moments::of(&columns), NonFinite::Error)?;
/// let (near, exact) = (chosen.correlations_of_single_products(&[(2, 0)])?, chosen.correlations(&[(2, 0)])?);
/// assert!((near[0] - exact[0]).abs() < ChosenPairs::<f64>::error_bound_of_single_products(4));
/// # Ok::<(), neurocorr::Error>(())
/// ```
#[derive(Clone)]
pub struct ChosenPairs<'a, T> {
    columns: Columns<'a, T>,
    standards: Cow<'a, [Standard]>,
    level: Level,
    ask: Option<&'a (dyn Fn() -> ControlFlow<()> + Sync)>,
}

impl<T> std::fmt::Debug for ChosenPairs<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChosenPairs").field("level", &self.level).finish_non_exhaustive()
    }
}

impl<'a, T: Float> ChosenPairs<'a, T> {
    /// With the moments of all tokens of the same matrix, without weights.
    ///
    /// # Errors
    /// [`Error::Mismatch`] for moments of another matrix; [`Error::TooFewTokens`], [`Error::NoNeurons`], [`Error::Overflow`],
    /// [`Error::NonFinite`] (unless such neurons are to be uncorrelated); [`Error::TooMany`] from 2³² neurons.
    pub fn new(columns: &Columns<'a, T>, moments: &Moments, non_finite: NonFinite) -> Result<Self, Error> {
        for (what, expected, found) in [
            ("neurons of the moments", columns.neurons(), moments.neurons()),
            ("tokens of the moments", columns.tokens(), moments.tokens()),
        ] {
            if expected != found {
                return Err(Error::Mismatch { what, expected, found });
            }
        }
        if u32::try_from(columns.neurons()).is_err() {
            return Err(Error::TooMany { what: "neurons", found: columns.neurons(), most: u32::MAX as usize });
        }
        Ok(Self::of_standards(columns, Cow::Owned(moments.standards(non_finite)?), Level::detect()))
    }

    /// Of fewer than 2³² neurons.
    pub(super) fn of_standards(columns: &Columns<'a, T>, standards: Cow<'a, [Standard]>, level: Level) -> Self {
        Self { columns: *columns, standards, level, ask: None }
    }

    /// Asks now and then, from any thread, whether to go on; break ends the work with [`Error::Cancelled`].
    #[must_use]
    pub fn while_told(self, go_on: &'a (dyn Fn() -> ControlFlow<()> + Sync)) -> Self {
        Self { ask: Some(go_on), ..self }
    }

    fn go_on(&self) -> GoOn<'a> {
        self.ask.map_or(GoOn::always(), GoOn::told)
    }

    /// At another level; every one gives the same bits.
    #[must_use]
    pub fn level(self, level: Level) -> Self {
        Self { level, ..self }
    }

    /// The defined correlations of some pairs of neurons, in their order: [`pair_correlation`](crate::pair_correlation) of each.
    ///
    /// A pass over the tokens for as many pairs as memory has room for; quicker where pairs of the same first neuron stand
    /// together.
    ///
    /// # Errors
    /// [`Error::Mismatch`] for a neuron that the matrix does not have.
    pub fn correlations(&self, pairs: &[(usize, usize)]) -> Result<Vec<f64>, Error> {
        self.check(pairs)?;
        correlations(&self.columns, &self.standards, self.level, pairs, &self.go_on())
    }

    /// As [`correlations`](Self::correlations), each within
    /// [`error_bound_of_single_products`](Self::error_bound_of_single_products) of the exact one, and several times as many
    /// in a second: sums of at most eight products are made in `f32`, the rest in `f64`. One pass over the tokens; 64 MB for
    /// columns, 40 bytes a pair.
    ///
    /// # Errors
    /// As [`correlations`](Self::correlations).
    pub fn correlations_of_single_products(&self, pairs: &[(usize, usize)]) -> Result<Vec<f64>, Error> {
        self.check(pairs)?;
        single::correlations(&self.columns, &self.standards, pairs, self.level, &self.go_on())
    }

    /// How far a result of [`correlations_of_single_products`](Self::correlations_of_single_products) can be from the exact
    /// correlation.
    ///
    /// With u = 2⁻²⁴: taking the standardised values into `f32` turns each column by at most u, which moves the cosine of two
    /// by at most 4 u; a sum of at most eight products carries at most 8 u of Σ|xᵢyᵢ| over its tokens, and all Σ|xᵢyᵢ| add up
    /// to at most ‖x‖‖y‖. All other sums are in `f64`.
    #[must_use]
    pub fn error_bound_of_single_products(tokens: usize) -> f64 {
        // Two u to spare, for the second order and for what is lost below the range of `f32`.
        f64::from(f32::EPSILON) / 2.0 * 14.0 + 2.0 * error_bound(tokens)
    }

    fn check(&self, pairs: &[(usize, usize)]) -> Result<(), Error> {
        check(pairs, self.columns.neurons())
    }
}

/// Refuses pairs of neurons that the matrix does not have.
pub(super) fn check(pairs: &[(usize, usize)], neurons: usize) -> Result<(), Error> {
    let beyond = pairs.iter().map(|&(first, second)| first.max(second)).find(|&neuron| neuron >= neurons);
    let what = "number of a neuron, at most";
    beyond.map_or(Ok(()), |found| Err(Error::Mismatch { what, expected: neurons.saturating_sub(1), found }))
}

/// Of pairs that were checked, in a matrix of fewer than 2³² neurons.
fn correlations<T: Float>(
    columns: &Columns<'_, T>,
    standards: &[Standard],
    level: Level,
    pairs: &[(usize, usize)],
    go_on: &GoOn<'_>,
) -> Result<Vec<f64>, Error> {
    let mut values = Vec::with_capacity(pairs.len());
    for part in pairs.chunks(pairs::batch(columns.tokens(), columns.neurons())) {
        #[expect(clippy::cast_possible_truncation, reason = "fewer than 2^32 neurons")]
        let candidate = |&(first, second): &(usize, usize)| Candidate {
            first: first as u32,
            second: second as u32,
            near: 0.0,
            within: 0.0,
        };
        let candidates: Vec<Candidate> = part.iter().map(candidate).collect();
        values.extend(settle::settle(columns, standards, &candidates, level, go_on)?);
    }
    Ok(values)
}
