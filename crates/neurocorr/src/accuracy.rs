//! How far results can be off.

use crate::standardize::{PRODUCT_TOKENS, SINGLE_TOKENS};
use crate::{Moments, Precision, TOKEN_BLOCK};

/// How far a result of the dense product in `f64`, or of [`pair_correlation`](crate::pair_correlation), can lie from the
/// exact correlation of the same values, for matrices of `tokens` tokens.
///
/// With u = 2⁻⁵³ and pieces of B = 128 tokens: a sum of products carries at most (B + ⌈tokens / B⌉) u of
/// Σ|xᵢyᵢ| ≤ ‖x‖‖y‖ (Higham, *Accuracy and Stability*, §3.1), and so does each of the two norms; standardising one
/// value errs by at most 2u of the neuron's range, which is at most √2 ‖x‖, for each of two neurons: 4 u √(2 tokens).
/// The error of the mean is common to all tokens and enters only squared. `docs/numerics.md` has the derivation.
#[must_use]
pub fn error_bound(tokens: usize) -> f64 {
    error_bound_in::<f64>(tokens)
}

/// As [`error_bound`], for a dense product in another precision: the sums carry its rounding, and so does taking the
/// standardised values, which are made in `f64`, into it.
///
/// ```
/// assert!(neurocorr::error_bound_in::<f32>(30_000) < 1e-4);
/// ```
#[must_use]
pub fn error_bound_in<P: Precision>(tokens: usize) -> f64 {
    bound::<P>(count(tokens), count(tokens))
}

/// As [`error_bound`], for [`Dense::condensed_of_single_products`](crate::Dense::condensed_of_single_products).
///
/// With u = 2⁻²⁴: taking the standardised values into `f32` turns each column by at most u, which moves the cosine of two by at
/// most 4 u; a product over a piece of 64 tokens carries at most 64 u of Σ|xᵢyᵢ| in that piece, whatever the order of
/// its additions, adding the sixteen pieces of a block 16 u of it, and all Σ|xᵢyᵢ| add up to at most ‖x‖‖y‖. Norms and sums
/// of blocks are in `f64`.
///
/// ```
/// assert!(neurocorr::error_bound_of_single_products(30_000) < 6e-6);
/// ```
#[must_use]
pub fn error_bound_of_single_products(tokens: usize) -> f64 {
    let piece = count(SINGLE_TOKENS.min(tokens) + TOKEN_BLOCK / SINGLE_TOKENS);
    // Two u to spare, for the second order and for what is lost below the range of `f32`.
    f32::UNIT * (piece + 6.0) + error_bound(tokens)
}

/// `spread`: the sum of the tokens' weights over the least.
fn bound<P: Precision>(tokens: f64, spread: f64) -> f64 {
    let piece = count(PRODUCT_TOKENS);
    let sums = 2.0 * (piece.min(tokens) + (tokens / piece).ceil()) + 24.0;
    P::UNIT * sums + f64::UNIT * (4.0 * (2.0 * spread).sqrt() + 8.0)
}

#[expect(clippy::cast_precision_loss, reason = "a bound on a count, rounded to nearest at 2^53")]
fn count(tokens: usize) -> f64 {
    tokens as f64
}

impl Moments {
    /// How far a dense result over these tokens, with their weights, can lie from the exact weighted correlation: as
    /// [`error_bound_in`], where the sum of the weights over the least that is not 0 takes the place of the number of
    /// tokens under the root. (The extreme value of a neuron may stand at the token that weighs least.)
    #[must_use]
    pub fn error_bound_in<P: Precision>(&self) -> f64 {
        bound::<P>(count(self.tokens()), self.spread())
    }
}
