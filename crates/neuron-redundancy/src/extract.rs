//! NeuroX's three functions.

use crate::clusters::independent_neurons;
use crate::{Clusters, Config, Error, Extraction, Method, Observer, run};
use activations::Source;
use fcluster::Labels;

/// Clusters of correlated neurons: NeuroX's `create_correlation_clusters`.
///
/// Pearson correlations of all pairs of neurons over all tokens, the dissimilarity 1 − |r| (or 1 − r), the linkage,
/// the cut at [`Config::cutoff`]. The same partition as NumPy and SciPy give, and their labels with
/// [`Numbering::Scipy`](crate::Numbering::Scipy), except for what `docs/numerics.md` lists (constant neurons in
/// `f64`). n² · tokens operations; memory as [`Plan::bytes_needed`](crate::Plan::bytes_needed) says.
///
/// # Errors
/// [`Error`] has a variant for each: wrong cutoff, too few neurons or tokens, non-finite values, nothing that varies,
/// too little memory, a file that cannot be read, cancellation.
///
/// ```
/// use activations::InMemory;
/// use neuron_redundancy::{Config, create_correlation_clusters};
/// // Neuron 1 is neuron 0 with the sign turned; neuron 2 goes its own way.
/// let x = [1.0, -1.0, 5.0, 2.0, -2.0, 1.0, 3.0, -3.0, 3.0, 4.0, -4.0, 4.0];
/// let clusters = create_correlation_clusters(&InMemory::new(&x, 4, 3)?, &Config::default(), &())?;
/// assert_eq!(clusters.labels.as_slice(), [1, 1, 2]);
/// # Ok::<(), neuron_redundancy::Error>(())
/// ```
pub fn create_correlation_clusters(
    source: &dyn Source,
    config: &Config,
    observer: &dyn Observer,
) -> Result<Clusters, Error> {
    let run = run::run(source, config, &[config.cutoff], observer)?;
    Ok(Clusters {
        // One cutoff, one labelling.
        labels: run.labels.into_iter().next().unwrap_or_else(|| Labels::of_groups(&[])),
        dendrogram: run.dendrogram,
        ambiguous: run.ambiguous,
        repaired: run.repaired,
        again: run.again,
        components: run.components,
        screen: run.screen,
        constant_neurons: run.moments.constants(),
        non_finite_neurons: run.moments.non_finite(),
        plan: run.plan,
        resumed: run.resumed,
        times: run.times,
    })
}

/// One neuron of every cluster of correlated neurons: NeuroX's `extract_independent_neurons`.
///
/// NeuroX picks by NumPy's global generator; here a pick depends on [`Config::seed`] and the cluster's members alone
/// (see [`pick`](crate::pick)). NeuroX always uses average linkage; here [`Config::method`] is used, which is average by default.
///
/// # Errors
/// As [`create_correlation_clusters`].
///
/// ```
/// use activations::InMemory;
/// use neuron_redundancy::{Config, extract_independent_neurons};
/// let x = [1.0, 2.0, 5.0, 2.0, 4.0, 1.0, 3.0, 6.0, 3.0, 4.0, 8.0, 4.0];
/// let kept = extract_independent_neurons(&InMemory::new(&x, 4, 3)?, &Config::default(), &())?;
/// assert_eq!(kept.independent_neurons.len(), 2);
/// assert_eq!(kept.independent_neurons[1], 2);
/// # Ok::<(), neuron_redundancy::Error>(())
/// ```
pub fn extract_independent_neurons(
    source: &dyn Source,
    config: &Config,
    observer: &dyn Observer,
) -> Result<Extraction, Error> {
    let clusters = create_correlation_clusters(source, config, observer)?;
    let independent_neurons = independent_neurons(source, &clusters.labels, config, observer)?;
    Ok(Extraction { clusters, independent_neurons })
}

/// As [`extract_independent_neurons`] with the signed dissimilarity 1 − r and average linkage, whatever `config` says
/// of the two: NeuroX's `scikit_extract_independent_neurons`, which is `pdist(Xᵀ, "correlation")`.
///
/// A constant neuron makes SciPy fail there; here it is uncorrelated with all others and reported.
///
/// # Errors
/// As [`create_correlation_clusters`].
pub fn scikit_extract_independent_neurons(
    source: &dyn Source,
    config: &Config,
    observer: &dyn Observer,
) -> Result<Extraction, Error> {
    let config = config.clone().with_absolute(false).with_method(Method::Average);
    extract_independent_neurons(source, &config, observer)
}
