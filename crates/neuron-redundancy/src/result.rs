//! What comes out.

use crate::{Plan, Resumed, ScreenStatistics, Stage};
use fcluster::{Labels, Numbering};
use hclust::Dendrogram;
use std::time::Duration;

/// Neurons that hang together at the cutoff and whose clusters do not follow from their dissimilarities alone: SciPy decides
/// between them by neurons that are further away than the cutoff.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AmbiguousComponent {
    /// Its neurons, ascending.
    pub neurons: Vec<usize>,
    /// Merges that could have been others.
    pub decisions: usize,
}

/// The clusters of correlated neurons: the result of [`create_correlation_clusters`](crate::create_correlation_clusters).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Clusters {
    /// One label for each neuron, 1..=k.
    pub labels: Labels,
    /// The whole dendrogram, not only what is below the cutoff: if the plan makes it, as it does when
    /// [`Config::dendrogram`](crate::Config::dendrogram) asks for it.
    pub dendrogram: Option<Dendrogram<f64>>,
    /// Components where another order of merging would have been as right; real, continuous activations have none.
    pub ambiguous: Vec<AmbiguousComponent>,
    /// Decisions that single products left open and double precision decided; of a component that was linked from its near
    /// pairs, the pairs that took double precision.
    pub repaired: usize,
    /// Components that were linked anew in double precision.
    pub again: usize,
    /// In a plan by components: which neurons hang together at the cutoff, directly or through others.
    pub components: Option<Labels>,
    /// What the screen of a plan by components found.
    pub screen: Option<ScreenStatistics>,
    /// The neurons whose values are all equal, ascending: each is as far from all others as uncorrelated ones are.
    pub constant_neurons: Vec<usize>,
    /// The neurons with NaN or infinite values, ascending; empty unless they were allowed.
    pub non_finite_neurons: Vec<usize>,
    /// How it was computed.
    pub plan: Plan,
    /// What was found done in the folder of [`Config::resume`](crate::Config::resume).
    pub resumed: Resumed,
    /// Time that each stage took.
    pub times: Vec<(Stage, Duration)>,
}

impl Clusters {
    /// The number of clusters.
    #[must_use]
    pub fn count(&self) -> usize {
        self.labels.count()
    }

    /// How the labels are numbered.
    #[must_use]
    pub fn numbering(&self) -> Numbering {
        self.labels.numbering()
    }
}

/// Clusters and the neuron kept of each: the result of
/// [`extract_independent_neurons`](crate::extract_independent_neurons).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Extraction {
    /// The clusters.
    pub clusters: Clusters,
    /// One neuron of each cluster, in order of the labels.
    pub independent_neurons: Vec<usize>,
}
