//! The definition of the sums of products; every other level is held to it.

use super::{PANEL, ROWS, Step, TO_UNSIGNED};

/// Tokens of a step, each the bytes of a panel in 16 bits: loops over a panel are what a compiler makes vectors of.
type Wide = [[i16; PANEL]; 4];

pub(super) fn products(left: &[Step], rows: &[u16; ROWS], right: &[Step], out: &mut [[i32; PANEL]; ROWS]) {
    *out = [[0; PANEL]; ROWS];
    let starts = rows.map(|row| (usize::from(row) / PANEL * right.len(), usize::from(row) % PANEL));
    for (step, words) in right.iter().enumerate() {
        let b = widen(words);
        for (&(start, lane), sums) in starts.iter().zip(&mut *out) {
            let a = (left[start + step][lane] ^ TO_UNSIGNED).to_le_bytes().map(|a| i16::from(a.cast_signed()));
            for (column, sum) in sums.iter_mut().enumerate() {
                // Two products of at most 127 and 128 are within an i16; four of them are not.
                let first = a[0] * b[0][column] + a[1] * b[1][column];
                let second = a[2] * b[2][column] + a[3] * b[3][column];
                *sum += i32::from(first) + i32::from(second);
            }
        }
    }
}

#[inline]
fn widen(words: &Step) -> Wide {
    let mut wide = [[0; PANEL]; 4];
    for (token, wide) in wide.iter_mut().enumerate() {
        for (to, word) in wide.iter_mut().zip(words) {
            *to = i16::from(word.to_le_bytes()[token].cast_signed());
        }
    }
    wide
}
