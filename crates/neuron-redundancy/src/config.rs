//! What to compute: data, with NeuroX's defaults.

use crate::Error;
use fcluster::Numbering;
use hclust::Method;
use neurocorr::{Measure, NonFinite};

/// What to compute. [`Default`] gives NeuroX's: average linkage of 1 − |r|, cut at 0.5.
///
/// ```
/// use neuron_redundancy::{Config, Method};
/// let config = Config::default().with_cutoff(0.3).with_method(Method::Complete);
/// assert!(config.absolute);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Config {
    /// Height of the cut, at least 0: neurons joined at or below it are one cluster.
    pub cutoff: f64,
    /// How clusters are linked.
    pub method: Method,
    /// Whether neurons that say the opposite are near too: 1 − |r| rather than 1 − r.
    pub absolute: bool,
    /// Seed of the picks.
    pub seed: u64,
    /// Which cluster is number 1.
    pub numbering: Numbering,
    /// What to do with neurons that have NaN or infinite values.
    pub non_finite: NonFinite,
    /// Bytes that the run may take; `None` for what the machine has.
    pub memory_limit: Option<u64>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            cutoff: 0.5,
            method: Method::Average,
            absolute: true,
            seed: 0,
            numbering: Numbering::Lowest,
            non_finite: NonFinite::Error,
            memory_limit: None,
        }
    }
}

impl Config {
    /// With another cutoff.
    #[must_use]
    pub fn with_cutoff(self, cutoff: f64) -> Self {
        Self { cutoff, ..self }
    }

    /// With another method.
    #[must_use]
    pub fn with_method(self, method: Method) -> Self {
        Self { method, ..self }
    }

    /// With 1 − |r| (`true`) or 1 − r (`false`).
    #[must_use]
    pub fn with_absolute(self, absolute: bool) -> Self {
        Self { absolute, ..self }
    }

    /// With another seed.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// With another numbering.
    #[must_use]
    pub fn with_numbering(self, numbering: Numbering) -> Self {
        Self { numbering, ..self }
    }

    /// With another way of treating NaN and infinities.
    #[must_use]
    pub fn with_non_finite(self, non_finite: NonFinite) -> Self {
        Self { non_finite, ..self }
    }

    /// With a limit in bytes instead of the machine's memory.
    #[must_use]
    pub fn with_memory_limit(self, bytes: u64) -> Self {
        Self { memory_limit: Some(bytes), ..self }
    }

    /// The dissimilarity that is clustered.
    #[must_use]
    pub fn measure(&self) -> Measure {
        if self.absolute { Measure::AbsoluteDissimilarity } else { Measure::SignedDissimilarity }
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.cutoff >= 0.0 { Ok(()) } else { Err(Error::Cutoff { cutoff: self.cutoff }) }
    }
}
