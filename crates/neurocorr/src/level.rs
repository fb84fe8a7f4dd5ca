//! The instruction set in use: detected once, passed down, forced by tests.

/// An instruction set for the kernels. Owning a value proves that this processor has it.
///
/// Every level gives the same bits: whole numbers are exact, and loops over floats are the same scalar formulas compiled
/// for wider registers, without fused multiply-add. With AVX2 alone the bytes of a [`Screen`](crate::Screen) are half as fine, so that
/// it may have more candidates; the pairs found are the same. Only the products of a whole matrix ([`Dense`](crate::Dense),
/// [`CrossProducts`](crate::CrossProducts)) are by the fastest kernel that the processor has, each within the same bound.
///
/// ```
/// use neurocorr::Level;
/// assert!(Level::available().any(|level| level == Level::detect()));
/// assert_eq!(Level::portable().name(), "portable");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Level(pub(crate) Set);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Set {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    AvxVnni,
    #[cfg(target_arch = "x86_64")]
    Avx512Vnni,
    #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
    NeonDot,
}

/// How many of the levels that there are [`Level::detect`] may choose from, in this process.
#[cfg(feature = "proptest")]
pub(crate) static LIMIT: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(usize::MAX);

#[cfg(feature = "proptest")]
fn limit() -> usize {
    LIMIT.load(std::sync::atomic::Ordering::Relaxed)
}

#[cfg(not(feature = "proptest"))]
fn limit() -> usize {
    usize::MAX
}

impl Level {
    /// What the compiler's target always has (SSE2 on x86-64, NEON on 64-bit ARM).
    #[must_use]
    pub const fn portable() -> Self {
        Self(Set::Portable)
    }

    /// The best level of this processor.
    #[must_use]
    pub fn detect() -> Self {
        Self::available().take(limit()).last().unwrap_or(Self::portable())
    }

    /// All levels of this processor, ascending.
    pub fn available() -> impl Iterator<Item = Self> {
        #[cfg(target_arch = "x86_64")]
        let sets = {
            // Every processor with AVX2 but a few of VIA has FMA.
            let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
            let avx512 = avx2
                && is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512vnni");
            let avx_vnni = avx2 && is_x86_feature_detected!("avxvnni");
            [
                Some(Set::Portable),
                avx2.then_some(Set::Avx2),
                avx_vnni.then_some(Set::AvxVnni),
                avx512.then_some(Set::Avx512Vnni),
            ]
        };
        #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
        let sets =
            [Some(Set::Portable), std::arch::is_aarch64_feature_detected!("dotprod").then_some(Set::NeonDot)];
        #[cfg(not(any(target_arch = "x86_64", all(target_arch = "aarch64", target_endian = "little"))))]
        let sets = [Some(Set::Portable)];
        sets.into_iter().flatten().map(Self)
    }

    /// Its name in lower case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            Set::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Set::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Set::AvxVnni => "avxvnni",
            #[cfg(target_arch = "x86_64")]
            Set::Avx512Vnni => "avx512vnni",
            #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
            Set::NeonDot => "neondot",
        }
    }

    /// Does the work compiled for this level.
    #[inline]
    #[cfg_attr(
        target_arch = "x86_64",
        expect(unsafe_code, reason = "a function compiled for more than the target has")
    )]
    pub(crate) fn run<W: Work>(self, work: W) -> W::Output {
        match self.0 {
            Set::Portable => work.run(),
            // NEON is part of the target: loops are compiled for it as they are.
            #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
            Set::NeonDot => work.run(),
            // SAFETY: the value exists, so `available` has found the features on this processor.
            #[cfg(target_arch = "x86_64")]
            Set::Avx2 | Set::AvxVnni => unsafe { avx2(work) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Set::Avx512Vnni => unsafe { avx512(work) },
        }
    }
}

/// A loop that is compiled once for each level: its `run` must be `inline(always)`, and what it calls inlined too.
pub(crate) trait Work {
    type Output;

    fn run(self) -> Self::Output;
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn avx2<W: Work>(work: W) -> W::Output {
    work.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,avx512f,avx512dq,avx512bw,avx512vl")]
fn avx512<W: Work>(work: W) -> W::Output {
    work.run()
}
