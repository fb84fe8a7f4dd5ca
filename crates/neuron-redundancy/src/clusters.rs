//! What can be said of each cluster beyond who is in it.

use crate::batch::{OfGroup, for_each_group};
use crate::input::{Visit, with_columns};
use crate::observer::report;
use crate::{Config, Error, Observer, Representative, Stage, pick};
use activations::Source;
use fcluster::Labels;
use neurocorr::{Columns, Dense, Float, Measure, NonFinite};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A cluster: who is in it, who is kept, how tight it is.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ClusterProfile {
    /// Its neurons, ascending.
    pub neurons: Vec<usize>,
    /// The neuron that is kept.
    pub representative: usize,
    /// The least |r| of two of its neurons (r in a signed clustering); `None` of one neuron.
    pub min_correlation: Option<f64>,
    /// The mean |r| (r) of two of its neurons; `None` of one neuron.
    pub mean_correlation: Option<f64>,
    /// Of each neuron whether it says the same as the representative, +1, or the opposite, −1; 0 if neither, to the last bit.
    pub signs: Vec<i8>,
}

/// Profiles of clusters, in order of their labels: a representative by some rule, tightness, signs. Every cluster's
/// correlations are computed once more, exactly: Σ size² · tokens operations, one pass over the file for every 128 MB of columns.
///
/// ```
/// use activations::InMemory;
/// use neuron_redundancy::{Config, Representative, create_correlation_clusters, profile_clusters};
/// // Neuron 1 is neuron 0 with the sign turned; neuron 2 goes its own way.
/// let x = [1.0, -1.0, 5.0, 2.0, -2.0, 1.0, 3.0, -3.0, 3.0, 4.0, -4.0, 4.0];
/// let source = InMemory::new(&x, 4, 3)?;
/// let config = Config::default().with_representative(Representative::First);
/// let clusters = create_correlation_clusters(&source, &config, &())?;
/// let profiles = profile_clusters(&source, &clusters.labels, &config, &())?;
/// assert_eq!((profiles[0].representative, profiles[0].min_correlation), (0, Some(1.0)));
/// assert_eq!(profiles[0].signs, [1, -1]);
/// # Ok::<(), neuron_redundancy::Error>(())
/// ```
///
/// # Errors
/// Those of reading; [`Error::Labels`] if there is not a label for each neuron; [`Error::Cancelled`].
pub fn profile_clusters(
    source: &dyn Source,
    labels: &Labels,
    config: &Config,
    observer: &dyn Observer,
) -> Result<Vec<ClusterProfile>, Error> {
    if labels.as_slice().len() != source.neurons() {
        return Err(Error::Labels { labels: labels.as_slice().len(), neurons: source.neurons() });
    }
    with_columns(source, observer, Profiles { labels, config, observer })
}

/// The neuron that is kept of each cluster, by the rule of `config`.
pub(crate) fn independent_neurons(
    source: &dyn Source,
    labels: &Labels,
    config: &Config,
    observer: &dyn Observer,
) -> Result<Vec<usize>, Error> {
    Ok(match config.representative {
        Representative::Random => {
            labels.clusters().iter().filter_map(|members| pick(members, config.seed)).collect()
        }
        Representative::First => {
            labels.clusters().iter().filter_map(|members| members.first().copied()).collect()
        }
        Representative::Medoid | Representative::LargestVariance => {
            let profiles = profile_clusters(source, labels, config, observer)?;
            profiles.iter().map(|profile| profile.representative).collect()
        }
    })
}

struct Profiles<'a> {
    labels: &'a Labels,
    config: &'a Config,
    observer: &'a dyn Observer,
}

impl Visit for Profiles<'_> {
    type Output = Vec<ClusterProfile>;

    fn visit<T: Float>(self, columns: &Columns<'_, T>) -> Result<Self::Output, Error> {
        let clusters = self.labels.clusters();
        let mut order: Vec<usize> = (0..clusters.len()).filter(|&at| clusters[at].len() > 1).collect();
        order.sort_by_key(|&at| std::cmp::Reverse(clusters[at].len()));
        let groups: Vec<Vec<usize>> = order.iter().map(|&at| clusters[at].clone()).collect();
        let of = OfCluster {
            config: self.config,
            groups: &groups,
            observer: self.observer,
            done: AtomicUsize::new(0),
        };
        let found = for_each_group(columns, &groups, self.config.memory_limit, &of)?;
        report(self.observer, Stage::Cut, 1, 1)?;
        let alone = |neurons: Vec<usize>| ClusterProfile {
            representative: neurons.first().copied().unwrap_or_default(),
            signs: vec![1; neurons.len()],
            neurons,
            min_correlation: None,
            mean_correlation: None,
        };
        let mut profiles: Vec<ClusterProfile> = clusters.into_iter().map(alone).collect();
        for (at, profile) in order.into_iter().zip(found) {
            profiles[at] = profile;
        }
        Ok(profiles)
    }
}

struct OfCluster<'a> {
    config: &'a Config,
    groups: &'a [Vec<usize>],
    observer: &'a dyn Observer,
    done: AtomicUsize,
}

impl OfGroup for OfCluster<'_> {
    type Output = ClusterProfile;

    fn visit<T: Float>(&self, index: usize, columns: &Columns<'_, T>, _: u64) -> Result<ClusterProfile, Error> {
        let neurons = self.groups.get(index).cloned().unwrap_or_default();
        let size = neurons.len();
        let dense = Dense::new().non_finite(NonFinite::Uncorrelated);
        let r = dense.square(columns, Measure::Correlation)?;
        let strength = |value: f64| if self.config.absolute { value.abs() } else { value };
        let row = |own: usize| r.iter().skip(own * size).take(size).copied();
        let sum = |own: usize| row(own).map(strength).sum::<f64>() - 1.0;
        let sums: Vec<f64> = (0..size).map(sum).collect();
        let least = r.iter().copied().map(strength).fold(1.0, f64::min);
        #[expect(clippy::cast_precision_loss, reason = "a count of neurons")]
        let pairs = (size * (size - 1)) as f64;
        let own = match self.config.representative {
            Representative::Random => {
                let picked = pick(&neurons, self.config.seed);
                neurons.iter().position(|&neuron| Some(neuron) == picked).unwrap_or(0)
            }
            Representative::First => 0,
            Representative::Medoid => greatest(&sums),
            Representative::LargestVariance => {
                greatest(&(0..size).map(|own| variance(columns, own)).collect::<Vec<f64>>())
            }
        };
        let sign = |value: f64| {
            if value > 0.0 {
                1
            } else if value < 0.0 {
                -1
            } else {
                0
            }
        };
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        report(self.observer, Stage::Cut, done, self.groups.len() + 1)?;
        Ok(ClusterProfile {
            representative: neurons.get(own).copied().unwrap_or_default(),
            min_correlation: Some(least),
            mean_correlation: Some(sums.iter().sum::<f64>() / pairs),
            signs: row(own).map(sign).collect(),
            neurons,
        })
    }
}

/// The first of the greatest.
fn greatest(values: &[f64]) -> usize {
    let better = |best: usize, at: usize| if values[at] > values[best] { at } else { best };
    (0..values.len()).reduce(better).unwrap_or(0)
}

/// By two passes, in `f64`.
fn variance<T: Float>(columns: &Columns<'_, T>, neuron: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a count of tokens")]
    let count = columns.tokens() as f64;
    let values = || columns.neuron(neuron).map(Into::<f64>::into);
    let mean = values().sum::<f64>() / count;
    values().map(|value| (value - mean).powi(2)).sum::<f64>() / count
}
