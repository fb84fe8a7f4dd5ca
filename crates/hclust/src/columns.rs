//! Columns of the condensed matrix turned into rows, a cache line of each at a time.

use crate::Float;
use crate::level::Level;
use crate::lines::{MOST, Place, Turned, fetch_ahead};
use crate::observer::Gate;

/// Condensed rows after which it is asked whether to go on: the first touch of memory can be slow.
const ASKED: usize = 512;

/// Lines of a column between those that are turned and those that memory is asked for.
const AHEAD: usize = 4;

/// So many columns of the condensed matrix, from one on.
pub(crate) struct CondensedColumns<'a, T> {
    pub(crate) level: Level,
    pub(crate) values: &'a [T],
    /// Start of each condensed row, so that adding the column gives the place.
    pub(crate) offsets: &'a [usize],
    pub(crate) first: usize,
    pub(crate) count: usize,
    /// Where to ask whether to go on.
    pub(crate) gate: &'a Gate<'a>,
}

impl<T: Float> CondensedColumns<'_, T> {
    /// What of the columns lies in the first `above` condensed rows, a multiple of a line and at most `first`: turned into rows `pitch`
    /// values apart. `see` is shown a few condensed rows at a time, and the number of the first of them. Behind a closed gate the rest is
    /// left as it is.
    pub(crate) fn turn(&self, above: usize, pitch: usize, to: &mut [T], mut see: impl FnMut(usize, &[&[T]])) {
        let row = |i: usize| &self.values[self.offsets[i].wrapping_add(self.first)..][..self.count];
        let mut places: Vec<Place> =
            (0..self.count).map(|column| Place { column, at: column * pitch }).collect();
        let mut turned = Turned::new(self.count, 1);
        for i in (0..above).step_by(T::LINE) {
            if i % ASKED == 0 && self.gate.is_closed() {
                return;
            }
            let mut rows: [&[T]; MOST] = [&[]; MOST];
            for (k, to) in rows[..T::LINE].iter_mut().enumerate() {
                *to = row(i + k);
                // Each is in another page, which no processor foresees.
                fetch_ahead(row((i + k + AHEAD * T::LINE).min(above - 1)), 0);
            }
            turned.turn(self.level, 0, &rows[..T::LINE]);
            turned.write(self.level, &places, to);
            see(i, &rows[..T::LINE]);
            places.iter_mut().for_each(|place| place.at += T::LINE);
        }
    }
}
