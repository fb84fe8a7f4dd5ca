#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod below;
mod candidates;
mod certain;
mod certified;
mod chain;
mod check;
mod columns;
mod condensed;
mod cophenet;
mod dendrogram;
mod error;
mod fill;
mod float;
mod grid;
mod heap;
mod kernels;
mod layout;
mod leaf_order;
mod level;
mod lines;
mod linkage;
mod memory;
mod method;
mod nearest;
mod node;
mod observer;
mod pairs;
mod points;
mod repair;
mod rows;
mod run;
mod scipy_order;
mod scratch;
mod shortlist;
mod spanning;
mod spanning_points;
mod sparse;
mod square;
mod table;
#[cfg(feature = "proptest")]
#[cfg_attr(docsrs, doc(cfg(feature = "proptest")))]
pub mod testing;
mod union;

pub use below::{Ambiguity, Forest, Stop, linkage_below, linkage_below_by, linkage_below_with};
pub use certain::{Certainty, Exact};
pub use certified::{linkage_below_certified, linkage_certified};
pub use check::MergeCheck;
pub use condensed::{Condensed, CondensedView};
pub use dendrogram::{Dendrogram, Merge};
pub use error::Error;
pub use float::Float;
pub use layout::{Color, Drawing, Layout, Sort, Truncate};
pub use leaf_order::{LeafOrder, optimal_leaf_ordering, optimal_leaf_ordering_with};
pub use level::Level;
pub use linkage::{Average, Centroid, Complete, Linkage, Median, Reducible, Single, Update, Ward, Weighted};
pub use method::{Method, UnknownMethod};
pub use node::ClusterNode;
pub use observer::Observer;
pub use points::{Metric, Points, pdist};
pub use rows::{correspond, is_isomorphic, is_valid_linkage, num_obs_linkage, num_obs_y};
pub use run::{
    bytes_needed, linkage, linkage_batch, linkage_by, linkage_by_heap, linkage_by_with, linkage_square,
    linkage_square_with, linkage_view, linkage_view_with, linkage_with,
};
pub use scratch::{Scratch, Storage};
pub use spanning_points::{linkage_points, linkage_points_with};
pub use sparse::{Known, Sparse, SparseDissimilarities, Unlisted, linkage_below_sparse};
pub use square::Square;
