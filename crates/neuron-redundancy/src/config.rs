//! What to compute: data, with NeuroX's defaults.

use crate::{Error, Representative};
use fcluster::Numbering;
use hclust::Method;
use neurocorr::{Measure, NonFinite};
use std::path::PathBuf;

/// How the clusters are found. Every way gives the same clusters; they differ in time and memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum PlanChoice {
    /// What takes the least time and fits into memory.
    #[default]
    Auto,
    /// All pairs at once: 4 n² bytes.
    Dense,
    /// By the connected parts of the pairs that are near enough: about a byte for each value of the input.
    Components,
}

/// What to do where several orders of merging are equally right, which SciPy decides by what comes after the cutoff.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Ties {
    /// Decide by the component alone and list it in the result.
    #[default]
    Report,
    /// Begin anew with all pairs, as SciPy does, or fail if there is no memory for that.
    Scipy,
}

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
    /// How the clusters are found.
    pub plan: PlanChoice,
    /// What to do with ties in a plan by components.
    pub ties: Ties,
    /// Whether products may be made in single precision where every decision is then proven or repaired in double.
    pub single_products: bool,
    /// Which neuron of a cluster is kept.
    pub representative: Representative,
    /// Whether the whole dendrogram is wanted, which only the dense plan has.
    pub dendrogram: bool,
    /// A folder where the run keeps what it has done, and where an equal run finds it again (`docs/stage-files.md`); one that
    /// could have another result refuses it.
    pub resume: Option<PathBuf>,
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
            plan: PlanChoice::Auto,
            ties: Ties::Report,
            single_products: true,
            representative: Representative::Random,
            dendrogram: false,
            resume: None,
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

    /// With another plan.
    #[must_use]
    pub fn with_plan(self, plan: PlanChoice) -> Self {
        Self { plan, ..self }
    }

    /// With another way of treating ties.
    #[must_use]
    pub fn with_ties(self, ties: Ties) -> Self {
        Self { ties, ..self }
    }

    /// With products in single precision where every decision is proven, or never.
    #[must_use]
    pub fn with_single_products(self, single_products: bool) -> Self {
        Self { single_products, ..self }
    }

    /// With another rule for the neuron that is kept.
    #[must_use]
    pub fn with_representative(self, representative: Representative) -> Self {
        Self { representative, ..self }
    }

    /// With the whole dendrogram, or without.
    #[must_use]
    pub fn with_dendrogram(self, dendrogram: bool) -> Self {
        Self { dendrogram, ..self }
    }

    /// Going on from what is kept in a folder, and keeping there what is done.
    #[must_use]
    pub fn with_resume(self, folder: impl Into<PathBuf>) -> Self {
        Self { resume: Some(folder.into()), ..self }
    }

    /// Whether the answer needs the tree above the cutoff, or all of its heights.
    pub(crate) fn needs_tree(&self) -> bool {
        let inverts = matches!(self.method, Method::Centroid | Method::Median);
        self.dendrogram || inverts || self.numbering == Numbering::Scipy
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
