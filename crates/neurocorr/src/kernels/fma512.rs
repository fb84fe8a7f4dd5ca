//! AVX-512: three registers of neurons with eight neurons, in 24 sums, three of the left and one of the right: 28 of 32 registers.
//! What comes next is asked for a line at a time: all at once it would take the places that what is in work needs.
#![expect(unsafe_code, reason = "SIMD kernel; a plain loop of the tests is its safe twin")]

use super::fma::{HIGH, Next, Piece, TOGETHER, eight, piece, token};
use super::multiply::LINE_BYTES;
use std::arch::x86_64::{
    __m512, __m512d, _mm512_add_pd, _mm512_add_ps, _mm512_loadu_pd, _mm512_loadu_ps, _mm512_setzero_pd,
    _mm512_setzero_ps, _mm512_storeu_pd, _mm512_storeu_ps,
};

piece!(__m512d: 8 of f64 in zmm_reg, "avx512f", evenly true, ["prefetcht1 [{ask0}]", "prefetcht1 [{ask1}]", "prefetcht1 [{ask2}]", "prefetcht1 [{ask3}]"], "8", "vmovupd", "vbroadcastsd", "vfmadd231pd",
    _mm512_setzero_pd, _mm512_loadu_pd, _mm512_add_pd, _mm512_storeu_pd,
    8: [0: s0 s1 s2, 1: s3 s4 s5, 2: s6 s7 s8, 3: s9 s10 s11, 4: s12 s13 s14, 5: s15 s16 s17, 6: s18 s19 s20, 7: s21 s22 s23]);
piece!(__m512: 16 of f32 in zmm_reg, "avx512f", evenly true, ["prefetcht1 [{ask0}]", "prefetcht1 [{ask1}]", "prefetcht1 [{ask2}]", "prefetcht1 [{ask3}]"], "4", "vmovups", "vbroadcastss", "vfmadd231ps",
    _mm512_setzero_ps, _mm512_loadu_ps, _mm512_add_ps, _mm512_storeu_ps,
    8: [0: s0 s1 s2, 1: s3 s4 s5, 2: s6 s7 s8, 3: s9 s10 s11, 4: s12 s13 s14, 5: s15 s16 s17, 6: s18 s19 s20, 7: s21 s22 s23]);
