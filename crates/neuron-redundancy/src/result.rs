//! What comes out.

use crate::{Plan, Stage};
use fcluster::{Labels, Numbering};
use hclust::Dendrogram;
use std::time::Duration;

/// The clusters of correlated neurons: the result of [`create_correlation_clusters`](crate::create_correlation_clusters).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Clusters {
    /// One label for each neuron, 1..=k.
    pub labels: Labels,
    /// The whole dendrogram, not only what is below the cutoff.
    pub dendrogram: Dendrogram<f64>,
    /// The neurons whose values are all equal, ascending: each is as far from all others as uncorrelated ones are.
    pub constant_neurons: Vec<usize>,
    /// The neurons with NaN or infinite values, ascending; empty unless they were allowed.
    pub non_finite_neurons: Vec<usize>,
    /// How it was computed.
    pub plan: Plan,
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
