//! AVX-VNNI: 32 products of bytes and their sums by one instruction, where there is no AVX-512.
#![expect(unsafe_code, reason = "SIMD kernel; the portable level is its safe twin")]

use super::{PANEL, ROWS, Step, starts};
use std::arch::x86_64::{
    __m256i, _mm256_dpbusd_avx_epi32, _mm256_loadu_si256, _mm256_set1_epi32, _mm256_storeu_si256,
};

/// Rows that are in work together, each with all columns: 12 sums, 2 rows and 1 register of columns are 15 of 16. (With four
/// rows and half of the columns all 16 are taken, and compilers put a sum into memory, whose way there and back takes twice as long
/// as the instruction.)
const HIGH: usize = 2;

/// Registers of a panel, and the columns of one.
const WIDTH: usize = PANEL / COLUMNS;
const COLUMNS: usize = 8;

/// Steps at a time: 24 KB of columns stay in the first cache while all rows pass.
const CHUNK: usize = 128;

/// # Safety
/// Every row must lie inside `left`: (row / 48 + 1) × right.len() ≤ left.len().
#[target_feature(enable = "avx2,avxvnni")]
pub(super) unsafe fn products(
    left: &[Step],
    rows: &[u16; ROWS],
    right: &[Step],
    offsets: &[i32; PANEL],
    out: &mut [[i32; PANEL]; ROWS],
) {
    *out = [offsets.map(|offset| -offset); ROWS];
    let starts = starts(left, rows, right.len());
    for (chunk, columns) in right.chunks(CHUNK).enumerate() {
        let done = chunk * CHUNK * PANEL;
        for (starts, out) in starts.as_chunks::<HIGH>().0.iter().zip(out.as_chunks_mut::<HIGH>().0) {
            // SAFETY: the words of the chunk's steps are in the rows' panels, which are inside `left`.
            unsafe { block(starts.map(|start| start.wrapping_add(done)), columns, out) };
        }
    }
}

/// Adds two rows to `out`.
///
/// # Safety
/// Each row has a word for each of the columns' steps, 48 words apart.
#[target_feature(enable = "avx2,avxvnni")]
#[inline(never)]
unsafe fn block(rows: [*const u32; HIGH], columns: &[Step], out: &mut [[i32; PANEL]; HIGH]) {
    let mut sums: [[__m256i; WIDTH]; HIGH] = std::array::from_fn(|row| {
        // SAFETY: a row has 48 numbers, six times eight.
        std::array::from_fn(|part| unsafe { _mm256_loadu_si256(out[row].as_ptr().add(COLUMNS * part).cast()) })
    });
    for (step, columns) in columns.iter().enumerate() {
        // SAFETY: `step` is one of the columns' steps.
        let a = rows.map(|row| _mm256_set1_epi32(unsafe { *row.add(step * PANEL) }.cast_signed()));
        for part in 0..WIDTH {
            // SAFETY: a step has 48 words, six times eight.
            let b = unsafe { _mm256_loadu_si256(columns.as_ptr().add(COLUMNS * part).cast()) };
            for (sums, &a) in sums.iter_mut().zip(&a) {
                sums[part] = _mm256_dpbusd_avx_epi32(sums[part], a, b);
            }
        }
    }
    for (sums, out) in sums.iter().zip(out) {
        for (part, &sum) in sums.iter().enumerate() {
            // SAFETY: as when they were read.
            unsafe { _mm256_storeu_si256(out.as_mut_ptr().add(COLUMNS * part).cast(), sum) };
        }
    }
}
