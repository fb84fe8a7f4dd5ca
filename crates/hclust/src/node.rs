//! A dendrogram as a tree of nodes: SciPy's `to_tree`, without copies and without recursion.

use crate::{Dendrogram, Float, Merge};

/// A node of a dendrogram: an observation or a merge, with what is below it. SciPy's `ClusterNode`, as a view of the
/// dendrogram: two words, copied freely, nothing to be freed however deep the tree is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClusterNode<'a, T> {
    tree: &'a Dendrogram<T>,
    id: usize,
}

impl<T: Float> Dendrogram<T> {
    /// The root, from which all nodes can be reached: SciPy's `to_tree(Z)`. `O(1)`.
    ///
    /// ```
    /// use hclust::{Condensed, Method, linkage};
    /// let tree = linkage(Condensed::from_values(vec![4.0, 1.0, 5.0])?, Method::Single)?; // 0–2 first, then 1
    /// let root = tree.to_tree();
    /// assert_eq!((root.id(), root.count(), root.dist()), (4, 3, 4.0));
    /// let (one, pair) = (root.left().unwrap(), root.right().unwrap());
    /// assert!(one.is_leaf() && one.id() == 1);
    /// assert_eq!((pair.id(), pair.dist(), pair.pre_order()), (3, 1.0, vec![0, 2]));
    /// # Ok::<(), hclust::Error>(())
    /// ```
    #[must_use]
    pub fn to_tree(&self) -> ClusterNode<'_, T> {
        ClusterNode { tree: self, id: (2 * self.n()).saturating_sub(2) }
    }

    /// The node of a number: an observation below n, else the merge of row `id − n`; `None` past the root. SciPy's
    /// `to_tree(Z, rd=True)[1][id]`.
    #[must_use]
    pub fn node(&self, id: usize) -> Option<ClusterNode<'_, T>> {
        (id <= self.to_tree().id).then_some(ClusterNode { tree: self, id })
    }

    /// The observations in the order of a drawing, left to right: SciPy's `leaves_list`. `O(n)`, no recursion.
    ///
    /// ```
    /// use hclust::{Condensed, Method, linkage};
    /// let tree = linkage(Condensed::from_values(vec![4.0, 1.0, 5.0])?, Method::Single)?; // 0–2 first, then 1
    /// assert_eq!(tree.leaves_list(), [1, 0, 2]);
    /// # Ok::<(), hclust::Error>(())
    /// ```
    #[must_use]
    pub fn leaves_list(&self) -> Vec<usize> {
        self.to_tree().pre_order()
    }
}

impl<'a, T: Float> ClusterNode<'a, T> {
    fn merge(&self) -> Option<&'a Merge<T>> {
        self.id.checked_sub(self.tree.n()).and_then(|row| self.tree.merges().get(row))
    }

    /// The number of the node: an observation below n, else n and the row of its merge.
    #[must_use]
    pub fn id(&self) -> usize {
        self.id
    }

    /// Whether it is an observation.
    #[must_use]
    pub fn is_leaf(&self) -> bool {
        self.merge().is_none()
    }

    /// Observations under it; 1 for an observation.
    #[must_use]
    pub fn count(&self) -> usize {
        self.merge().map_or(1, |merge| merge.size)
    }

    /// The height of its merge; 0 for an observation.
    #[must_use]
    pub fn dist(&self) -> T {
        self.merge().map_or(T::ZERO, |merge| merge.height)
    }

    /// The left part; `None` of an observation.
    #[must_use]
    pub fn left(&self) -> Option<Self> {
        self.merge().map(|merge| Self { id: merge.left, ..*self })
    }

    /// The right part; `None` of an observation.
    #[must_use]
    pub fn right(&self) -> Option<Self> {
        self.merge().map(|merge| Self { id: merge.right, ..*self })
    }

    /// The observations under it, left to right. `O(count)`, no recursion.
    #[must_use]
    pub fn pre_order(&self) -> Vec<usize> {
        let mut leaves = Vec::with_capacity(self.count());
        let mut pending = vec![*self];
        while let Some(node) = pending.pop() {
            match node.merge() {
                Some(merge) => pending.extend([merge.right, merge.left].map(|id| Self { id, ..node })),
                None => leaves.push(node.id),
            }
        }
        leaves
    }
}
