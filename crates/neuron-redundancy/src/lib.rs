#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod components;
mod config;
mod dense;
mod error;
mod extract;
mod input;
mod inspect;
mod link;
mod machine;
mod observer;
mod plan;
mod representatives;
mod result;
mod run;
#[cfg(feature = "proptest")]
#[cfg_attr(docsrs, doc(cfg(feature = "proptest")))]
pub mod testing;
mod union;

pub use components::ScreenStatistics;
pub use config::{Config, PlanChoice, Ties};
pub use error::Error;
pub use extract::{
    create_correlation_clusters, extract_independent_neurons, scikit_extract_independent_neurons,
};
pub use inspect::{Inspection, inspect};
pub use machine::available_memory;
pub use observer::{Observer, Stage};
pub use plan::{Plan, PlanKind, human_bytes};
pub use representatives::pick;
pub use result::{AmbiguousComponent, Clusters, Extraction};

pub use fcluster::{Labels, Numbering};
pub use hclust::{Dendrogram, Method};
pub use neurocorr::NonFinite;
