//! Union–find that numbers clusters as SciPy's linkage does.

/// Nodes 0..n are observations; each union makes the next node, n, n + 1, …
#[derive(Debug)]
pub(crate) struct UnionFind {
    parents: Vec<u32>,
    sizes: Vec<u32>,
}

impl UnionFind {
    /// `n` observations, each alone. `n` is below 2³¹ ([`Condensed::new`](crate::Condensed::new) sees to it).
    pub(crate) fn new(n: usize) -> Self {
        let mut parents = Vec::with_capacity((2 * n).saturating_sub(1));
        #[expect(clippy::cast_possible_truncation, reason = "n < 2^31")]
        parents.extend(0..n as u32);
        let mut sizes = Vec::with_capacity(parents.capacity());
        sizes.resize(n, 1);
        Self { parents, sizes }
    }

    /// The topmost node above `node`; flattens the path to it.
    pub(crate) fn find(&mut self, node: usize) -> usize {
        let mut root = node;
        while self.parents[root] as usize != root {
            root = self.parents[root] as usize;
        }
        let mut at = node;
        while at != root {
            let next = self.parents[at] as usize;
            #[expect(clippy::cast_possible_truncation, reason = "node numbers are below 2^32")]
            let parent = root as u32;
            self.parents[at] = parent;
            at = next;
        }
        root
    }

    /// Joins two different topmost nodes under the next number; gives the size of the new node.
    pub(crate) fn union(&mut self, x: usize, y: usize) -> usize {
        #[expect(clippy::cast_possible_truncation, reason = "node numbers are below 2^32")]
        let node = self.parents.len() as u32;
        self.parents[x] = node;
        self.parents[y] = node;
        let size = self.sizes[x] + self.sizes[y];
        self.parents.push(node);
        self.sizes.push(size);
        size as usize
    }
}
