#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod config;
mod dense;
mod error;
mod extract;
mod inspect;
mod machine;
mod observer;
mod plan;
mod representatives;
mod result;
#[cfg(feature = "proptest")]
#[cfg_attr(docsrs, doc(cfg(feature = "proptest")))]
pub mod testing;

pub use config::Config;
pub use error::Error;
pub use extract::{
    create_correlation_clusters, extract_independent_neurons, scikit_extract_independent_neurons,
};
pub use inspect::{Inspection, inspect};
pub use machine::available_memory;
pub use observer::{Observer, Stage};
pub use plan::{Plan, human_bytes};
pub use representatives::pick;
pub use result::{Clusters, Extraction};

pub use fcluster::{Labels, Numbering};
pub use hclust::{Dendrogram, Method};
pub use neurocorr::NonFinite;
