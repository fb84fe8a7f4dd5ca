#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod accuracy;
mod columns;
mod condensed;
mod correlations;
mod correlator;
mod cross;
mod dense;
mod error;
mod float;
mod gather;
mod go_on;
mod kernels;
mod level;
mod matrix;
mod moments;
mod pages;
mod pair;
mod products;
mod ranks;
mod screen;
mod spare;
mod standardize;
mod state;
mod store;
mod sums;
#[cfg(feature = "proptest")]
#[cfg_attr(docsrs, doc(cfg(feature = "proptest")))]
pub mod testing;
mod tile_sums;
mod turn;

pub use accuracy::{error_bound, error_bound_in, error_bound_of_single_products};
pub use columns::{Columns, Order};
pub use condensed::condensed_index;
pub use correlations::{Correlations, Measure, correlations};
pub use correlator::Correlator;
pub use cross::CrossMaxima;
pub use error::Error;
pub use float::{Float, Precision};
pub use gather::Gathered;
pub use level::Level;
pub use matrix::Dense;
pub use moments::{Moments, NonFinite};
pub use pair::pair_correlation;
pub use products::{CrossProducts, bytes_needed, bytes_needed_in};
pub use ranks::{Ranks, average_ranks};
pub use screen::{
    ChosenPairs, LowRank, MaybePair, Neighbour, Pair, PairsAbove, PairsMaybeAbove, Screen, ScreenOptions, Sign,
    Tile, pairs_above,
};

/// Tokens per block: sums are taken over a block, then blocks are added. Parts that are pushed to [`Moments`] should be multiples
/// of this long (the last excepted), so that blocks are full; those pushed to [`CrossProducts`] multiples of its
/// [`tokens_together`](CrossProducts::tokens_together), which may be fewer.
pub const TOKEN_BLOCK: usize = 1_024;

/// Neurons of a side of a tile: whole strips of our kernels, and of faer's, at every level, and small enough that the pieces of two panels
/// stay in a core's second cache.
const NEURON_BLOCK: usize = 192;
