#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod agreement;
mod cut;
mod cut_tree;
mod error;
mod inconsistent;
mod numbering;
mod statistics;
mod sweep;
#[cfg(feature = "proptest")]
#[cfg_attr(docsrs, doc(cfg(feature = "proptest")))]
pub mod testing;
mod tree;
mod walk;

pub use agreement::{Agreement, Cell};
pub use cut::{Criterion, fcluster};
pub use cut_tree::{CutAt, cut_tree};
pub use error::Error;
pub use inconsistent::inconsistent;
pub use numbering::{Labels, Numbering};
pub use statistics::{is_valid_im, leaders, max_r_stat, maxdists, maxinconsts};
pub use sweep::{Plateau, Sweep};
pub use tree::Tree;
