#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod dtype;
mod error;
mod fingerprint;
mod mapped;
mod memory;
mod npy;
mod open;
mod safetensors;
mod source;
#[cfg(feature = "proptest")]
#[cfg_attr(docsrs, doc(cfg(feature = "proptest")))]
pub mod testing;

pub use dtype::Dtype;
pub use error::Error;
pub use fingerprint::fingerprint;
pub use memory::{Float, InMemory};
pub use npy::Npy;
pub use open::open;
pub use safetensors::Safetensors;
pub use source::{Block, Layer, Layout, Scratch, Source, Stored, Values, Whole};
