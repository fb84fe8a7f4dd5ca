//! The near pairs that a screen leaves behind, with what it knows of them.

use crate::Config;
use hclust::Method;
use neurocorr::MaybePair;

/// How far beyond the cutoff pairs are still listed: the further, the more clusters are told apart without asking, and the
/// more pairs there are.
const BEYOND: f64 = 0.06;

/// For methods whose clusters have no pair beyond the cutoff, or need only one below it.
const BARELY: f64 = 1e-6;

/// Pairs for each neuron at most: with more it is as quick to multiply all.
const EACH: usize = 256;

/// And at most.
const MOST: usize = 1 << 22;

/// Bytes that a pair takes beside the screen, and after that in the linkage.
const BESIDE: u64 = 2 * size_of::<NearPair>() as u64;
const LINKED: u64 = 192;

/// Two neurons, about their correlation, and how far it may be from that.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct NearPair {
    pub(crate) first: u32,
    pub(crate) second: u32,
    pub(crate) near: f32,
    pub(crate) within: f32,
}

impl NearPair {
    #[expect(clippy::cast_possible_truncation, reason = "bounds are rounded up; fewer than 2^32 neurons")]
    pub(crate) fn new(pair: &MaybePair) -> Self {
        let near = pair.near as f32;
        let within = pair.within + (f64::from(near) - pair.near).abs();
        let (first, second) = (pair.first as u32, pair.second as u32);
        Self { first, second, near, within: (within as f32).next_up() }
    }
}

/// All pairs whose dissimilarity is at most `floor`, and some beyond it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct NearPairs {
    pub(crate) floor: f64,
    pub(crate) pairs: Vec<NearPair>,
}

/// What a run asks of near pairs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Wanted {
    pub(crate) floor: f64,
    pub(crate) most: usize,
}

impl Wanted {
    /// `None` if near pairs are of no use to this run; `room` is the memory for them beside the screen, and after it.
    pub(crate) fn new(config: &Config, cutoff: f64, neurons: usize, room: Option<[u64; 2]>) -> Option<Self> {
        let beyond = match config.method {
            Method::Single | Method::Complete => BARELY,
            Method::Average | Method::Weighted => BEYOND,
            _ => return None,
        };
        let floor = cutoff + beyond;
        let fitting = room.map_or(u64::MAX, |[beside, after]| (beside / BESIDE).min(after / LINKED));
        let fitting = usize::try_from(fitting).unwrap_or(usize::MAX);
        let most = neurons.saturating_mul(EACH).min(MOST).min(fitting);
        (config.single_products && floor < 1.0 && most > neurons).then_some(Self { floor, most })
    }
}
