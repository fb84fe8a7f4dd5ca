//! Rows turned into columns, a cache line at a time, written past the caches; with a portable twin.

use crate::Float;
use crate::level::Level;
use std::ops::Range;

/// Columns of a few rows, each in whole cache lines, on their way to where they belong: turned in the first cache, then written past all.
#[derive(Debug)]
pub(crate) struct Turned<T> {
    values: Vec<T>,
    /// Those of all columns: they begin at a line.
    within: Range<usize>,
    /// Values of a column.
    each: usize,
}

/// Where the values of a column belong.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Place {
    pub(crate) column: usize,
    pub(crate) at: usize,
}

impl<T: Float> Turned<T> {
    /// Room for so many columns of so many lines.
    pub(crate) fn new(columns: usize, lines: usize) -> Self {
        let each = lines * T::LINE;
        let values = vec![T::ZERO; columns * each + T::LINE];
        // Where no line can be found, any place does.
        let start = values.as_ptr().align_offset(64).min(T::LINE);
        Self { values, within: start..start + columns * each, each }
    }

    /// Takes as many rows as a line has values: for each column j, the values `rows[0][j], rows[1][j], …` are its `line`th
    /// line. Of rows of different lengths, and of more columns than there is room for, not all are taken.
    pub(crate) fn turn(&mut self, level: Level, line: usize, rows: &[&[T]]) {
        let (each, start) = (self.each, self.within.start + line * T::LINE);
        let to = self.values.get_mut(start..self.within.end).unwrap_or_default();
        let count = rows.iter().map(|row| row.len()).min().unwrap_or(0);
        #[cfg(target_arch = "x86_64")]
        if level.has_avx2()
            && rows.len() == T::LINE
            && count.checked_sub(1).is_some_and(|last| last * each + T::LINE <= to.len())
        {
            let mut starts = [std::ptr::null(); MOST];
            for (start, row) in starts.iter_mut().zip(rows) {
                *start = row.as_ptr();
            }
            #[expect(unsafe_code, reason = "the kernel takes pointers")]
            // SAFETY: the level proves the feature; LINE rows have `count` values, and there is room for the last column's line.
            unsafe {
                return T::turn_avx2(&starts, count, to.as_mut_ptr(), each);
            }
        }
        let _ = level;
        for (j, to) in to.chunks_mut(each).take(count).enumerate() {
            for (to, row) in to.iter_mut().zip(rows) {
                *to = row[j];
            }
        }
    }

    /// Writes columns to their places. A place that is not within `to`, and one of no column, is left out.
    pub(crate) fn write(&self, level: Level, places: &[Place], to: &mut [T]) {
        let from = self.values.get(self.within.clone()).unwrap_or_default();
        #[cfg(target_arch = "x86_64")]
        if level.has_avx2() {
            #[expect(unsafe_code, reason = "not safe outside of a function compiled for it")]
            // SAFETY: the level proves the feature.
            unsafe {
                return avx2::write_columns(from, self.each, places, to);
            }
        }
        let _ = level;
        for place in places {
            let from = from.chunks_exact(self.each).nth(place.column);
            let to = place.at.checked_add(self.each).and_then(|end| to.get_mut(place.at..end));
            if let (Some(from), Some(to)) = (from, to) {
                to.copy_from_slice(from);
            }
        }
    }
}

/// Copies as many values as both have, past the caches where that can be.
pub(crate) fn copy_past_caches<T: Float>(level: Level, from: &[T], to: &mut [T]) {
    let length = from.len().min(to.len());
    let (from, to) = (&from[..length], &mut to[..length]);
    #[cfg(target_arch = "x86_64")]
    if level.has_avx2() {
        // Up to a line's start one by one; then whole lines; the rest one by one.
        let head = to.as_ptr().align_offset(64).min(length);
        let lines = (length - head) / T::LINE;
        let tail = head + lines * T::LINE;
        to[..head].copy_from_slice(&from[..head]);
        to[tail..].copy_from_slice(&from[tail..]);
        let (from, to) = (&from[head..tail], &mut to[head..tail]);
        #[expect(unsafe_code, reason = "the kernel takes pointers")]
        // SAFETY: the level proves the feature; both slices are `lines` times 64 bytes, of plain numbers, and `to` begins at
        // a multiple of 64 bytes unless there is no line.
        unsafe {
            avx2::stream_lines(from.as_ptr().cast(), to.as_mut_ptr().cast(), lines);
        }
        return;
    }
    let _ = level;
    to.copy_from_slice(from);
}

/// Orders what has been written past the caches before whatever follows. This thread sees its own lines in any case;
/// it is for others.
pub(crate) fn fence(level: Level) {
    #[cfg(target_arch = "x86_64")]
    if level.has_avx2() {
        #[expect(unsafe_code, reason = "not safe outside of a function compiled for it")]
        // SAFETY: every x86-64 processor has SSE.
        unsafe {
            std::arch::x86_64::_mm_sfence();
        }
    }
    let _ = level;
}

/// Asks memory for as many values as these, so many behind them: a row is longer than the page within which the
/// processor looks ahead by itself. Nothing is read.
#[inline(always)]
pub(crate) fn fetch_ahead<T>(values: &[T], ahead: usize) {
    #[cfg(target_arch = "x86_64")]
    for byte in (0..size_of_val(values)).step_by(64) {
        let next = values.as_ptr().wrapping_add(ahead).cast::<i8>().wrapping_add(byte);
        #[expect(unsafe_code, reason = "takes a pointer")]
        // SAFETY: a hint, which no address makes fail; every x86-64 processor has SSE.
        unsafe {
            std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(next);
        }
    }
    let _ = (values, ahead);
}

/// The most values of any type in a cache line.
pub(crate) const MOST: usize = 16;

#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "loads and stores of whole registers")]
pub(crate) mod avx2 {
    use super::{MOST, Place};
    use crate::Float;
    use std::arch::x86_64::{
        __m256, __m256d, __m256i, _mm256_castpd_ps, _mm256_castps_pd, _mm256_loadu_pd, _mm256_loadu_ps,
        _mm256_loadu_si256, _mm256_permute2f128_pd, _mm256_permute2f128_ps, _mm256_storeu_pd, _mm256_storeu_ps,
        _mm256_stream_si256, _mm256_unpackhi_pd, _mm256_unpackhi_ps, _mm256_unpacklo_pd, _mm256_unpacklo_ps,
    };
    use std::ops::Range;

    /// Eight rows turned into lines of eight: one for each of `count` columns, `apart` values from one to the next.
    ///
    /// # Safety
    /// The first eight of `rows` must be readable for `count` values, `to` writable for all lines.
    #[target_feature(enable = "avx2")]
    pub(crate) unsafe fn turn_f64(rows: &[*const f64; MOST], count: usize, to: *mut f64, apart: usize) {
        for first in (0..count - count % 4).step_by(4) {
            // SAFETY: rows 0 to 7 are readable up to `count`, and the block ends before that.
            let half = |row: usize| unsafe {
                let load = |k: usize| _mm256_loadu_pd(rows[row + k].add(first));
                let (a, b, c, d) = (load(0), load(1), load(2), load(3));
                let (ab_even, ab_odd) = (_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b));
                let (cd_even, cd_odd) = (_mm256_unpacklo_pd(c, d), _mm256_unpackhi_pd(c, d));
                [
                    _mm256_permute2f128_pd::<0x20>(ab_even, cd_even),
                    _mm256_permute2f128_pd::<0x20>(ab_odd, cd_odd),
                    _mm256_permute2f128_pd::<0x31>(ab_even, cd_even),
                    _mm256_permute2f128_pd::<0x31>(ab_odd, cd_odd),
                ]
            };
            let (low, high) = (half(0), half(4));
            for k in 0..4 {
                // SAFETY: the line of column `first + k` is writable.
                unsafe {
                    let to = to.add((first + k) * apart);
                    _mm256_storeu_pd(to, low[k]);
                    _mm256_storeu_pd(to.add(4), high[k]);
                }
            }
        }
        // SAFETY: as the caller promises.
        unsafe { turn_rest(rows, count - count % 4..count, 8, to, apart) };
    }

    /// Sixteen rows turned into lines of sixteen, as [`turn_f64`].
    ///
    /// # Safety
    /// As [`turn_f64`], for sixteen rows.
    #[target_feature(enable = "avx2")]
    pub(crate) unsafe fn turn_f32(rows: &[*const f32; MOST], count: usize, to: *mut f32, apart: usize) {
        let pair = |a: __m256, b: __m256| [_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b)];
        let four = |a: __m256, b: __m256| -> [__m256; 2] {
            let (a, b): (__m256d, __m256d) = (_mm256_castps_pd(a), _mm256_castps_pd(b));
            [_mm256_castpd_ps(_mm256_unpacklo_pd(a, b)), _mm256_castpd_ps(_mm256_unpackhi_pd(a, b))]
        };
        for first in (0..count - count % 8).step_by(8) {
            // Half a line at a time: more would not find room in the registers.
            for row in [0, 8] {
                // SAFETY: rows 0 to 15 are readable up to `count`, and the block ends before that.
                let load = |k: usize| unsafe { _mm256_loadu_ps(rows[row + k].add(first)) };
                // Pairs of rows, then pairs of pairs (moved as f64), then halves of a register.
                let quarter = |k: usize| {
                    let [ab_low, ab_high] = pair(load(k), load(k + 1));
                    let [cd_low, cd_high] = pair(load(k + 2), load(k + 3));
                    let ([c0, c1], [c2, c3]) = (four(ab_low, cd_low), four(ab_high, cd_high));
                    [c0, c1, c2, c3]
                };
                let (low, high) = (quarter(0), quarter(4));
                for k in 0..4 {
                    // SAFETY: the lines of columns `first + k` and `first + k + 4` are writable.
                    unsafe {
                        let to = to.add((first + k) * apart + row);
                        _mm256_storeu_ps(to, _mm256_permute2f128_ps::<0x20>(low[k], high[k]));
                        _mm256_storeu_ps(to.add(4 * apart), _mm256_permute2f128_ps::<0x31>(low[k], high[k]));
                    }
                }
            }
        }
        // SAFETY: as the caller promises.
        unsafe { turn_rest(rows, count - count % 8..count, 16, to, apart) };
    }

    /// Some of the columns, one by one.
    ///
    /// # Safety
    /// As the kernels', for `line` rows.
    unsafe fn turn_rest<T: Copy>(
        rows: &[*const T; MOST],
        columns: Range<usize>,
        line: usize,
        to: *mut T,
        apart: usize,
    ) {
        for j in columns {
            for (k, row) in rows[..line].iter().enumerate() {
                // SAFETY: row k is readable at j, and the line of column j is writable.
                unsafe { *to.add(j * apart + k) = *row.add(j) };
            }
        }
    }

    /// Copies columns of `each` values, whole lines, to their places past the caches; those that are not within `from` and `to` are left out.
    #[target_feature(enable = "avx2")]
    pub(crate) fn write_columns<T: Float>(from: &[T], each: usize, places: &[Place], to: &mut [T]) {
        let (Some(last), Some(columns)) = (to.len().checked_sub(each), from.len().checked_div(each)) else {
            return;
        };
        let aligned = to.as_ptr().addr().is_multiple_of(32);
        for &Place { column, at } in places {
            if at > last || column >= columns {
                continue;
            }
            // SAFETY: both have `each` values from there on, which are whole lines; streamed only to a multiple of 32 bytes.
            unsafe {
                let (from, to) =
                    (from.as_ptr().add(column * each).cast::<__m256i>(), to.as_mut_ptr().add(at).cast());
                if aligned && (at * size_of::<T>()).is_multiple_of(32) {
                    stream_lines(from, to, each / T::LINE);
                } else {
                    to.cast::<T>().copy_from_nonoverlapping(from.cast(), each);
                }
            }
        }
    }

    /// Copies lines of 64 bytes past the caches.
    ///
    /// # Safety
    /// `from` must be readable and `to` writable for `lines` times 64 bytes; `to` must be a multiple of 32.
    #[target_feature(enable = "avx2")]
    pub(crate) unsafe fn stream_lines(from: *const __m256i, to: *mut __m256i, lines: usize) {
        for half in 0..2 * lines {
            // SAFETY: as the caller promises.
            unsafe { _mm256_stream_si256(to.add(half), _mm256_loadu_si256(from.add(half))) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kernels_equal_their_twin<T: Float>(lines: usize) {
        let (source, each): (Vec<T>, _) = ((0..40 * 70).map(T::from_count).collect(), lines * T::LINE);
        let rows = |width: usize| -> Vec<&[T]> { (0..each).map(|k| &source[k * 70 + 1..][..width]).collect() };
        for width in [0, 1, 3, 4, 7, 8, 9, 16, 33, 64] {
            // Last first, aligned and not; one column left out, one place past the end, one that would wrap, no such column.
            let mut places: Vec<Place> =
                (0..width).rev().map(|column| Place { column, at: column * (each + 3) + column % 3 }).collect();
            places.extend(
                [(0, 64 * 40 - each + 1), (0, usize::MAX - 3), (width, 0), (usize::MAX, 0)]
                    .map(|(column, at)| Place { column, at }),
            );
            if width > 7 {
                places.remove(3);
            }
            let write = |level| {
                let mut turned = Turned::new(width, lines);
                for (line, rows) in rows(width).chunks(T::LINE).enumerate() {
                    turned.turn(level, line, rows);
                }
                let mut to = vec![T::ZERO; 64 * 40];
                turned.write(level, &places, &mut to);
                let mut copy = vec![T::ZERO; 64 * 20 + 5];
                copy_past_caches(level, &source[1..], &mut copy[width..]);
                fence(level);
                (to, copy)
            };
            let expected = write(Level::portable());
            for &Place { column, at } in
                places.iter().filter(|place| place.column < width && place.at <= 64 * 40 - each)
            {
                let of_rows: Vec<T> = rows(width).iter().map(|row| row[column]).collect();
                assert!(expected.0[at..][..each] == of_rows, "{column} of {width}");
            }
            for level in Level::available() {
                assert!(write(level) == expected, "{} values at {}", width, level.name());
            }
        }
    }

    #[test]
    fn rows_too_few_too_short_or_too_many_are_turned_as_far_as_there_is_room() {
        let rows = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0].map(|value| [value; 9]);
        for level in Level::available() {
            let turned_of = |rows: &[&[f64]], columns: usize| {
                let mut turned = Turned::new(columns, 1);
                turned.turn(level, 0, rows);
                let mut to = vec![0.0; 8 * 9];
                let places: Vec<Place> = (0..9).map(|column| Place { column, at: 8 * column }).collect();
                turned.write(level, &places, &mut to);
                to.chunks(8).map(|line| line.iter().sum()).collect::<Vec<f64>>()
            };
            let of = |rows: &[[f64; 9]], columns| {
                turned_of(&rows.iter().map(|row| &row[..]).collect::<Vec<_>>(), columns)
            };
            assert_eq!(of(&rows, 9), [36.0; 9]);
            assert_eq!(of(&rows[..3], 9), [6.0; 9]);
            assert_eq!(of(&rows, 2)[..2], [36.0; 2]);
            let short: Vec<&[f64]> = rows.iter().enumerate().map(|(k, row)| &row[..9 - k]).collect();
            assert_eq!(turned_of(&short, 9), [36.0, 36.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        }
    }

    #[test]
    fn lines_of_f64_and_f32_are_the_same_at_every_level() {
        for lines in [1, 2] {
            kernels_equal_their_twin::<f64>(lines);
            kernels_equal_their_twin::<f32>(lines);
        }
    }
}
