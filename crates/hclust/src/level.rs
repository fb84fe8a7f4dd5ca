//! The instruction set in use: detected once, passed down, forced by tests.

/// An instruction set for the row kernels. Owning a value proves that this processor has it.
///
/// Every level gives the same bits: each compiles the same scalar formulas for its registers, without fused
/// multiply-add.
///
/// ```
/// use hclust::Level;
/// assert!(Level::available().any(|level| level == Level::detect()));
/// assert_eq!(Level::portable().name(), "portable");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Level(Set);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Set {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
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
            let avx2 = is_x86_feature_detected!("avx2");
            let avx512 = avx2
                && is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512vl");
            [Some(Set::Portable), avx2.then_some(Set::Avx2), avx512.then_some(Set::Avx512)]
        };
        #[cfg(not(target_arch = "x86_64"))]
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
            Set::Avx512 => "avx512",
        }
    }

    /// Whether 256-bit registers may be used by name.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn has_avx2(self) -> bool {
        self.0 != Set::Portable
    }

    /// Whether it is the one for 512-bit registers.
    pub(crate) fn is_avx512(self) -> bool {
        #[cfg(target_arch = "x86_64")]
        return self.0 == Set::Avx512;
        #[cfg(not(target_arch = "x86_64"))]
        return false;
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
            // SAFETY: the value exists, so `available` has found the features on this processor.
            #[cfg(target_arch = "x86_64")]
            Set::Avx2 => unsafe { avx2(work) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Set::Avx512 => unsafe { avx512(work) },
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
