//! All cuts of a tree by distance: the number of clusters as a step function of the cutoff.

use crate::cut::check_cutoff;
use crate::{Criterion, Error, Labels, Numbering, Tree, fcluster};
use hclust::Float;

/// The cuts of one tree at every cutoff.
///
/// ```
/// use fcluster::{Numbering, Sweep, Tree};
/// let z = [[0.0, 1.0, 0.1, 2.0], [2.0, 3.0, 0.2, 2.0], [4.0, 5.0, 0.8, 4.0]];
/// let sweep = Sweep::new(Tree::from_rows(&z)?)?;
/// assert_eq!(sweep.clusters(0.15)?, 3);
/// assert_eq!(sweep.plateau(2)?.range(), (0.2, 0.8)); // two clusters from 0.2 on, up to 0.8
/// assert_eq!(sweep.widest(2..=3).map(|plateau| plateau.clusters()), Some(2));
/// assert_eq!(sweep.labels(0.5, Numbering::Lowest)?.as_slice(), [1, 1, 2, 2]);
/// # Ok::<(), fcluster::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Sweep<'a, T = f64> {
    tree: Tree<'a, T>,
    /// Of all merges, ascending.
    heights: Vec<f64>,
}

/// A range of cutoffs that all give the same clusters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plateau {
    clusters: usize,
    low: f64,
    high: f64,
}

impl Plateau {
    /// The number of clusters.
    #[must_use]
    pub fn clusters(&self) -> usize {
        self.clusters
    }

    /// The lowest cutoff that gives them, and the lowest above it that no longer does. −∞ where nothing is joined, ∞
    /// where everything is.
    #[must_use]
    pub fn range(&self) -> (f64, f64) {
        (self.low, self.high)
    }

    /// The width of the range: the gap between two heights. ∞ at either end.
    #[must_use]
    pub fn gap(&self) -> f64 {
        self.high - self.low
    }

    /// A cutoff of the range that is far from both ends: the middle, or one end where the other is infinite.
    #[must_use]
    pub fn cutoff(&self) -> f64 {
        match (self.low.is_finite(), self.high.is_finite()) {
            (true, true) => {
                // Between two neighbouring numbers there is no other, and the range is open above.
                let middle = f64::midpoint(self.low, self.high);
                if middle < self.high { middle } else { self.low }
            }
            (true, false) => self.low,
            (false, true) => self.high.next_down(),
            (false, false) => 0.0,
        }
    }
}

impl<'a, T: Float> Sweep<'a, T> {
    /// `O(n)` where rows stand in order of height, as every linkage gives them; else `O(n log n)`.
    ///
    /// # Errors
    /// [`Error::Inversion`] with the first merge that is lower than one under it: the number of clusters would not be a
    /// step function of the cutoff whose steps are the heights.
    pub fn new(tree: impl Into<Tree<'a, T>>) -> Result<Self, Error> {
        let tree = tree.into();
        tree.check_heights()?;
        let mut heights: Vec<f64> = tree.nodes().map(|node| node.height).collect();
        if !heights.is_sorted() {
            heights.sort_unstable_by(f64::total_cmp);
        }
        Ok(Self { tree, heights })
    }

    /// The number of clusters at a cutoff. `O(log n)`.
    ///
    /// # Errors
    /// [`Error::Cutoff`] for NaN.
    pub fn clusters(&self, cutoff: f64) -> Result<usize, Error> {
        check_cutoff(cutoff)?;
        Ok(self.tree.n() - self.joined(cutoff))
    }

    /// Merges at or below a cutoff.
    fn joined(&self, cutoff: f64) -> usize {
        self.heights.partition_point(|&height| height <= cutoff)
    }

    /// The plateau after so many merges, if there is one.
    fn after(&self, merges: usize) -> Plateau {
        let low = merges.checked_sub(1).and_then(|last| self.heights.get(last));
        Plateau {
            clusters: self.tree.n() - merges,
            low: low.copied().unwrap_or(f64::NEG_INFINITY),
            high: self.heights.get(merges).copied().unwrap_or(f64::INFINITY),
        }
    }

    /// All plateaus, from n clusters down to one; those of no width, where merges tie, left out.
    pub fn plateaus(&self) -> impl Iterator<Item = Plateau> + '_ {
        (0..self.tree.n()).map(|merges| self.after(merges)).filter(|plateau| plateau.low < plateau.high)
    }

    /// The cutoffs that give so many clusters. `O(log n)`.
    ///
    /// # Errors
    /// [`Error::Clusters`] for none or more than there are observations; [`Error::Tied`] if merges that tie pass the
    /// number over: [`cut_tree`](crate::cut_tree) breaks such ties by row, [`Criterion::MaxClust`] takes fewer.
    pub fn plateau(&self, clusters: usize) -> Result<Plateau, Error> {
        let n = self.tree.n();
        if clusters == 0 || clusters > n {
            return Err(Error::Clusters { clusters, n });
        }
        let plateau = self.after(n - clusters);
        if plateau.low < plateau.high {
            return Ok(plateau);
        }
        let height = plateau.high;
        let before = self.heights.partition_point(|&other| other < height);
        Err(Error::Tied { clusters, height, below: n - before, above: n - self.joined(height) })
    }

    /// The plateau that a cutoff lies in. `O(log n)`.
    ///
    /// # Errors
    /// [`Error::Cutoff`] for NaN.
    pub fn plateau_at(&self, cutoff: f64) -> Result<Plateau, Error> {
        check_cutoff(cutoff)?;
        Ok(self.after(self.joined(cutoff)))
    }

    /// The plateau with the greatest gap among those whose number of clusters lies in a range; of equal ones, that with the
    /// most clusters. The largest gap is the oldest rule for how many clusters there are. `O(n)`.
    #[must_use]
    pub fn widest(&self, clusters: std::ops::RangeInclusive<usize>) -> Option<Plateau> {
        let among = self.plateaus().filter(|plateau| clusters.contains(&plateau.clusters));
        among.reduce(|widest, other| if other.gap() > widest.gap() { other } else { widest })
    }

    /// How stable a cutoff is: by how much it can fall, and by how much it can rise to less than, before the clusters
    /// change. `O(log n)`.
    ///
    /// # Errors
    /// [`Error::Cutoff`] for NaN.
    pub fn stability(&self, cutoff: f64) -> Result<(f64, f64), Error> {
        let plateau = self.plateau_at(cutoff)?;
        Ok((cutoff - plateau.low, plateau.high - cutoff))
    }

    /// The clusters at a cutoff: [`fcluster`](fn@fcluster) by distance. `O(n)`.
    ///
    /// # Errors
    /// [`Error::Cutoff`] for NaN.
    pub fn labels(&self, cutoff: f64, numbering: Numbering) -> Result<Labels, Error> {
        fcluster(self.tree, Criterion::Distance(cutoff), numbering)
    }
}
