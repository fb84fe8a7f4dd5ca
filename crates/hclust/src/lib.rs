#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod chain;
mod check;
mod condensed;
mod dendrogram;
mod error;
mod float;
mod heap;
mod linkage;
mod method;
mod pairs;
mod run;
mod spanning;
#[cfg(feature = "proptest")]
#[cfg_attr(docsrs, doc(cfg(feature = "proptest")))]
pub mod testing;
mod union;

pub use check::MergeCheck;
pub use condensed::Condensed;
pub use dendrogram::{Dendrogram, Merge};
pub use error::Error;
pub use float::Float;
pub use linkage::{Average, Centroid, Complete, Linkage, Median, Reducible, Single, Update, Ward, Weighted};
pub use method::{Method, UnknownMethod};
pub use run::{Observer, bytes_needed, linkage, linkage_by, linkage_by_heap, linkage_observed};

use run::observe;
