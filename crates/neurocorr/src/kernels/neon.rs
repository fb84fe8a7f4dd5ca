//! NEON with dot products: 16 products of bytes and their sums by one instruction.
#![expect(unsafe_code, reason = "SIMD kernel; the portable level is its safe twin")]

use super::{PANEL, ROWS, Step, TO_UNSIGNED};
use std::arch::aarch64::{int32x4_t, vdupq_n_s32, vld1q_s32, vst1q_s32};
use std::arch::asm;

/// Registers of four columns that are in work together with eight rows: 24 sums, 3 columns and 2 of rows are 29 of 32 registers.
const WIDE: usize = 3;
const COLUMNS: usize = 4;

/// Steps of which the rows are brought together at a time: 4 KB, and 24 KB of columns.
const CHUNK: usize = 128;

/// # Safety
/// Every row must lie inside `left`: (row / 48 + 1) × right.len() ≤ left.len().
#[target_feature(enable = "neon,dotprod")]
pub(super) unsafe fn products(
    left: &[Step],
    rows: &[u16; ROWS],
    right: &[Step],
    out: &mut [[i32; PANEL]; ROWS],
) {
    *out = [[0; PANEL]; ROWS];
    // Of each step the words of the eight rows, signed again: both sides of this instruction are signed.
    let mut together = [[0_i32; ROWS]; CHUNK];
    for (chunk, columns) in right.chunks(CHUNK).enumerate() {
        for (at, &row) in rows.iter().enumerate() {
            let (panel, word) = (usize::from(row) / PANEL, usize::from(row) % PANEL);
            let own = &left[panel * right.len() + chunk * CHUNK..][..columns.len()];
            for (to, words) in together.iter_mut().zip(own) {
                to[at] = (words[word] ^ TO_UNSIGNED).cast_signed();
            }
        }
        for first in (0..PANEL).step_by(WIDE * COLUMNS) {
            // SAFETY: `first` + 12 is at most 48.
            unsafe { block(&together[..columns.len()], columns, first, out) };
        }
    }
}

/// Adds eight rows × twelve columns from `first` to `out`.
///
/// # Safety
/// `first` + 12 ≤ 48.
#[target_feature(enable = "neon,dotprod")]
#[inline(never)]
unsafe fn block(rows: &[[i32; ROWS]], columns: &[Step], first: usize, out: &mut [[i32; PANEL]; ROWS]) {
    let mut sums = [[vdupq_n_s32(0); WIDE]; ROWS];
    for (rows, columns) in rows.iter().zip(columns) {
        let columns = columns.as_ptr().cast::<i32>();
        // SAFETY: three times four words from `first`, which end at most at the step's 48th.
        let b: [int32x4_t; WIDE] =
            std::array::from_fn(|part| unsafe { vld1q_s32(columns.add(first + COLUMNS * part)) });
        // SAFETY: eight words are twice four.
        let (low, high) = unsafe { (vld1q_s32(rows.as_ptr()), vld1q_s32(rows.as_ptr().add(4))) };
        for part in 0..WIDE {
            let b = b[part];
            sums[0][part] = add::<0>(sums[0][part], b, low);
            sums[1][part] = add::<1>(sums[1][part], b, low);
            sums[2][part] = add::<2>(sums[2][part], b, low);
            sums[3][part] = add::<3>(sums[3][part], b, low);
            sums[4][part] = add::<0>(sums[4][part], b, high);
            sums[5][part] = add::<1>(sums[5][part], b, high);
            sums[6][part] = add::<2>(sums[6][part], b, high);
            sums[7][part] = add::<3>(sums[7][part], b, high);
        }
    }
    for (sums, out) in sums.iter().zip(out) {
        for (to, &sum) in out[first..].chunks_mut(COLUMNS).zip(sums) {
            let mut four = [0; COLUMNS];
            // SAFETY: four numbers of 32 bits are one register.
            unsafe { vst1q_s32(four.as_mut_ptr(), sum) };
            to.iter_mut().zip(four).for_each(|(to, sum)| *to += sum);
        }
    }
}

/// Adds four columns' products with the four tokens of one row.
#[target_feature(enable = "neon,dotprod")]
#[inline]
fn add<const ROW: i32>(mut sum: int32x4_t, columns: int32x4_t, rows: int32x4_t) -> int32x4_t {
    // The library's own function for it is not stable yet.
    // SAFETY: it reads and writes registers only, and the caller's features have the instruction.
    unsafe {
        asm!(
            "sdot {sum:v}.4s, {columns:v}.16b, {rows:v}.4b[{row}]",
            sum = inout(vreg) sum,
            columns = in(vreg) columns,
            rows = in(vreg) rows,
            row = const ROW,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sum
}
