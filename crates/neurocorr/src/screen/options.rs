//! How a screen is made.

use super::LowRank;
use crate::{Level, NonFinite};

/// How a [`Screen`](crate::Screen) is made. No choice changes a result: only time and memory.
///
/// ```
/// use neurocorr::{NonFinite, ScreenOptions};
/// let options = ScreenOptions::new().non_finite(NonFinite::Uncorrelated).memory_limit(8 << 30);
/// # let _ = options;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScreenOptions {
    pub(super) non_finite: NonFinite,
    pub(super) level: Level,
    pub(super) token_block: usize,
    pub(super) energy_order: bool,
    pub(super) haar: bool,
    pub(super) early_stop: bool,
    pub(super) low_rank: LowRank,
    pub(super) memory_limit: u64,
}

impl Default for ScreenOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl ScreenOptions {
    /// Non-finite values refused, the best level of the processor, everything that saves time, no limit of memory.
    #[must_use]
    pub fn new() -> Self {
        Self {
            non_finite: NonFinite::Error,
            level: Level::detect(),
            token_block: 2_048,
            energy_order: true,
            haar: true,
            early_stop: true,
            low_rank: LowRank::Auto,
            memory_limit: u64::MAX,
        }
    }

    /// What to do with neurons that have NaN or infinite values.
    #[must_use]
    pub fn non_finite(self, non_finite: NonFinite) -> Self {
        Self { non_finite, ..self }
    }

    /// The instruction set.
    #[must_use]
    pub fn level(self, level: Level) -> Self {
        Self { level, ..self }
    }

    /// Tokens (or what is made of them) that share a scale at most: taken to whole fours, from 4 to 65,536; 2,048 unless said
    /// otherwise.
    #[must_use]
    pub fn token_block(self, tokens: usize) -> Self {
        Self { token_block: tokens, ..self }
    }

    /// Whether similar tokens are made into sums and differences (groups of 32, by an orthonormal Haar transform, which changes no
    /// product of neurons). Where tokens repeat themselves, as those of a text do, most of what neurons hold is then in few rows,
    /// which decide most pairs; where none is like another it costs a little time.
    #[must_use]
    pub fn haar(self, on: bool) -> Self {
        Self { haar: on, ..self }
    }

    /// Whether the tokens with the largest values (or what is made of them) are taken first, so that most pairs are decided by them.
    #[must_use]
    pub fn energy_order(self, on: bool) -> Self {
        Self { energy_order: on, ..self }
    }

    /// Whether pairs are let go as soon as the tokens still to come cannot bring them to the threshold.
    #[must_use]
    pub fn early_stop(self, on: bool) -> Self {
        Self { early_stop: on, ..self }
    }

    /// Whether coordinates along a few directions are looked at before the tokens: where there are many neurons and few
    /// directions say nearly all, that is several times as fast.
    #[must_use]
    pub fn low_rank(self, when: LowRank) -> Self {
        Self { low_rank: when, ..self }
    }

    /// Bytes that the screen may hold beside the input: if the int8 copy (a byte a value) would not fit, it lies in a file
    /// of the folder for temporary files instead.
    #[must_use]
    pub fn memory_limit(self, bytes: u64) -> Self {
        Self { memory_limit: bytes, ..self }
    }
}
