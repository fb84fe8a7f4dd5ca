//! What is in a file, before anything is computed from it.

use crate::{Error, Observer, Plan, dense};
use activations::Source;

/// What one pass over activations tells of them.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Inspection {
    /// The neurons whose values are all equal, ascending.
    pub constant_neurons: Vec<usize>,
    /// The neurons with NaN or infinite values, ascending, each with the first such token and how many there are.
    pub non_finite_neurons: Vec<(usize, usize, u64)>,
    /// Bytes that a dense run would take at its peak.
    pub dense_bytes: u64,
}

/// Looks through activations once: constants, non-finite values, and what a dense run would take.
///
/// # Errors
/// Those of reading; [`Error::Cancelled`].
///
/// ```
/// use activations::InMemory;
/// let x = [1.0, 7.0, f64::NAN, 7.0];
/// let found = neuron_redundancy::inspect(&InMemory::new(&x, 2, 2)?, &())?;
/// assert_eq!(found.constant_neurons, [1]);
/// assert_eq!(found.non_finite_neurons, [(0, 1, 1)]);
/// # Ok::<(), neuron_redundancy::Error>(())
/// ```
pub fn inspect(source: &dyn Source, observer: &dyn Observer) -> Result<Inspection, Error> {
    let moments = dense::moments(source, observer)?;
    let at = |neuron| moments.non_finite_at(neuron).map(|(token, count)| (neuron, token, count));
    Ok(Inspection {
        constant_neurons: moments.constants(),
        non_finite_neurons: moments.non_finite().into_iter().filter_map(at).collect(),
        dense_bytes: Plan::bytes_needed(source.tokens(), source.neurons()),
    })
}
