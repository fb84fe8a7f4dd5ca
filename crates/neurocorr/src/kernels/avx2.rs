//! AVX2: products of bytes added in pairs in 16 bits, those of two steps there, then in 32 bits. Bytes are at most 63 for that.
#![expect(unsafe_code, reason = "SIMD kernel; the portable level is its safe twin")]

use super::{PANEL, ROWS, Step};
use std::arch::x86_64::{
    __m256i, _mm256_add_epi16, _mm256_add_epi32, _mm256_loadu_si256, _mm256_madd_epi16, _mm256_maddubs_epi16,
    _mm256_set1_epi8, _mm256_set1_epi16, _mm256_set1_epi32, _mm256_setzero_si256, _mm256_storeu_si256,
    _mm256_sub_epi8,
};

/// The largest byte: rows are made q + 64, so that a 16-bit sum holds four products of at most 127 · 63.
pub(super) const LARGEST: i8 = 63;

const _: () = assert!(4 * (LARGEST as i32 + 64) * LARGEST as i32 <= i16::MAX as i32);

/// Rows and registers of eight columns that are in work together: 8 sums, 4 columns of two steps, 1 row, 2 sums in 16 bits and the ones.
/// (One of the sums goes by way of memory; eight rows of one register, which leave it in its place, are no quicker.)
const HIGH: usize = 4;
const WIDE: usize = 2;
/// Columns of a register.
const COLUMNS: usize = 8;
/// Steps of which the rows are brought together at a time: 2 KB, and 12 KB of columns, in a first cache of 32 KB.
const CHUNK: usize = 64;

/// # Safety
/// Every row must lie inside `left`: (row / 48 + 1) × right.len() ≤ left.len().
#[target_feature(enable = "avx2")]
pub(super) unsafe fn products(
    left: &[Step],
    rows: &[u16; ROWS],
    right: &[Step],
    offsets: &[i32; PANEL],
    out: &mut [[i32; PANEL]; ROWS],
) {
    // 64 Σ q, where the offset is 128 Σ q.
    *out = [offsets.map(|offset| -(offset / 2)); ROWS];
    let mut own = [[0_u32; ROWS]; CHUNK];
    let words = super::starts(left, rows, right.len());
    let side_by_side = (1..ROWS).all(|lane| words[lane] == words[0].wrapping_add(lane));
    let less = _mm256_set1_epi8(64);
    for (chunk, columns) in right.chunks(CHUNK).enumerate() {
        for (step, to) in own.iter_mut().enumerate().take(columns.len()) {
            let place = (chunk * CHUNK + step) * PANEL;
            // SAFETY: each row lies inside `left`, and has a word for every step, 48 words apart; where they are side by side the eight are
            // read together. A place of `own` is one register.
            unsafe {
                let all: [u32; ROWS] = if side_by_side {
                    words[0].wrapping_add(place).cast::<[u32; ROWS]>().read_unaligned()
                } else {
                    words.map(|word| *word.wrapping_add(place))
                };
                // From q + 128 to q + 64.
                let bytes = _mm256_sub_epi8(_mm256_loadu_si256(all.as_ptr().cast()), less);
                _mm256_storeu_si256(to.as_mut_ptr().cast(), bytes);
            }
        }
        for high in (0..ROWS).step_by(HIGH) {
            for first in (0..PANEL).step_by(WIDE * COLUMNS) {
                // SAFETY: `high` and `first` end at most at ROWS and PANEL.
                unsafe { block(&own[..columns.len()], high, columns, first, out) };
            }
        }
    }
}

/// Adds four rows from `high` × sixteen columns from `first` to `out`.
///
/// # Safety
/// `high` + 4 ≤ 8, `first` + 16 ≤ 48.
#[target_feature(enable = "avx2")]
#[inline(never)]
unsafe fn block(
    rows: &[[u32; ROWS]],
    high: usize,
    columns: &[Step],
    first: usize,
    out: &mut [[i32; PANEL]; ROWS],
) {
    let mut sums = [[_mm256_setzero_si256(); WIDE]; HIGH];
    let ((two_rows, row), (two_columns, column)) = (rows.as_chunks::<2>(), columns.as_chunks::<2>());
    for (rows, columns) in two_rows.iter().zip(two_columns) {
        // SAFETY: as told.
        unsafe { add(rows, high, columns, first, &mut sums) };
    }
    if let (Some(row), Some(column)) = (row.first_chunk::<1>(), column.first_chunk::<1>()) {
        // SAFETY: as told.
        unsafe { add(row, high, column, first, &mut sums) };
    }
    for (row, sums) in sums.iter().enumerate() {
        for (part, &sum) in sums.iter().enumerate() {
            let to = &mut out[high + row][first + COLUMNS * part..][..COLUMNS];
            let to: *mut __m256i = to.as_mut_ptr().cast();
            // SAFETY: eight sums of 32 bits are one register.
            unsafe { _mm256_storeu_si256(to, _mm256_add_epi32(_mm256_loadu_si256(to), sum)) };
        }
    }
}

/// Adds one step, or two, to the sums.
///
/// # Safety
/// As [`block`].
#[target_feature(enable = "avx2")]
#[inline]
unsafe fn add<const STEPS: usize>(
    rows: &[[u32; ROWS]; STEPS],
    high: usize,
    columns: &[Step; STEPS],
    first: usize,
    sums: &mut [[__m256i; WIDE]; HIGH],
) {
    let ones = _mm256_set1_epi16(1);
    let b: [[__m256i; WIDE]; STEPS] = std::array::from_fn(|step| {
        std::array::from_fn(|part| {
            // SAFETY: eight words from `first` + 8 · part, which ends at most at the step's 48th.
            unsafe { _mm256_loadu_si256(columns[step].as_ptr().add(first + COLUMNS * part).cast()) }
        })
    });
    for (row, sums) in sums.iter_mut().enumerate() {
        let mut pairs = [_mm256_setzero_si256(); WIDE];
        for (rows, b) in rows.iter().zip(b) {
            // SAFETY: `high` + row is below 8.
            let a = _mm256_set1_epi32(unsafe { *rows.get_unchecked(high + row) }.cast_signed());
            for (pairs, b) in pairs.iter_mut().zip(b) {
                *pairs = _mm256_add_epi16(*pairs, _mm256_maddubs_epi16(a, b));
            }
        }
        for (sum, pairs) in sums.iter_mut().zip(pairs) {
            *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(pairs, ones));
        }
    }
}
