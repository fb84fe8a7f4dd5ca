//! Many cutoffs in one run.

use crate::clusters::independent_neurons;
use crate::{AmbiguousComponent, Config, Error, Observer, Plan, Resumed, Stage, run};
use activations::Source;
use fcluster::{Agreement, Labels};
use std::time::Duration;

/// The clusters at one cutoff of a sweep.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SweepStep {
    /// The cutoff.
    pub cutoff: f64,
    /// One label for each neuron.
    pub labels: Labels,
    /// The neuron that is kept of each cluster, by [`Config::representative`].
    pub independent_neurons: Vec<usize>,
    /// How many clusters there are of each size, ascending by size.
    pub sizes: Vec<(usize, usize)>,
    /// How much alike the clusters of this and the next higher cutoff are: the adjusted Rand index, 1 where they are the
    /// same; `None` for the highest.
    pub stability: Option<f64>,
}

impl SweepStep {
    /// The share of neurons that are kept.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    pub fn kept_share(&self) -> f64 {
        self.independent_neurons.len() as f64 / self.labels.as_slice().len().max(1) as f64
    }
}

/// The result of [`sweep`](fn@sweep).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Sweep {
    /// By ascending cutoff.
    pub steps: Vec<SweepStep>,
    /// Components, at the greatest cutoff, where another order of merging would have been as right.
    pub ambiguous: Vec<AmbiguousComponent>,
    /// Neurons whose values are all equal.
    pub constant_neurons: Vec<usize>,
    /// How it was computed.
    pub plan: Plan,
    /// What was found done in the folder of [`Config::resume`].
    pub resumed: Resumed,
    /// Decisions that single precision left open and double precision made.
    pub repaired: usize,
    /// Components, or the whole tree, that had to be linked anew in double precision.
    pub again: usize,
    /// Time that each stage took.
    pub times: Vec<(Stage, Duration)>,
}

/// The clusters at each of some cutoffs, for little more than those at the greatest alone: neurons are screened once, and
/// every component has one tree, cut many times. [`Config::cutoff`] is not looked at.
///
/// ```
/// use activations::InMemory;
/// use neuron_redundancy::{Config, sweep};
/// let x = [1.0, 2.0, 5.0, 2.0, 4.0, 1.0, 3.0, 6.5, 3.0, 4.0, 8.0, 4.0];
/// let result = sweep(&InMemory::new(&x, 4, 3)?, &Config::default(), &[0.5, 0.001], &())?;
/// assert_eq!(result.steps.iter().map(|step| step.labels.count()).collect::<Vec<_>>(), [3, 2]);
/// # Ok::<(), neuron_redundancy::Error>(())
/// ```
///
/// # Errors
/// As [`create_correlation_clusters`](crate::create_correlation_clusters); [`Error::NoCutoffs`].
pub fn sweep(
    source: &dyn Source,
    config: &Config,
    cutoffs: &[f64],
    observer: &dyn Observer,
) -> Result<Sweep, Error> {
    if cutoffs.is_empty() {
        return Err(Error::NoCutoffs);
    }
    let mut cutoffs = cutoffs.to_vec();
    cutoffs.sort_by(f64::total_cmp);
    cutoffs.dedup();
    let run = run::run(source, config, &cutoffs, observer)?;
    let mut steps: Vec<SweepStep> = Vec::with_capacity(cutoffs.len());
    for (cutoff, labels) in cutoffs.into_iter().zip(run.labels) {
        if let Some(before) = steps.last_mut() {
            let agreement = Agreement::new(before.labels.as_slice(), labels.as_slice())?;
            before.stability = Some(agreement.adjusted_rand_score());
        }
        let independent_neurons = independent_neurons(source, &labels, config, observer)?;
        let mut all = labels.sizes();
        all.sort_unstable();
        let sizes = all.chunk_by(|a, b| a == b).filter_map(|same| Some((*same.first()?, same.len()))).collect();
        steps.push(SweepStep { cutoff, labels, independent_neurons, sizes, stability: None });
    }
    Ok(Sweep {
        steps,
        ambiguous: run.ambiguous,
        constant_neurons: run.moments.constants(),
        plan: run.plan,
        resumed: run.resumed,
        repaired: run.repaired,
        again: run.again,
        times: run.times,
    })
}
