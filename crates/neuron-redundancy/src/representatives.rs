//! The neuron kept of each cluster: a random member, by a rule that never changes.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Which neuron of a cluster is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Representative {
    /// A random one, by the seed: NeuroX's way.
    #[default]
    Random,
    /// The one whose |r| with the others (r in a signed clustering) is greatest in the mean.
    Medoid,
    /// The one that varies most.
    LargestVariance,
    /// The lowest.
    First,
}

/// Picks a random member of a cluster. The pick depends on the seed and the members alone: not on labels, other
/// clusters, plans, threads or versions.
///
/// The rule: the words of ChaCha8 whose key is the seed in 8 little-endian bytes and 24 zero bytes, on the stream
/// numbered by the lowest member. Of each 64-bit word w the product w · m with the number m of members is taken; if
/// its lower half is below 2⁶⁴ mod m, the next word is (Lemire, 2019: no member is favoured); the upper half is the
/// place of the pick among the members in ascending order.
///
/// `None` without members. `O(1)` for ascending members.
///
/// ```
/// use neuron_redundancy::pick;
/// assert_eq!(pick(&[7], 0), Some(7));
/// assert_eq!(pick(&[3, 8, 11], 42), pick(&[3, 8, 11], 42));
/// ```
#[must_use]
pub fn pick(members: &[usize], seed: u64) -> Option<usize> {
    let mut sorted;
    let members = if members.is_sorted() {
        members
    } else {
        sorted = members.to_vec();
        sorted.sort_unstable();
        &sorted
    };
    let lowest = *members.first()?;
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    let mut words = ChaCha8Rng::from_seed(key);
    words.set_stream(lowest as u64);
    let count = members.len() as u64;
    let rejected_below = count.wrapping_neg() % count;
    loop {
        let product = u128::from(words.next_u64()) * u128::from(count);
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the lower half is meant; the upper one is below count"
        )]
        let (lower, upper) = (product as u64, (product >> 64) as usize);
        if lower >= rejected_below {
            return members.get(upper).copied();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_is_picked_about_as_often() {
        let members = [2, 5, 9, 14, 20];
        let mut counts = [0_u32; 5];
        for seed in 0..5_000 {
            let pick = pick(&members, seed).unwrap();
            counts[members.iter().position(|&m| m == pick).unwrap()] += 1;
        }
        // 1,000 ± 5 standard deviations (28.3 each).
        assert!(counts.iter().all(|count| (858..=1_142).contains(count)), "{counts:?}");
    }

    #[test]
    fn the_order_of_the_members_does_not_matter_and_the_lowest_does() {
        assert_eq!(pick(&[9, 2, 5], 3), pick(&[2, 5, 9], 3));
        assert_eq!(pick(&[], 3), None);
        let differ =
            (0..100).any(|seed| pick(&[0, 10, 20], seed) == Some(10) && pick(&[1, 10, 20], seed) != Some(10));
        assert!(differ);
    }
}
