//! The two element types, behind one sealed trait.

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// `f32` or `f64`. All arithmetic of this crate is done in `f64`; this is only what the input may hold.
pub trait Float:
    sealed::Sealed + Copy + Default + PartialOrd + Into<f64> + Send + Sync + std::fmt::Debug + 'static
{
}

impl Float for f32 {}
impl Float for f64 {}
