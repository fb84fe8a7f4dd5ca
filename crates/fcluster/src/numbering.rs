//! Labels and the two ways to number them.

/// Which cluster is number 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Numbering {
    /// By lowest observation: observation 0 is in cluster 1, the lowest observation outside it in cluster 2, … It
    /// depends on the partition alone.
    #[default]
    Lowest,
    /// By SciPy's walk from the root: it depends on the whole tree, above the cut too.
    Scipy,
}

impl std::fmt::Display for Numbering {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Lowest => "lowest",
            Self::Scipy => "scipy",
        })
    }
}

/// Labels 1..=k, one for each observation, every number of them in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    labels: Vec<u32>,
    count: usize,
    numbering: Numbering,
}

impl Labels {
    /// Labels of which every number from 1 to `count` is in use.
    pub(crate) fn new(labels: Vec<u32>, count: usize, numbering: Numbering) -> Self {
        Self { labels, count, numbering }
    }

    /// Each of `n` observations alone.
    pub(crate) fn singletons(n: usize) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "trees have fewer than 2^31 observations")]
        Self::new((1..=n as u32).collect(), n, Numbering::Scipy)
    }

    /// The clusters of observations that have the same number, whatever the numbers, numbered by lowest observation. `O(n)`.
    ///
    /// ```
    /// let labels = fcluster::Labels::of_groups(&[7, 3, 7, 9]);
    /// assert_eq!(labels.as_slice(), [1, 2, 1, 3]);
    /// assert_eq!(labels.count(), 3);
    /// ```
    #[must_use]
    pub fn of_groups(groups: &[usize]) -> Self {
        let mut numbers = std::collections::HashMap::new();
        let number = |group: &usize| {
            #[expect(clippy::cast_possible_truncation, reason = "trees have fewer than 2^31 observations")]
            let next = numbers.len() as u32 + 1;
            *numbers.entry(*group).or_insert(next)
        };
        let labels = groups.iter().map(number).collect();
        Self::new(labels, numbers.len(), Numbering::Lowest)
    }

    /// The labels in order of the observations.
    #[must_use]
    pub fn as_slice(&self) -> &[u32] {
        &self.labels
    }

    /// The number of clusters, k.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// How they are numbered.
    #[must_use]
    pub fn numbering(&self) -> Numbering {
        self.numbering
    }

    /// The same partition numbered by lowest observation. `O(n)`.
    ///
    /// ```
    /// use fcluster::{Criterion, Numbering, Tree, fcluster};
    /// let z = [[1.0, 2.0, 0.1, 2.0], [0.0, 3.0, 0.8, 3.0]];
    /// let labels = fcluster(Tree::from_rows(&z)?, Criterion::Distance(0.5), Numbering::Scipy)?;
    /// assert_eq!(labels.as_slice(), [2, 1, 1]);
    /// assert_eq!(labels.by_lowest().as_slice(), [1, 2, 2]);
    /// # Ok::<(), fcluster::Error>(())
    /// ```
    #[must_use]
    pub fn by_lowest(&self) -> Self {
        let mut numbers = vec![0_u32; self.count + 1];
        let mut next = 0;
        let renumber = |&label: &u32| {
            let number = &mut numbers[label as usize];
            if *number == 0 {
                next += 1;
                *number = next;
            }
            *number
        };
        let labels = self.labels.iter().map(renumber).collect();
        Self { labels, count: self.count, numbering: Numbering::Lowest }
    }

    /// The number of observations in every cluster, in order of the labels. `O(n)`.
    ///
    /// ```
    /// use fcluster::{Criterion, Numbering, Tree, fcluster};
    /// let z = [[1.0, 2.0, 0.1, 2.0], [0.0, 3.0, 0.8, 3.0]];
    /// let labels = fcluster(Tree::from_rows(&z)?, Criterion::Distance(0.5), Numbering::Lowest)?;
    /// assert_eq!(labels.sizes(), [1, 2]);
    /// # Ok::<(), fcluster::Error>(())
    /// ```
    #[must_use]
    pub fn sizes(&self) -> Vec<usize> {
        let mut sizes = vec![0; self.count];
        for &label in &self.labels {
            if let Some(size) = (label as usize).checked_sub(1).and_then(|index| sizes.get_mut(index)) {
                *size += 1;
            }
        }
        sizes
    }

    /// The labels numbered as asked; SciPy's are those that the walk has given.
    pub(crate) fn numbered(self, numbering: Numbering) -> Self {
        match numbering {
            Numbering::Scipy => self,
            Numbering::Lowest => self.by_lowest(),
        }
    }

    /// The members of every cluster, ascending, in order of the labels. `O(n)`.
    #[must_use]
    pub fn clusters(&self) -> Vec<Vec<usize>> {
        let mut clusters = vec![Vec::new(); self.count];
        for (observation, &label) in self.labels.iter().enumerate() {
            if let Some(cluster) = (label as usize).checked_sub(1).and_then(|index| clusters.get_mut(index)) {
                cluster.push(observation);
            }
        }
        clusters
    }
}
