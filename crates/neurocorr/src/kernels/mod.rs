//! Dot products of bytes, eight neurons against a panel of 48: the inner loop of the screen, once for each level. And products of
//! standardised tokens (`multiply`).

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod avx_vnni;
#[cfg(target_arch = "x86_64")]
mod fma;
#[cfg(target_arch = "x86_64")]
mod fma256;
#[cfg(target_arch = "x86_64")]
mod fma512;
mod multiply;
#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
mod neon;
mod portable;
mod prefetch;
mod stream;

use crate::level::{Level, Set};
pub(crate) use multiply::{Factors, Kernel, LINE_BYTES, Multiply, Rows, Shape};
pub(crate) use prefetch::{Ahead, prefetch};
pub(crate) use stream::{Line, fence, write_past_caches};

/// Neurons of a panel: three registers of sixteen.
pub(crate) const PANEL: usize = 48;

/// Rows of one call: with 48 columns 24 registers of sums.
pub(crate) const ROWS: usize = 8;

/// Tokens of a step: the bytes of a 32-bit word.
pub(crate) const STEP: usize = 4;

/// Four tokens of the neurons of one panel; in every word the first token is the lowest byte.
pub(crate) type Step = [u32; PANEL];

/// Most steps of one call: no sum of 4 × 16,384 products of at most 255 · 127 leaves an `i32`.
pub(crate) const MOST_STEPS: usize = 16_384;

const _: () = assert!(MOST_STEPS * STEP * 255 * 127 <= i32::MAX as usize);

/// The largest byte of either side that the products of a level take, up and down.
pub(crate) fn largest_byte(level: Level) -> i8 {
    #[cfg(target_arch = "x86_64")]
    if level.0 == Set::Avx2 {
        return avx2::LARGEST;
    }
    let _ = level;
    i8::MAX
}

/// Words with the top bit of every byte flipped: signed bytes q become unsigned ones, q + 128, and the other way round.
pub(crate) const TO_UNSIGNED: u32 = 0x8080_8080;

/// A panel of columns: their signed bytes, and for each 128 times their sum, which is what they add to a product with bytes that
/// are unsigned, q + 128.
#[derive(Clone, Copy)]
pub(crate) struct Right<'a> {
    pub(crate) steps: &'a [Step],
    /// 48, or more.
    pub(crate) offsets: &'a [i32],
}

/// Σ q · right over all tokens of `right`, for eight rows and 48 columns.
///
/// `left` holds whole panels of unsigned bytes q + 128, each as long as `right`; row r is lane r mod 48 of panel r / 48. On either side
/// |q| is at most the level's [`largest_byte`]; sums of larger ones are wrong. Returns
/// `false`, and computes nothing, if a row lies outside `left`, `right` is longer than [`MOST_STEPS`] or an offset is missing.
#[cfg_attr(
    any(target_arch = "x86_64", target_arch = "aarch64"),
    expect(unsafe_code, reason = "calls into code for what the processor has")
)]
pub(crate) fn products(
    level: Level,
    left: &[Step],
    rows: &[u16; ROWS],
    right: Right<'_>,
    out: &mut [[i32; PANEL]; ROWS],
) -> bool {
    let Right { steps: right, offsets } = right;
    let last = rows.iter().max().map_or(0, |&row| usize::from(row) / PANEL);
    let Some(offsets) = offsets.first_chunk::<PANEL>() else { return false };
    if right.len() > MOST_STEPS || (last + 1) * right.len() > left.len() {
        return false;
    }
    match level.0 {
        Set::Portable => portable::products(left, rows, right, out),
        // SAFETY: the level exists, so the processor has AVX2; every row was found inside `left`.
        #[cfg(target_arch = "x86_64")]
        Set::Avx2 => unsafe { avx2::products(left, rows, right, offsets, out) },
        // SAFETY: the level exists, so the processor has AVX2 and AVX-VNNI; every row was found inside `left`.
        #[cfg(target_arch = "x86_64")]
        Set::AvxVnni => unsafe { avx_vnni::products(left, rows, right, offsets, out) },
        // SAFETY: the level exists, so the processor has AVX-512 F, BW and VNNI; every row was found inside `left`.
        #[cfg(target_arch = "x86_64")]
        Set::Avx512Vnni => unsafe { avx512::products(left, rows, right, offsets, out) },
        // SAFETY: the level exists, so the processor has dot products; every row was found inside `left`.
        #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
        Set::NeonDot => unsafe { neon::products(left, rows, right, out) },
    }
    // Where bytes are signed on both sides there is nothing to take off.
    let _ = offsets;
    true
}

/// Where the words of each row begin, in panels of so many steps; those of two steps are a panel's width apart.
#[cfg(target_arch = "x86_64")]
#[inline]
fn starts(left: &[Step], rows: &[u16; ROWS], steps: usize) -> [*const u32; ROWS] {
    let words = left.as_ptr().cast::<u32>();
    rows.map(|row| {
        let row = usize::from(row);
        words.wrapping_add(row / PANEL * steps * PANEL + row % PANEL)
    })
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "test data")]
mod tests {
    use super::*;
    use testkit::Rng;

    fn steps(count: usize, rng: &mut Rng, byte: impl Fn(&mut Rng) -> u8) -> Vec<Step> {
        (0..count)
            .map(|_| std::array::from_fn(|_| u32::from_le_bytes(std::array::from_fn(|_| byte(rng)))))
            .collect()
    }

    fn naive(left: &[Step], row: usize, right: &[Step], column: usize) -> i64 {
        let own = &left[row / PANEL * right.len()..][..right.len()];
        own.iter()
            .zip(right)
            .map(|(a, b)| {
                let (a, b) = (a[row % PANEL].to_le_bytes(), b[column].to_le_bytes());
                a.iter().zip(b).map(|(&a, b)| (i64::from(a) - 128) * i64::from(b.cast_signed())).sum::<i64>()
            })
            .sum()
    }

    /// Every column's.
    fn offsets(right: &[Step]) -> [i32; PANEL] {
        let of_bytes = |word: u32| word.to_le_bytes().map(|b| i32::from(b.cast_signed())).iter().sum::<i32>();
        std::array::from_fn(|column| 128 * right.iter().map(|step| of_bytes(step[column])).sum::<i32>())
    }

    #[test]
    fn every_level_gives_the_sums_of_products_exactly_at_every_length_and_for_any_rows() {
        let mut rng = Rng::new(1);
        for length in [0, 1, 2, 3, 4, 5, 7, 8, 9, 31, 64, 512] {
            for level in Level::available() {
                let most = largest_byte(level).cast_unsigned();
                let byte = |r: &mut Rng| (r.below(2 * usize::from(most) + 1) as u8).wrapping_sub(most);
                // Where bytes go up to 127, the left side may be anything.
                let any = largest_byte(level) == i8::MAX;
                let left =
                    steps(3 * length, &mut rng, |r| if any { r.below(256) as u8 } else { byte(r) ^ 0x80 });
                let right = steps(length, &mut rng, byte);
                let offsets = offsets(&right);
                for rows in [[0, 1, 2, 3, 4, 5, 6, 7], [143, 47, 48, 95, 96, 0, 143, 11]] {
                    let mut out = [[-1; PANEL]; ROWS];
                    assert!(products(
                        level,
                        &left,
                        &rows,
                        Right { steps: &right, offsets: &offsets },
                        &mut out
                    ));
                    for (row, sums) in rows.iter().zip(&out) {
                        for (column, &sum) in sums.iter().enumerate() {
                            let expected = naive(&left, usize::from(*row), &right, column);
                            assert_eq!(i64::from(sum), expected, "{} {length} {row} {column}", level.name());
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn sums_of_the_largest_bytes_over_the_longest_call_do_not_overflow() {
        for level in Level::available() {
            let most = largest_byte(level);
            // Where bytes go up to 127, the left side may be anything.
            let least = if most == i8::MAX { i8::MIN } else { -most };
            for (a, b) in [(most, most), (most, -most), (-most, most), (-most, -most), (least, -most)] {
                let left = vec![[u32::from_le_bytes([a.cast_unsigned() ^ 0x80; 4]); PANEL]; MOST_STEPS];
                let right = vec![[u32::from_le_bytes([b.cast_unsigned(); 4]); PANEL]; MOST_STEPS];
                let offsets = offsets(&right);
                let mut out = [[0; PANEL]; ROWS];
                let right = Right { steps: &right, offsets: &offsets };
                assert!(products(level, &left, &[0; ROWS], right, &mut out));
                let expected = i32::from(a) * i32::from(b) * 4 * MOST_STEPS as i32;
                assert!(out.iter().flatten().all(|&sum| sum == expected), "{}", level.name());
            }
        }
    }

    #[test]
    fn rows_outside_missing_offsets_and_calls_too_long_are_refused_at_every_level() {
        for level in Level::available() {
            let mut out = [[0; PANEL]; ROWS];
            let (four, long) = ([[0; PANEL]; 4], vec![[0; PANEL]; MOST_STEPS + 1]);
            let mut asked = |left: &[Step], rows: [u16; ROWS], steps: &[Step], offsets: &[i32]| {
                products(level, left, &rows, Right { steps, offsets }, &mut out)
            };
            assert!(asked(&four, [0; ROWS], &four, &[0; PANEL]));
            assert!(!asked(&four, [0, 0, 0, 0, 0, 0, 0, 48], &four, &[0; PANEL]));
            assert!(!asked(&four, [0; ROWS], &four, &[0; PANEL - 1]));
            assert!(!asked(&long, [0; ROWS], &long, &[0; PANEL]));
        }
    }
}
