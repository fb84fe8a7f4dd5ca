//! Linkage of dissimilarities that are only known within an uncertainty.

use crate::certain::{Below, Certainty, Rounding};
use crate::run::{Input, steps_of};
use crate::{Condensed, Error, Float, Forest, Method, Observer, Scratch, Stop};

/// As [`linkage_below`](crate::linkage_below), of dissimilarities that are only known within an uncertainty, and for several cutoffs at once.
///
/// The forest is that of the greatest cutoff. Every merge that the uncertainty leaves open, and every height that it leaves
/// on either side of one of the cutoffs, is decided by [`Certainty::with_exact`] if that is given (see
/// [`Forest::repaired`]), and else is an ambiguity. A height that was decided so is the exact one; the others are within
/// the uncertainty.
///
/// So a matrix in single precision, made in half the time, gives the clusters of one in double precision, with a proof.
///
/// # Errors
/// As [`linkage_below_with`](crate::linkage_below_with); [`Error::Cutoff`] without cutoffs.
///
/// ```
/// use hclust::{Certainty, Condensed, Method, Scratch, linkage_below_certified};
/// // 0-1 and 1-2 are as far apart, as far as these figures go.
/// let d = Condensed::from_values(vec![0.1, 0.8, 0.101])?;
/// let forest = linkage_below_certified(
///     &mut Scratch::new(), d, Method::Average, &[0.2], Certainty::within(0.01), &())?;
/// assert_eq!(forest.ambiguities().len(), 1);
/// # Ok::<(), hclust::Error>(())
/// ```
pub fn linkage_below_certified<T: Float>(
    scratch: &mut Scratch<T>,
    condensed: Condensed<T>,
    method: Method,
    cutoffs: &[T],
    certainty: Certainty<'_>,
    observer: &dyn Observer,
) -> Result<Forest<T>, Error> {
    let mut watch = watch_of(&condensed, method, cutoffs, certainty)?;
    let (n, steps) = steps_of(scratch, Input::Condensed(condensed), method, &mut watch, observer)?;
    if method == Method::Single {
        // Its heights are dissimilarities, and change no more than those do.
        watch.check_heights(&steps);
    }
    let cutoff = watch.cutoff();
    Ok(Forest::new(n, &steps, cutoff, watch.found, &[], watch.repaired))
}

/// The whole tree of dissimilarities that are only known within an uncertainty, certain in all that a cut at one of some
/// cutoffs takes of it: the clusters, and above the lowest cutoff which of the two nodes of a merge was made first. So
/// `fcluster` gives the labels of the exact tree, in SciPy's numbering too, which depends on the tree above the cut.
///
/// As [`linkage_below_certified`], nothing being past the greatest cutoff. A merge's left node is the one that was made
/// first, as far as that is decided, even if the heights that are shown, each within the uncertainty, say otherwise. Where
/// the order stays open, [`Ambiguity::Order`](crate::Ambiguity::Order) says so.
///
/// # Errors
/// As [`linkage_below_certified`]; [`Error::NotCertifiable`] for single linkage, whose merges are not each other's nearest
/// clusters one by one, and so leave nothing to look at.
///
/// ```
/// use hclust::{Ambiguity, Certainty, Condensed, Dendrogram, Method, Scratch, linkage_certified};
/// // The pairs 0-1 and 2-3: which is nearer is not certain, and it decides which stands left in the merge of both.
/// let d = Condensed::from_values(vec![0.1, 0.8, 0.9, 0.7, 0.9, 0.101])?;
/// let forest = linkage_certified(
///     &mut Scratch::new(), d, Method::Average, &[0.05], Certainty::within(0.01), &())?;
/// assert!(matches!(forest.ambiguities(), [Ambiguity::Order { row: 2, .. }]));
/// let tree = Dendrogram::new(4, forest.into_merges())?;
/// assert_eq!(tree.merges().len(), 3);
/// # Ok::<(), hclust::Error>(())
/// ```
pub fn linkage_certified<T: Float>(
    scratch: &mut Scratch<T>,
    condensed: Condensed<T>,
    method: Method,
    cutoffs: &[T],
    certainty: Certainty<'_>,
    observer: &dyn Observer,
) -> Result<Forest<T>, Error> {
    if method == Method::Single {
        return Err(Error::NotCertifiable { method });
    }
    let mut watch = watch_of(&condensed, method, cutoffs, certainty)?.with_whole_tree(condensed.n());
    let (n, steps) = steps_of(scratch, Input::Condensed(condensed), method, &mut watch, observer)?;
    let (found, firsts, repaired) = (watch.found, watch.firsts, watch.repaired);
    Ok(Forest::new(n, &steps, T::INFINITY, found, &firsts, repaired))
}

fn watch_of<'a, T: Float>(
    condensed: &Condensed<T>,
    method: Method,
    cutoffs: &[T],
    certainty: Certainty<'a>,
) -> Result<Below<'a, T>, Error> {
    let greatest = || condensed.values().iter().map(|&value| value.into()).fold(0.0, f64::max);
    let greatest = (method == Method::Ward && certainty.uncertainty() > 0.0).then(greatest);
    let rounding = Rounding::of_method::<T>(method).with_input(certainty.uncertainty(), greatest);
    let below = Below::new(cutoffs, Stop::Early, rounding)?;
    Ok(below.with_exact(certainty.exact(), method, condensed.n()))
}
