//! The correlation of one pair: the scalar kernel that defines it.

use crate::moments::{Moments, NonFinite, Standard};
use crate::{Columns, Error, Float};

/// Number of running sums; value i of a column goes to sum i mod 8.
const LANES: usize = 8;

/// The correlation of two columns, as this crate defines it to the last bit.
///
/// Two passes; centred by a mean that is kept in two parts; every sum over eight running sums (value i to sum i mod
/// 8), which are added as ((0+4)+(2+6))+((1+5)+(3+7)); no fused multiply-add; clipped to [−1, 1]. The same bits on
/// every processor. 0 if a column is constant. `O(tokens)` time, no memory. Within
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
    let centred = |column: &[T], standard: Standard, token: usize| standard.apply(column[token].into());
    let sum = |a: &[T], a_standard, b: &[T], b_standard| {
        tree_sum(x.len(), |token| centred(a, a_standard, token) * centred(b, b_standard, token))
    };
    let norms = (sum(x, x_standard, x, x_standard) * sum(y, y_standard, y, y_standard)).sqrt();
    if norms > 0.0 { Ok((sum(x, x_standard, y, y_standard) / norms).clamp(-1.0, 1.0)) } else { Ok(0.0) }
}

/// How a column is standardised: range and checks from [`Moments`], the offset summed in this kernel's own order.
fn standard<T: Float>(column: &[T], neuron: usize) -> Result<Standard, Error> {
    let moments = Moments::of(&Columns::column_major(column, column.len(), 1)?);
    let standards = moments.standards(NonFinite::Error).map_err(|error| rename(error, neuron))?;
    let Some(&standard) = standards.first() else { return Err(Error::NoNeurons) };
    if standard.scale == 0.0 {
        return Ok(standard);
    }
    let sum = tree_sum(column.len(), |token| column[token].into() - standard.shift);
    #[expect(clippy::cast_precision_loss, reason = "2^53 tokens do not fit in memory")]
    let offset = sum / column.len() as f64;
    Ok(Standard { offset, ..standard })
}

/// Puts the column's own number into an error about neuron 0.
fn rename(error: Error, neuron: usize) -> Error {
    match error {
        Error::NonFinite { token, neurons, values, .. } => Error::NonFinite { neuron, token, neurons, values },
        Error::Overflow { minimum, maximum, .. } => Error::Overflow { neuron, minimum, maximum },
        other => other,
    }
}

/// Sum of `length` terms over eight running sums.
fn tree_sum(length: usize, term: impl Fn(usize) -> f64) -> f64 {
    let mut sums = [0.0; LANES];
    let whole = length - length % LANES;
    for start in (0..whole).step_by(LANES) {
        for (lane, sum) in sums.iter_mut().enumerate() {
            *sum += term(start + lane);
        }
    }
    for token in whole..length {
        sums[token % LANES] += term(token);
    }
    let [a, b, c, d, e, f, g, h] = sums;
    ((a + e) + (c + g)) + ((b + f) + (d + h))
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
