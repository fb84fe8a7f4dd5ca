//! Memory that threads use again, one after another, for as long as some work lasts.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};

/// What is in nobody's hands. Rayon makes anew what belongs to a thread whenever it splits work, and allocators keep for a thread what it
/// has freed; these are made once, by whoever calls, and what is freed after the work is there for what comes next.
#[derive(Debug)]
pub(crate) struct Spare<T>(Mutex<Vec<T>>);

impl<T: Default> Spare<T> {
    /// One for each thread.
    pub(crate) fn new(make: impl Fn() -> T) -> Self {
        Self(Mutex::new((0..rayon::current_num_threads()).map(|_| make()).collect()))
    }

    /// One of them, or a new one; it comes back when it is dropped, as it is then.
    pub(crate) fn take(&self) -> Taken<'_, T> {
        let spare = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        Taken { value: spare.unwrap_or_default(), home: self }
    }
}

/// In somebody's hands.
#[derive(Debug)]
pub(crate) struct Taken<'a, T: Default> {
    value: T,
    home: &'a Spare<T>,
}

impl<T: Default> Deref for Taken<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Default> DerefMut for Taken<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: Default> Drop for Taken<'_, T> {
    fn drop(&mut self) {
        let value = std::mem::take(&mut self.value);
        self.home.0.lock().unwrap_or_else(PoisonError::into_inner).push(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_for_each_thread_and_more_only_where_more_are_in_hands_and_each_is_as_it_was_left() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
        let spare = pool.install(|| Spare::new(|| vec![5]));
        let (mut a, b, c) = (spare.take(), spare.take(), spare.take());
        assert_eq!((&a[..], &b[..], &c[..]), (&[5][..], &[5][..], &[][..]));
        a.push(7);
        drop((b, c, a));
        assert_eq!(*spare.take(), [5, 7]);
        assert_eq!(*spare.take(), [5, 7]);
        assert_eq!(spare.0.lock().unwrap().len(), 3);
    }
}
