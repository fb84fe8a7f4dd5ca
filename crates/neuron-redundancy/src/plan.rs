//! The plan: how the answer is computed and what that takes, known before work starts.

use crate::{Config, Error, available_memory};
use hclust::{Method, Storage};
use neurocorr::TOKEN_BLOCK;

/// The linkage works on the condensed matrix itself: a square beside it would treble the peak of the whole run for a
/// twentieth of its time, most of which is correlation.
pub(crate) const STORAGE: Storage = Storage::InPlace;

/// The dense plan: all pairs' correlations in memory at once, then the whole dendrogram.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Number of neurons.
    pub neurons: usize,
    /// Number of tokens.
    pub tokens: usize,
    /// Predicted bytes of memory at the peak; pages of a mapped input file are not counted.
    pub bytes: u64,
    /// Bytes that may be taken, if that is known.
    pub available: Option<u64>,
}

impl Plan {
    /// The plan for activations of this shape.
    ///
    /// # Errors
    /// [`Error::Memory`] if it would take more than `config` allows or, without a limit there, the machine has.
    pub fn choose(tokens: usize, neurons: usize, config: &Config) -> Result<Self, Error> {
        let available = config.memory_limit.or_else(available_memory);
        let plan = Self { neurons, tokens, bytes: Self::bytes_needed(tokens, neurons), available };
        match available {
            Some(available) if plan.bytes > available => Err(Error::Memory {
                neurons,
                needed: plan.bytes,
                available,
                given: config.memory_limit.is_some(),
                fitting: fitting(tokens, available),
            }),
            _ => Ok(plan),
        }
    }

    /// Predicted bytes at the peak of a run: correlation and linkage use the memory one after the other.
    ///
    /// ```
    /// use neuron_redundancy::Plan;
    /// assert!(Plan::bytes_needed(30_000, 9_216) < 600_000_000);
    /// assert!(Plan::bytes_needed(30_000, 131_072) > 64_000_000_000);
    /// ```
    #[must_use]
    pub fn bytes_needed(tokens: usize, neurons: usize) -> u64 {
        // A block of the file converted to floats, the moments, and what a process takes before any work.
        let input =
            (neurons as u64).saturating_mul(tokens.min(TOKEN_BLOCK) as u64 * 4 + 64).saturating_add(8 << 20);
        let correlation = neurocorr::bytes_needed(neurons).saturating_add(input);
        // Whatever the method: the state of all is O(n) there.
        correlation.max(hclust::bytes_needed::<f64>(neurons, Method::Average, STORAGE))
    }
}

impl std::fmt::Display for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "dense: all {} pairs of {} neurons at once, {} of memory",
            self.neurons as u128 * (self.neurons as u128).saturating_sub(1) / 2,
            self.neurons,
            human_bytes(self.bytes)
        )?;
        match self.available {
            Some(available) => write!(f, " of {}", human_bytes(available)),
            None => Ok(()),
        }
    }
}

/// The most neurons whose dense plan takes no more than `available` bytes (bisection: the need grows with neurons).
fn fitting(tokens: usize, available: u64) -> usize {
    let (mut low, mut high) = (0_usize, 1 << 31);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if Plan::bytes_needed(tokens, middle) <= available { low = middle } else { high = middle }
    }
    low
}

/// Bytes in powers of 1,000 with three digits: `436 MB`.
#[must_use]
pub fn human_bytes(bytes: u64) -> String {
    const UNITS: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let decimals = if unit == 0 || value >= 99.95 {
        0
    } else if value >= 9.995 {
        1
    } else {
        2
    };
    format!("{value:.decimals$} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_printed_with_three_digits() {
        let cases = [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.00 kB"),
            (436_200_000, "436 MB"),
            (12_340_000_000, "12.3 GB"),
        ];
        for (bytes, text) in cases {
            assert_eq!(human_bytes(bytes), text);
        }
        assert_eq!(human_bytes(u64::MAX), "18.4 EB");
    }

    #[test]
    fn a_plan_that_does_not_fit_is_refused_with_figures() {
        let config = Config::default().with_memory_limit(1_000_000_000);
        assert!(Plan::choose(30_000, 9_216, &config).is_ok());
        let error = Plan::choose(30_000, 131_072, &config).unwrap_err();
        let Error::Memory { neurons: 131_072, needed, available: 1_000_000_000, given: true, fitting } = error
        else {
            panic!("{error}")
        };
        assert!(needed > 68_000_000_000);
        assert!(Plan::bytes_needed(30_000, fitting) <= 1_000_000_000);
        assert!(Plan::bytes_needed(30_000, fitting + 1) > 1_000_000_000);
        assert!(error.to_string().contains("need 70.6 GB"), "{error}");
        assert!(Plan::choose(1, usize::MAX, &config).is_err());
    }
}
