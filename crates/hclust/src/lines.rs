//! Rows turned into columns, a cache line at a time, written past the caches; with a portable twin.

use crate::Float;
use crate::level::Level;

/// Turns rows into columns: for each column j that has a place, the values `rows[0][j], rows[1][j], …` are written side
/// by side at `to[places[j]]`. There are [`LINE`](crate::float::sealed::Lanes::LINE) rows, all of `places.len()`
/// values. A place that is not within `to` is left out.
pub(crate) fn write_lines<T: Float>(level: Level, rows: &[&[T]], places: &[usize], to: &mut [T]) {
    #[cfg(target_arch = "x86_64")]
    if level.has_avx2() && rows.len() == T::LINE && rows.iter().all(|row| row.len() == places.len()) {
        let mut starts = [std::ptr::null(); MOST];
        for (start, row) in starts.iter_mut().zip(rows) {
            *start = row.as_ptr();
        }
        #[expect(unsafe_code, reason = "the kernel takes pointers")]
        // SAFETY: the level proves the feature; LINE rows of `places.len()` values are there, and `to` is a slice.
        unsafe {
            return T::write_lines_avx2(&starts, places, to.as_mut_ptr(), to.len());
        }
    }
    let _ = level;
    for (j, &place) in places.iter().enumerate() {
        let end = place.checked_add(T::LINE);
        let Some(line) = end.and_then(|end| to.get_mut(place..end)) else { continue };
        for (to, row) in line.iter_mut().zip(rows) {
            *to = row[j];
        }
    }
}

/// As [`write_lines`], with rows that lie in the memory that is written to, each `places.len()` values from its start
/// on. No place may fall into what is read: which of the values are then written is not said.
pub(crate) fn write_lines_within<T: Float>(level: Level, starts: &[usize], places: &[usize], cells: &mut [T]) {
    #[cfg(target_arch = "x86_64")]
    if level.has_avx2()
        && starts.len() == T::LINE
        && starts.iter().all(|&start| start <= cells.len() && cells.len() - start >= places.len())
    {
        let (base, mut rows) = (cells.as_mut_ptr(), [std::ptr::null(); MOST]);
        for (row, &start) in rows.iter_mut().zip(starts) {
            *row = base.wrapping_add(start).cast_const();
        }
        #[expect(unsafe_code, reason = "the kernel takes pointers")]
        // SAFETY: the level proves the feature; LINE rows of `places.len()` values are within the slice; all reads and
        // writes go through pointers from the one borrow of it.
        unsafe {
            return T::write_lines_avx2(&rows, places, base, cells.len());
        }
    }
    let _ = level;
    for (j, &place) in places.iter().enumerate() {
        if place.checked_add(T::LINE).is_none_or(|end| end > cells.len()) {
            continue;
        }
        for (k, &start) in starts.iter().enumerate() {
            cells[place + k] = cells[start + j];
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
    use super::MOST;
    use std::arch::x86_64::{
        __m256, __m256d, __m256i, _mm256_castpd_ps, _mm256_castps_pd, _mm256_loadu_pd, _mm256_loadu_ps,
        _mm256_loadu_si256, _mm256_permute2f128_pd, _mm256_permute2f128_ps, _mm256_storeu_pd, _mm256_storeu_ps,
        _mm256_stream_pd, _mm256_stream_ps, _mm256_stream_si256, _mm256_unpackhi_pd, _mm256_unpackhi_ps,
        _mm256_unpacklo_pd, _mm256_unpacklo_ps,
    };

    /// Eight rows turned into lines of eight.
    ///
    /// # Safety
    /// The first eight of `rows` must be readable for `places.len()` values, `to` writable for `length` values.
    #[target_feature(enable = "avx2")]
    pub(crate) unsafe fn write_f64(rows: &[*const f64; MOST], places: &[usize], to: *mut f64, length: usize) {
        let aligned = (to as usize).is_multiple_of(32);
        let (blocks, rest) = places.as_chunks::<4>();
        for (block, places) in blocks.iter().enumerate() {
            // SAFETY: rows 0 to 7 are readable up to `places.len()`, and the block ends before that.
            let half = |first: usize| unsafe {
                let load = |k: usize| _mm256_loadu_pd(rows[first + k].add(4 * block));
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
                let place = places[k];
                if place > length || length - place < 8 {
                    continue;
                }
                // SAFETY: eight values from `place` on are writable; streamed only to a multiple of 32 bytes.
                unsafe {
                    let to = to.add(place);
                    if aligned && place.is_multiple_of(4) {
                        _mm256_stream_pd(to, low[k]);
                        _mm256_stream_pd(to.add(4), high[k]);
                    } else {
                        _mm256_storeu_pd(to, low[k]);
                        _mm256_storeu_pd(to.add(4), high[k]);
                    }
                }
            }
        }
        // SAFETY: as the caller promises.
        unsafe { write_rest(rows, places, places.len() - rest.len(), 8, to, length) };
    }

    /// Sixteen rows turned into lines of sixteen.
    ///
    /// # Safety
    /// All of `rows` must be readable for `places.len()` values, `to` writable for `length` values.
    #[target_feature(enable = "avx2")]
    pub(crate) unsafe fn write_f32(rows: &[*const f32; MOST], places: &[usize], to: *mut f32, length: usize) {
        let aligned = (to as usize).is_multiple_of(32);
        let pair = |a: __m256, b: __m256| [_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b)];
        let four = |a: __m256, b: __m256| -> [__m256; 2] {
            let (a, b): (__m256d, __m256d) = (_mm256_castps_pd(a), _mm256_castps_pd(b));
            [_mm256_castpd_ps(_mm256_unpacklo_pd(a, b)), _mm256_castpd_ps(_mm256_unpackhi_pd(a, b))]
        };
        let (blocks, rest) = places.as_chunks::<8>();
        for (block, places) in blocks.iter().enumerate() {
            // SAFETY: rows 0 to 15 are readable up to `places.len()`, and the block ends before that.
            let load = |k: usize| unsafe { _mm256_loadu_ps(rows[k].add(8 * block)) };
            // Pairs of rows, then pairs of pairs (moved as f64), then halves of a register.
            let quarter = |first: usize| {
                let [ab_low, ab_high] = pair(load(first), load(first + 1));
                let [cd_low, cd_high] = pair(load(first + 2), load(first + 3));
                let ([c0, c1], [c2, c3]) = (four(ab_low, cd_low), four(ab_high, cd_high));
                [c0, c1, c2, c3]
            };
            let quarters = [quarter(0), quarter(4), quarter(8), quarter(12)];
            for k in 0..8 {
                let place = places[k];
                if place > length || length - place < 16 {
                    continue;
                }
                let [q0, q1, q2, q3] = quarters.map(|quarter| quarter[k % 4]);
                let (low, high) = if k < 4 {
                    (_mm256_permute2f128_ps::<0x20>(q0, q1), _mm256_permute2f128_ps::<0x20>(q2, q3))
                } else {
                    (_mm256_permute2f128_ps::<0x31>(q0, q1), _mm256_permute2f128_ps::<0x31>(q2, q3))
                };
                // SAFETY: 16 values from `place` on are writable; streamed only to a multiple of 32 bytes.
                unsafe {
                    let to = to.add(place);
                    if aligned && place.is_multiple_of(8) {
                        _mm256_stream_ps(to, low);
                        _mm256_stream_ps(to.add(8), high);
                    } else {
                        _mm256_storeu_ps(to, low);
                        _mm256_storeu_ps(to.add(8), high);
                    }
                }
            }
        }
        // SAFETY: as the caller promises.
        unsafe { write_rest(rows, places, places.len() - rest.len(), 16, to, length) };
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

    /// The columns from `first` on, one by one.
    ///
    /// # Safety
    /// As the kernels', for `line` rows.
    unsafe fn write_rest<T: Copy>(
        rows: &[*const T; MOST],
        places: &[usize],
        first: usize,
        line: usize,
        to: *mut T,
        length: usize,
    ) {
        for (j, &place) in places.iter().enumerate().skip(first) {
            if place > length || length - place < line {
                continue;
            }
            for (k, row) in rows[..line].iter().enumerate() {
                // SAFETY: row k is readable at j, and `line` values from `place` on are writable.
                unsafe { *to.add(place + k) = *row.add(j) };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kernels_equal_their_twin<T: Float>() {
        let source: Vec<T> = (0..40 * 70).map(T::from_count).collect();
        for width in [0, 1, 3, 4, 7, 8, 9, 16, 33, 64] {
            // In order, aligned and not; one place left out, one past the end, one that would wrap.
            let mut places: Vec<usize> = (0..width).map(|j| j * (T::LINE + j % 3)).collect();
            for (j, place) in [(1, usize::MAX), (2, 64 * 20), (6, usize::MAX - 3)] {
                places.iter_mut().skip(j).take(1).for_each(|at| *at = place);
            }
            let rows: Vec<&[T]> = (0..T::LINE).map(|k| &source[k * 70 + 1..][..width]).collect();
            let starts: Vec<usize> = (0..T::LINE).map(|k| k * 70 + 3).collect();
            let write = |level| {
                let mut to = vec![T::ZERO; 64 * 20];
                write_lines(level, &rows, &places, &mut to);
                let mut cells = [source.clone(), vec![T::ZERO; 64 * 20]].concat();
                let within: Vec<usize> = places.iter().map(|&p| p.saturating_add(source.len())).collect();
                write_lines_within(level, &starts, &within, &mut cells);
                let mut copy = vec![T::ZERO; 64 * 20 + 5];
                copy_past_caches(level, &source[1..], &mut copy[width..]);
                fence(level);
                (to, cells, copy)
            };
            let expected = write(Level::portable());
            assert!(width < 4 || expected.0.iter().any(|&value| value > T::ZERO));
            for level in Level::available() {
                assert_eq!(write(level), expected, "{} values at {}", width, level.name());
            }
        }
    }

    #[test]
    fn lines_of_f64_and_f32_are_the_same_at_every_level() {
        kernels_equal_their_twin::<f64>();
        kernels_equal_their_twin::<f32>();
    }
}
