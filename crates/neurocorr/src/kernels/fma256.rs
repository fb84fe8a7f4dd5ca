//! AVX2 and FMA: three registers of neurons with four neurons, in 12 sums, three of the left and one of the right: all 16 registers.
//! What comes next is asked for at once: between these few instructions a loop for it costs more than it brings (`NOTE.md`).
#![expect(unsafe_code, reason = "SIMD kernel; a plain loop of the tests is its safe twin")]

use super::fma::{HIGH, Next, Piece, TOGETHER, eight, piece, token};
use super::multiply::LINE_BYTES;
use std::arch::x86_64::{
    __m256, __m256d, _mm256_add_pd, _mm256_add_ps, _mm256_loadu_pd, _mm256_loadu_ps, _mm256_setzero_pd,
    _mm256_setzero_ps, _mm256_storeu_pd, _mm256_storeu_ps,
};

piece!(__m256d: 4 of f64 in ymm_reg, "avx2,fma", evenly false, ["", "", "", ""], "8", "vmovupd", "vbroadcastsd", "vfmadd231pd",
    _mm256_setzero_pd, _mm256_loadu_pd, _mm256_add_pd, _mm256_storeu_pd,
    4: [0: s0 s1 s2, 1: s3 s4 s5, 2: s6 s7 s8, 3: s9 s10 s11]);
piece!(__m256: 8 of f32 in ymm_reg, "avx2,fma", evenly false, ["", "", "", ""], "4", "vmovups", "vbroadcastss", "vfmadd231ps",
    _mm256_setzero_ps, _mm256_loadu_ps, _mm256_add_ps, _mm256_storeu_ps,
    4: [0: s0 s1 s2, 1: s3 s4 s5, 2: s6 s7 s8, 3: s9 s10 s11]);
