//! What the processor can do at most: loops that touch nothing but registers, on all cores at once.
#![expect(
    unsafe_code,
    reason = "functions compiled for more than the target has, and the kernels of faer's `f32` product"
)]

use std::hint::black_box;
use std::time::Instant;

/// Sums side by side: more than the latency of a multiply-add times what a core begins in a cycle, and few enough for sixteen
/// registers.
const SUMS: usize = 12;

/// How often each loop is timed.
const TIMES: usize = 5;

/// Multiply-adds a second of all cores together, by what is multiplied; none of what this processor does not have.
#[must_use]
pub fn peaks() -> Vec<(&'static str, f64)> {
    loops().into_iter().map(|(name, run, each)| (name, rate(run, each))).collect()
}

/// Adds in so many turns, whatever to.
type Loop = fn(u64);

/// Name, loop, multiply-adds of a turn.
#[cfg(target_arch = "x86_64")]
fn loops() -> Vec<(&'static str, Loop, usize)> {
    let mut loops: Vec<(&'static str, Loop, usize)> = Vec::new();
    if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("fma") {
        // SAFETY: AVX-512 F has been found, and FMA.
        loops.push(("fma-f64", |turns| unsafe { x86::doubles_512(turns) }, 8 * SUMS));
        // SAFETY: as above.
        loops.push(("fma-f32", |turns| unsafe { x86::singles_512(turns) }, 16 * SUMS));
        // What it would do without AVX-512.
        // SAFETY: as above.
        loops.push(("fma-f32-avx2", |turns| unsafe { x86::singles_256(turns) }, 8 * SUMS));
    } else if is_x86_feature_detected!("fma") {
        // SAFETY: FMA, and with it AVX, has been found.
        loops.push(("fma-f64", |turns| unsafe { x86::doubles_256(turns) }, 4 * SUMS));
        // SAFETY: as above.
        loops.push(("fma-f32", |turns| unsafe { x86::singles_256(turns) }, 8 * SUMS));
    }
    if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vnni") {
        // SAFETY: both have been found.
        loops.push(("vnni-bytes", |turns| unsafe { x86::bytes_512(turns) }, 64 * SUMS));
    }
    if is_x86_feature_detected!("avxvnni") {
        // SAFETY: AVX-VNNI, and with it AVX2, has been found.
        loops.push(("vnni-bytes-256", |turns| unsafe { x86::bytes_256(turns) }, 32 * SUMS));
    }
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        loops.push(("faer-f32-avx2", |turns| x86::product_256(turns), x86::SIDE * x86::SIDE * x86::DEPTH));
    }
    loops
}

#[cfg(not(target_arch = "x86_64"))]
fn loops() -> Vec<(&'static str, Loop, usize)> {
    Vec::new()
}

/// The best of some times: what else runs on the machine only takes from it.
fn rate(run: Loop, each: usize) -> f64 {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let seconds = |turns: u64| {
        let start = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..cores {
                scope.spawn(|| run(turns));
            }
        });
        start.elapsed().as_secs_f64()
    };
    // As many turns as take about a fifth of a second.
    let mut turns = 1;
    while seconds(turns) < 0.2 {
        turns *= 2;
    }
    let best = (0..TIMES).map(|_| seconds(turns)).fold(f64::INFINITY, f64::min);
    each as f64 * turns as f64 * cores as f64 / best
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::{SUMS, black_box};
    use private_gemm_x86::{Accum, DType, DstKind, IType, InstrSet, gemm};
    use std::arch::x86_64::{
        _mm256_dpbusd_avx_epi32, _mm256_fmadd_pd, _mm256_fmadd_ps, _mm256_set1_epi32, _mm256_set1_pd,
        _mm256_set1_ps, _mm512_dpbusd_epi32, _mm512_fmadd_pd, _mm512_fmadd_ps, _mm512_set1_epi32,
        _mm512_set1_pd, _mm512_set1_ps,
    };

    /// Twelve sums that differ, so that none is another's, each added to in every turn.
    #[inline(always)]
    fn spin<R: Copy>(turns: u64, begin: impl Fn(usize) -> R, add: impl Fn(R) -> R) {
        let mut sums: [R; SUMS] = std::array::from_fn(begin);
        (0..turns).for_each(|_| sums.iter_mut().for_each(|sum| *sum = add(*sum)));
        black_box(sums);
    }

    #[target_feature(enable = "avx512f")]
    pub(super) fn doubles_512(turns: u64) {
        let (a, b) = (_mm512_set1_pd(black_box(0.5)), _mm512_set1_pd(black_box(0.25)));
        spin(turns, |at| _mm512_set1_pd(at as f64), |sum| _mm512_fmadd_pd(a, b, sum));
    }

    #[target_feature(enable = "avx512f")]
    pub(super) fn singles_512(turns: u64) {
        let (a, b) = (_mm512_set1_ps(black_box(0.5)), _mm512_set1_ps(black_box(0.25)));
        spin(turns, |at| _mm512_set1_ps(at as f32), |sum| _mm512_fmadd_ps(a, b, sum));
    }

    #[target_feature(enable = "fma")]
    pub(super) fn doubles_256(turns: u64) {
        let (a, b) = (_mm256_set1_pd(black_box(0.5)), _mm256_set1_pd(black_box(0.25)));
        spin(turns, |at| _mm256_set1_pd(at as f64), |sum| _mm256_fmadd_pd(a, b, sum));
    }

    #[target_feature(enable = "fma")]
    pub(super) fn singles_256(turns: u64) {
        let (a, b) = (_mm256_set1_ps(black_box(0.5)), _mm256_set1_ps(black_box(0.25)));
        spin(turns, |at| _mm256_set1_ps(at as f32), |sum| _mm256_fmadd_ps(a, b, sum));
    }

    #[target_feature(enable = "avx512f,avx512vnni")]
    pub(super) fn bytes_512(turns: u64) {
        let (a, b) = (_mm512_set1_epi32(black_box(0x0101_0101)), _mm512_set1_epi32(black_box(0x0201_0201)));
        spin(turns, |at| _mm512_set1_epi32(at as i32), |sum| _mm512_dpbusd_epi32(sum, a, b));
    }

    #[target_feature(enable = "avx2,avxvnni")]
    pub(super) fn bytes_256(turns: u64) {
        let (a, b) = (_mm256_set1_epi32(black_box(0x0101_0101)), _mm256_set1_epi32(black_box(0x0201_0201)));
        spin(turns, |at| _mm256_set1_epi32(at as i32), |sum| _mm256_dpbusd_avx_epi32(sum, a, b));
    }

    /// Rows, columns and tokens of the product: large enough for its packing to be nothing.
    pub(super) const SIDE: usize = 768;
    pub(super) const DEPTH: usize = 2_048;

    /// faer's `f32` product with the instructions that a processor without AVX-512 has: faer itself takes what there is.
    pub(super) fn product_256(turns: u64) {
        let values = vec![0.5_f32; SIDE * DEPTH];
        let mut out = vec![0.0_f32; SIDE * SIDE];
        let side = SIDE as isize;
        for _ in 0..turns {
            // SAFETY: `out` is a SIDE x SIDE matrix by columns, `values` a SIDE x DEPTH one by rows and read as its transpose by
            // columns; AVX2 and FMA were found before this was listed.
            unsafe {
                gemm(
                    DType::F32,
                    IType::U64,
                    InstrSet::Avx256,
                    SIDE,
                    SIDE,
                    DEPTH,
                    out.as_mut_ptr().cast(),
                    1,
                    side,
                    std::ptr::null(),
                    std::ptr::null(),
                    DstKind::Full,
                    Accum::Replace,
                    values.as_ptr().cast(),
                    1,
                    side,
                    false,
                    std::ptr::null(),
                    0,
                    values.as_ptr().cast(),
                    side,
                    1,
                    false,
                    std::ptr::from_ref(&1.0_f32).cast(),
                    1,
                );
            }
        }
        black_box(out);
    }
}
