//! AVX2 and FMA: three registers of neurons with four neurons, in 12 sums, three of the left and one of the right: all 16 registers.
#![expect(unsafe_code, reason = "SIMD kernel; a plain loop of the tests is its safe twin")]

use super::fma::{HIGH, Piece};
use std::arch::asm;
use std::arch::x86_64::{
    __m256, __m256d, _mm256_add_pd, _mm256_add_ps, _mm256_loadu_pd, _mm256_loadu_ps, _mm256_setzero_pd,
    _mm256_setzero_ps, _mm256_storeu_pd, _mm256_storeu_ps,
};

/// Neurons on the right.
const WIDE: usize = 4;

/// Tokens between two jumps: so few jumps in a row that the processor foresees the last.
const UNROLLED: usize = 8;

/// One token, so many bytes further than the first.
macro_rules! token {
    ($load:literal, $splat:literal, $fma:literal, $bytes:literal, $from:literal) => {
        concat!(
            $load,
            " {a0}, [{left0} + ",
            $from,
            "]\n",
            $load,
            " {a1}, [{left1} + ",
            $from,
            "]\n",
            $load,
            " {a2}, [{left2} + ",
            $from,
            "]\n",
            $splat,
            " {b}, [{right} + ",
            $from,
            "]\n",
            $fma,
            " {s0}, {a0}, {b}\n",
            $fma,
            " {s1}, {a1}, {b}\n",
            $fma,
            " {s2}, {a2}, {b}\n",
            $splat,
            " {b}, [{right} + ",
            $from,
            " + ",
            $bytes,
            "]\n",
            $fma,
            " {s3}, {a0}, {b}\n",
            $fma,
            " {s4}, {a1}, {b}\n",
            $fma,
            " {s5}, {a2}, {b}\n",
            $splat,
            " {b}, [{right} + ",
            $from,
            " + 2 * ",
            $bytes,
            "]\n",
            $fma,
            " {s6}, {a0}, {b}\n",
            $fma,
            " {s7}, {a1}, {b}\n",
            $fma,
            " {s8}, {a2}, {b}\n",
            $splat,
            " {b}, [{right} + ",
            $from,
            " + 3 * ",
            $bytes,
            "]\n",
            $fma,
            " {s9}, {a0}, {b}\n",
            $fma,
            " {s10}, {a1}, {b}\n",
            $fma,
            " {s11}, {a2}, {b}\n",
        )
    };
}

/// Written out in instructions: where all registers are taken, compilers move loads of later tokens up and put sums into memory instead.
macro_rules! piece {
    ($register:ty: $lanes:literal of $value:ty, $bytes:literal, $load:literal, $splat:literal, $fma:literal,
        $zero:ident, $loaded:ident, $sum:ident, $store:ident) => {
        impl Piece for $register {
            type Value = $value;
            const LANES: usize = $lanes;
            const WIDE: usize = WIDE;

            #[target_feature(enable = "avx2,fma")]
            #[inline]
            unsafe fn add(
                left: [*const $value; HIGH],
                right: *const $value,
                tokens: usize,
                to: *mut $value,
                replace: bool,
            ) {
                let mut sums = [$zero(); HIGH * WIDE];
                // SAFETY: the caller knows that the processor has AVX2 and FMA, and that all tokens are there; nothing is written but the
                // registers named.
                unsafe {
                    asm!(
                        "test {eights}, {eights}",
                        "jz 3f",
                        "2:",
                        token!($load, $splat, $fma, $bytes, "0"),
                        token!($load, $splat, $fma, $bytes, "64"),
                        token!($load, $splat, $fma, $bytes, "128"),
                        token!($load, $splat, $fma, $bytes, "192"),
                        token!($load, $splat, $fma, $bytes, "256"),
                        token!($load, $splat, $fma, $bytes, "320"),
                        token!($load, $splat, $fma, $bytes, "384"),
                        token!($load, $splat, $fma, $bytes, "448"),
                        "add {left0}, 512",
                        "add {left1}, 512",
                        "add {left2}, 512",
                        "add {right}, 512",
                        "dec {eights}",
                        "jnz 2b",
                        "3:",
                        "test {ones}, {ones}",
                        "jz 5f",
                        "4:",
                        token!($load, $splat, $fma, $bytes, "0"),
                        "add {left0}, 64",
                        "add {left1}, 64",
                        "add {left2}, 64",
                        "add {right}, 64",
                        "dec {ones}",
                        "jnz 4b",
                        "5:",
                        eights = inout(reg) tokens / UNROLLED => _,
                        ones = inout(reg) tokens % UNROLLED => _,
                        left0 = inout(reg) left[0] => _,
                        left1 = inout(reg) left[1] => _,
                        left2 = inout(reg) left[2] => _,
                        right = inout(reg) right => _,
                        a0 = out(ymm_reg) _,
                        a1 = out(ymm_reg) _,
                        a2 = out(ymm_reg) _,
                        b = out(ymm_reg) _,
                        s0 = inout(ymm_reg) sums[0],
                        s1 = inout(ymm_reg) sums[1],
                        s2 = inout(ymm_reg) sums[2],
                        s3 = inout(ymm_reg) sums[3],
                        s4 = inout(ymm_reg) sums[4],
                        s5 = inout(ymm_reg) sums[5],
                        s6 = inout(ymm_reg) sums[6],
                        s7 = inout(ymm_reg) sums[7],
                        s8 = inout(ymm_reg) sums[8],
                        s9 = inout(ymm_reg) sums[9],
                        s10 = inout(ymm_reg) sums[10],
                        s11 = inout(ymm_reg) sums[11],
                        options(readonly, nostack),
                    );
                }
                for (at, sum) in sums.into_iter().enumerate() {
                    let to = to.wrapping_add(at * $lanes);
                    // SAFETY: `to` has room for all sums.
                    unsafe { $store(to, if replace { sum } else { $sum($loaded(to), sum) }) };
                }
            }
        }
    };
}

piece!(__m256d: 4 of f64, "8", "vmovupd", "vbroadcastsd", "vfmadd231pd",
    _mm256_setzero_pd, _mm256_loadu_pd, _mm256_add_pd, _mm256_storeu_pd);
piece!(__m256: 8 of f32, "4", "vmovups", "vbroadcastss", "vfmadd231ps",
    _mm256_setzero_ps, _mm256_loadu_ps, _mm256_add_ps, _mm256_storeu_ps);
