#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod columns;
mod condensed;
mod correlations;
mod dense;
mod error;
mod float;
mod kernels;
mod level;
mod moments;
mod pair;
mod screen;
mod store;
mod sums;
#[cfg(feature = "proptest")]
#[cfg_attr(docsrs, doc(cfg(feature = "proptest")))]
pub mod testing;
mod turn;

pub use columns::{Columns, Order};
pub use condensed::condensed_index;
pub use correlations::{Correlations, Measure, correlations, error_bound};
pub use dense::{CrossProducts, bytes_needed};
pub use error::Error;
pub use float::Float;
pub use level::Level;
pub use moments::{Moments, NonFinite};
pub use pair::pair_correlation;
pub use screen::{
    MaybePair, Neighbour, Pair, PairsAbove, PairsMaybeAbove, Screen, ScreenOptions, Sign, Tile, pairs_above,
};

/// Tokens per block: sums are taken over a block, then blocks are added. Parts that are pushed should be multiples
/// of this long (the last excepted), so that blocks are full.
pub const TOKEN_BLOCK: usize = 1_024;

/// Neurons per tile side; 256 × 256 products and two panels stay in a core's caches.
const NEURON_BLOCK: usize = 256;
