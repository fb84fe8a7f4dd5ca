//! AVX2: bytes widened to 16 bits, products of two tokens added by one instruction.
#![expect(unsafe_code, reason = "SIMD kernel; the portable level is its safe twin")]

use super::{PANEL, ROWS, Step};
use std::arch::x86_64::{
    __m128i, __m256i, _mm_loadu_si128, _mm256_add_epi32, _mm256_cvtepi8_epi16, _mm256_cvtepu8_epi16,
    _mm256_madd_epi16, _mm256_set1_epi64x, _mm256_setzero_si256, _mm256_storeu_si256,
};

/// Rows and registers of four columns that are in work together: 8 sums, 4 rows, 1 of columns and 1 product are 14 of 16 registers.
/// (With 12 sums, compilers put one of them into memory, whose way there and back takes longer than the step: a third slower.)
const HIGH: usize = 4;
const WIDE: usize = 2;
/// Columns of a register: four, of two sums each (tokens 0 and 1, tokens 2 and 3).
const COLUMNS: usize = 4;
/// Steps of which the rows are widened at a time: 4 KB, and 12 KB of columns, in a first cache of 32 KB.
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
    *out = [offsets.map(|offset| -offset); ROWS];
    // The four tokens of a row in 16 bits each: 64 bits, for one broadcast.
    let mut wide = [[0_u64; ROWS]; CHUNK];
    let words = rows.map(|row| {
        let (panel, word) = (usize::from(row) / PANEL, usize::from(row) % PANEL);
        left.as_ptr().cast::<u32>().wrapping_add(panel * right.len() * PANEL + word)
    });
    let side_by_side = (1..ROWS).all(|lane| words[lane] == words[0].wrapping_add(lane));
    for (chunk, columns) in right.chunks(CHUNK).enumerate() {
        for (step, to) in wide.iter_mut().enumerate().take(columns.len()) {
            let place = (chunk * CHUNK + step) * PANEL;
            // SAFETY: each row lies inside `left`, and has a word for every step, 48 words apart; where they are side by side the eight are
            // read together. A place of `wide` is two registers of 16-bit numbers.
            unsafe {
                let all: [u32; ROWS] = if side_by_side {
                    words[0].wrapping_add(place).cast::<[u32; ROWS]>().read_unaligned()
                } else {
                    words.map(|word| *word.wrapping_add(place))
                };
                let halves: *const __m128i = all.as_ptr().cast();
                let to: *mut __m256i = to.as_mut_ptr().cast();
                _mm256_storeu_si256(to, _mm256_cvtepu8_epi16(_mm_loadu_si128(halves)));
                _mm256_storeu_si256(to.add(1), _mm256_cvtepu8_epi16(_mm_loadu_si128(halves.add(1))));
            }
        }
        for high in (0..ROWS).step_by(HIGH) {
            for first in (0..PANEL).step_by(WIDE * COLUMNS) {
                // SAFETY: `high` and `first` end at most at ROWS and PANEL.
                unsafe { block(&wide[..columns.len()], high, columns, first, out) };
            }
        }
    }
}

/// Adds four rows from `high` × eight columns from `first` to `out`.
///
/// # Safety
/// `high` + 4 ≤ 8, `first` + 8 ≤ 48.
#[target_feature(enable = "avx2")]
#[inline(never)]
unsafe fn block(
    rows: &[[u64; ROWS]],
    high: usize,
    columns: &[Step],
    first: usize,
    out: &mut [[i32; PANEL]; ROWS],
) {
    let mut sums = [[_mm256_setzero_si256(); WIDE]; HIGH];
    for (rows, columns) in rows.iter().zip(columns) {
        let columns = columns.as_ptr();
        let b: [__m256i; WIDE] = std::array::from_fn(|part| {
            // SAFETY: four words from `first` + 4 · part, which ends at most at the step's 48th.
            _mm256_cvtepi8_epi16(unsafe { _mm_loadu_si128(columns.add(first + COLUMNS * part).cast()) })
        });
        for (row, sums) in sums.iter_mut().enumerate() {
            // SAFETY: `high` + row is below 8.
            let a = _mm256_set1_epi64x(unsafe { *rows.get_unchecked(high + row) }.cast_signed());
            for (sum, b) in sums.iter_mut().zip(b) {
                // At most 2 · 255 · 127: the instruction's one overflow, of four times −32,768, cannot happen.
                *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(a, b));
            }
        }
    }
    for (row, sums) in sums.iter().enumerate() {
        for (part, &sum) in sums.iter().enumerate() {
            let mut pairs = [0_i32; 2 * COLUMNS];
            // SAFETY: eight numbers of 32 bits are one register.
            unsafe { _mm256_storeu_si256(pairs.as_mut_ptr().cast(), sum) };
            let to = &mut out[high + row][first + COLUMNS * part..][..COLUMNS];
            for (to, pair) in to.iter_mut().zip(pairs.as_chunks::<2>().0) {
                *to += pair[0] + pair[1];
            }
        }
    }
}
