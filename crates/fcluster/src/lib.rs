#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod cut;
mod error;
mod numbering;
#[cfg(feature = "proptest")]
#[cfg_attr(docsrs, doc(cfg(feature = "proptest")))]
pub mod testing;
mod tree;

pub use cut::{Criterion, fcluster};
pub use error::Error;
pub use numbering::{Labels, Numbering};
pub use tree::Tree;
