#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod batch;
mod clusters;
mod components;
mod config;
mod dense;
mod error;
mod extract;
mod input;
mod inspect;
mod layers;
mod link;
mod machine;
mod near;
mod observer;
mod plan;
mod representatives;
mod result;
mod run;
mod sparse;
mod stage;
mod sweep;
#[cfg(feature = "proptest")]
#[cfg_attr(docsrs, doc(cfg(feature = "proptest")))]
pub mod testing;
mod union;

pub use clusters::{ClusterProfile, profile_clusters};
pub use components::ScreenStatistics;
pub use config::{Config, PlanChoice, Ties};
pub use error::Error;
pub use extract::{
    create_correlation_clusters, extract_independent_neurons, scikit_extract_independent_neurons,
};
pub use inspect::{Inspection, inspect};
pub use layers::{LayerRedundancy, layer_redundancy, layer_spans, layers_of_width};
pub use machine::available_memory;
pub use observer::{Observer, Stage};
pub use plan::{Plan, PlanKind, human_bytes};
pub use representatives::{Representative, pick};
pub use result::{AmbiguousComponent, Clusters, Extraction};
pub use stage::Resumed;
pub use sweep::{Sweep, SweepStep, sweep};

pub use fcluster::{Labels, Numbering};
pub use hclust::{Dendrogram, Method};
pub use neurocorr::NonFinite;
