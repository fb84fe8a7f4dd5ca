//! The correlation of one pair: the scalar kernel that defines it.

use crate::moments::{Moments, NonFinite, Standard};
use crate::sums::TreeSum;
use crate::{Columns, Error, Float, TOKEN_BLOCK};

/// The correlation of two columns, as this crate defines it to the last bit.
///
/// Two passes; centred by a mean that is kept in two parts; every sum over blocks of 1,024 tokens, in a block over eight
/// running sums (token i to sum i mod 8), which are added as ((0+4)+(2+6))+((1+5)+(3+7)); no fused multiply-add; clipped
/// to [−1, 1]. The same bits on every processor. 0 if a column is constant. `O(tokens)` time, no memory. Within
/// [`error_bound`](crate::error_bound) of the exact value, as the dense product is.
///
/// # Errors
/// [`Error::Mismatch`] if the lengths differ; [`Error::TooFewTokens`]; [`Error::NonFinite`] (neuron 0 is `x`, 1 is
/// `y`); [`Error::Overflow`].
///
/// ```
/// let r = neurocorr::pair_correlation(&[1.0, 2.0, 3.0], &[3.0, 2.0, 1.0])?;
/// assert_eq!(r, -1.0);
/// # Ok::<(), neurocorr::Error>(())
/// ```
pub fn pair_correlation<T: Float>(x: &[T], y: &[T]) -> Result<f64, Error> {
    if x.len() != y.len() {
        return Err(Error::Mismatch { what: "tokens of the second column", expected: x.len(), found: y.len() });
    }
    let (x_standard, y_standard) = (standard(x, 0)?, standard(y, 1)?);
    let mut sums = [TreeSum::ZERO; 3];
    let mut blocks = [[0.0; TOKEN_BLOCK]; 2];
    for (x, y) in x.chunks(TOKEN_BLOCK).zip(y.chunks(TOKEN_BLOCK)) {
        let [x_block, y_block] = &mut blocks;
        let (x_block, y_block) = (&mut x_block[..x.len()], &mut y_block[..y.len()]);
        x_block.iter_mut().zip(x).for_each(|(to, &value)| *to = x_standard.apply(value.into()));
        y_block.iter_mut().zip(y).for_each(|(to, &value)| *to = y_standard.apply(value.into()));
        let [xy, xx, yy] = &mut sums;
        xy.add_products(x_block, y_block);
        xx.add_products(x_block, x_block);
        yy.add_products(y_block, y_block);
        sums.iter_mut().for_each(TreeSum::close_block);
    }
    let [xy, xx, yy] = sums.map(TreeSum::value);
    Ok(quotient(xy, xx, yy))
}

/// The correlation of one product and two sums of squares: clipped to [−1, 1]; 0 where a neuron correlates with nothing.
/// Equal columns with equal bits give exactly ±1, since √(s·s) is s.
#[inline(always)]
pub(crate) fn quotient(product: f64, square_a: f64, square_b: f64) -> f64 {
    let norms = (square_a * square_b).sqrt();
    if norms > 0.0 { (product / norms).clamp(-1.0, 1.0) } else { 0.0 }
}

fn standard<T: Float>(column: &[T], neuron: usize) -> Result<Standard, Error> {
    let moments = Moments::of(&Columns::column_major(column, column.len(), 1)?);
    let standards = moments.standards(NonFinite::Error).map_err(|error| rename(error, neuron))?;
    standards.first().copied().ok_or(Error::NoNeurons)
}

/// Puts the column's own number into an error about neuron 0.
fn rename(error: Error, neuron: usize) -> Error {
    match error {
        Error::NonFinite { token, neurons, values, .. } => Error::NonFinite { neuron, token, neurons, values },
        Error::Overflow { minimum, maximum, .. } => Error::Overflow { neuron, minimum, maximum },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_column() {
        let (good, bad) = ([1.0, 2.0, 4.0], [1.0, f64::NAN, 4.0]);
        assert!(matches!(pair_correlation(&good, &bad), Err(Error::NonFinite { neuron: 1, token: 1, .. })));
        assert!(matches!(pair_correlation(&bad, &good), Err(Error::NonFinite { neuron: 0, token: 1, .. })));
        assert!(matches!(pair_correlation(&good, &good[..2]), Err(Error::Mismatch { .. })));
        assert!(matches!(pair_correlation(&good[..1], &good[..1]), Err(Error::TooFewTokens { tokens: 1 })));
        assert!(matches!(
            pair_correlation(&good, &[f64::MAX, f64::MIN, 0.0]),
            Err(Error::Overflow { neuron: 1, .. })
        ));
        assert_eq!(pair_correlation(&good, &[7.0; 3]), Ok(0.0));
    }

    #[test]
    fn values_of_any_magnitude_and_a_mean_far_from_zero_lose_nothing() {
        let x = [1.0, 2.0, 4.0, 7.0];
        let y = [3.0, 1.0, 5.0, 6.0];
        let r = pair_correlation(&x, &y).unwrap();
        for scale in [2f64.powi(-1070), 2f64.powi(1000), -1.0] {
            let scaled = y.map(|v| v * scale);
            assert_eq!(pair_correlation(&x, &scaled).unwrap(), r * scale.signum(), "scale {scale:e}");
        }
        let far = y.map(|v| v + 2f64.powi(50));
        assert_eq!(pair_correlation(&x, &far).unwrap(), r);
    }
}
