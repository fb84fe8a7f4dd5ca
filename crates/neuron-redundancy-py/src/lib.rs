//! The Python module `neuron_redundancy._native`: arguments are converted, the crates called, results and errors handed back.
//! What users see is written in Python, beside this crate in `python/neuron_redundancy`.

mod arrays;
mod clustering;
mod correlation;
mod detach;
mod errors;
mod hierarchy;

#[pyo3::pymodule(gil_used = false)]
mod _native {
    #[pymodule_export]
    use crate::clustering::{Clusters, cluster, plan, stages};
    #[pymodule_export]
    use crate::correlation::{Correlator, corrcoef, cross_max, pairs_above, top_k};
    #[pymodule_export]
    use crate::hierarchy::{
        cophenet, cut_tree, dendrogram, fcluster, from_mlab_linkage, inconsistent, leaders, leaves_list,
        linkage, max_r_stat, maxdists, optimal_leaf_ordering,
    };

    /// The version of the crates.
    #[pymodule_export]
    const VERSION: &str = env!("CARGO_PKG_VERSION");
}
