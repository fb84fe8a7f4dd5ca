//! The fixed summation tree that every defined sum of this crate goes through.

use crate::TOKEN_BLOCK;

/// Number of running sums; the value of token i goes to sum i mod 8.
pub(crate) const LANES: usize = 8;

const _: () = assert!(TOKEN_BLOCK.is_multiple_of(LANES));

/// A sum over tokens: in each block of 1,024 tokens eight running sums, which are added as
/// ((0+4)+(2+6))+((1+5)+(3+7)); the sums of blocks in order. At most 131 + tokens / 1,024 roundings lie between a term
/// and the sum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct TreeSum {
    blocks: f64,
    pub(crate) lanes: [f64; LANES],
}

impl TreeSum {
    pub(crate) const ZERO: Self = Self { blocks: 0.0, lanes: [0.0; LANES] };

    /// From what [`blocks`](Self::blocks) and `lanes` gave.
    pub(crate) fn of_parts(blocks: f64, lanes: [f64; LANES]) -> Self {
        Self { blocks, lanes }
    }

    /// The sum of whole blocks.
    pub(crate) fn blocks(self) -> f64 {
        self.blocks
    }

    /// Ends a block of tokens.
    pub(crate) fn close_block(&mut self) {
        *self = Self { blocks: self.value(), lanes: [0.0; LANES] };
    }

    /// The sum so far, whether or not the last block is full.
    pub(crate) fn value(self) -> f64 {
        let [a, b, c, d, e, f, g, h] = self.lanes;
        self.blocks + (((a + e) + (c + g)) + ((b + f) + (d + h)))
    }

    /// Adds a value to the sum of whole blocks: for merging, where the tree is given up.
    pub(crate) fn add_whole(&mut self, value: f64) {
        self.close_block();
        self.blocks += value;
    }

    /// Adds products of a part of a block that begins at a multiple of eight tokens.
    #[inline(always)]
    pub(crate) fn add_products(&mut self, a: &[f64], b: &[f64]) {
        Self::add_products_abreast(std::array::from_mut(self), a, [b]);
    }

    /// As [`add_products`](Self::add_products), of one column with several of its length: the same bits, with less waiting.
    #[inline(always)]
    pub(crate) fn add_products_abreast<const N: usize>(sums: &mut [Self; N], a: &[f64], b: [&[f64]; N]) {
        let b = b.map(|b| b[..a.len()].as_chunks::<LANES>());
        let (a, a_rest) = a.as_chunks::<LANES>();
        let mut lanes = sums.map(|sum| sum.lanes);
        for (at, a) in a.iter().enumerate() {
            for (lanes, (b, _)) in lanes.iter_mut().zip(b) {
                for lane in 0..LANES {
                    lanes[lane] += a[lane] * b[at][lane];
                }
            }
        }
        for ((sum, mut lanes), (_, b_rest)) in sums.iter_mut().zip(lanes).zip(b) {
            for ((lane, a), b) in lanes.iter_mut().zip(a_rest).zip(b_rest) {
                *lane += a * b;
            }
            sum.lanes = lanes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 3,001 ones and a value that only one order of additions keeps: a change of the tree changes the sum.
    #[test]
    fn the_tree_is_the_documented_one() {
        let values: Vec<f64> = (0..3_001).map(|i| f64::from(i % 13) * 0.1 - 0.3).collect();
        let ones = vec![1.0; values.len()];
        let mut sum = TreeSum::ZERO;
        for (values, ones) in values.chunks(TOKEN_BLOCK).zip(ones.chunks(TOKEN_BLOCK)) {
            // In parts of a block.
            for (values, ones) in values.chunks(64).zip(ones.chunks(64)) {
                sum.add_products(values, ones);
            }
            sum.close_block();
        }
        let mut expected = 0.0;
        for block in values.chunks(TOKEN_BLOCK) {
            let lane = |l: usize| block.iter().skip(l).step_by(8).fold(0.0, |sum, value| sum + value);
            expected +=
                ((lane(0) + lane(4)) + (lane(2) + lane(6))) + ((lane(1) + lane(5)) + (lane(3) + lane(7)));
        }
        assert_eq!(sum.value(), expected);
        let plain: f64 = values.iter().sum();
        assert!(sum.value() != plain, "the values do not tell trees apart");
    }
}
