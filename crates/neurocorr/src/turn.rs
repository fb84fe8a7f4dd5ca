//! Rows of tokens turned into lines of neurons: centred, scaled, each neuron's tokens side by side.

use crate::kernels::prefetch;
use crate::level::{Level, Work};
use crate::moments::{Standard, Standards};
use crate::{Columns, Float, Order, Precision};
use std::ops::Range;

/// Neurons that are turned together.
pub(crate) const LINES: usize = 64;

/// Rows that are turned together: each line then receives whole cache lines.
const ROWS: usize = 8;

/// Neurons that are turned together, and how each is standardised.
pub(crate) struct Group<'a> {
    neurons: &'a [usize],
    standards: Standards<LINES>,
}

impl<'a> Group<'a> {
    /// Of neurons that ascend and have a standard each.
    pub(crate) fn all(neurons: &'a [usize], standards: &[Standard]) -> Vec<Self> {
        let of = |neurons: &'a [usize]| Self {
            neurons,
            standards: Standards::of(neurons.iter().filter_map(|&neuron| standards.get(neuron))),
        };
        neurons.chunks(LINES).map(of).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.neurons.len()
    }
}

/// Groups that one thread turns together.
pub(crate) fn bunch(groups: usize) -> usize {
    groups.div_ceil(2 * rayon::current_num_threads()).max(1)
}

/// Writes the standardised values of some neurons into `out`: those of the `k`-th of all from place `k · stride` on, a place for
/// each token. Every group but the last must be of 64 neurons; all must lie in the matrix, and `out` must have room.
///
/// A few rows of all groups come before the next rows: what one thread reads of a row lies side by side.
pub(crate) fn standardized_lines<T: Float, P: Precision>(
    columns: &Columns<'_, T>,
    tokens: &Range<usize>,
    groups: &[Group<'_>],
    level: Level,
    out: &mut [P],
    stride: usize,
) {
    match columns.order() {
        Order::ColumnMajor => {
            for (group, out) in groups.iter().zip(out.chunks_mut(LINES * stride)) {
                for (at, (line, &neuron)) in out.chunks_mut(stride).zip(group.neurons).enumerate() {
                    for (to, &from) in line.iter_mut().zip(columns.column(neuron, tokens)) {
                        *to = P::of(group.standards.apply(at, from.into()));
                    }
                }
            }
        }
        Order::RowMajor => level.run(Turn { columns, tokens: tokens.clone(), groups, out, stride }),
    }
}

struct Turn<'a, 'b, T, P> {
    columns: &'a Columns<'b, T>,
    tokens: Range<usize>,
    groups: &'a [Group<'a>],
    out: &'a mut [P],
    stride: usize,
}

impl<T: Float, P: Precision> Work for Turn<'_, '_, T, P> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { columns, tokens, groups, out, stride } = self;
        for start in tokens.clone().step_by(ROWS) {
            let rows = start..tokens.end.min(start + ROWS);
            for (group, out) in groups.iter().zip(out.chunks_mut(LINES * stride)) {
                turn(columns, &rows, tokens.end - 1, group, out, stride, start - tokens.start);
            }
        }
    }
}

/// A few rows of one group, to `place` of its lines.
#[inline(always)]
fn turn<T: Float, P: Precision>(
    columns: &Columns<'_, T>,
    rows: &Range<usize>,
    last_token: usize,
    group: &Group<'_>,
    out: &mut [P],
    stride: usize,
    place: usize,
) {
    let Group { neurons, standards } = group;
    let (Some(&first), Some(&last)) = (neurons.first(), neurons.last()) else { return };
    // Neurons ascend: as many as there are places between them are all of those.
    let all = last - first + 1 == neurons.len();
    let range = first..last + 1;
    let mut raw = [T::default(); LINES];
    let mut values = [[P::default(); LINES]; ROWS];
    prefetch_places(out, stride, neurons.len(), place);
    for (values, token) in values.iter_mut().zip(rows.clone()) {
        prefetch(columns.row((token + ROWS).min(last_token), &range));
        let row = columns.row(token, &range);
        if let Some(row) = row.first_chunk::<LINES>().filter(|_| all) {
            raw = *row;
        } else if all {
            raw[..neurons.len()].copy_from_slice(row);
        } else {
            for (to, &neuron) in raw.iter_mut().zip(*neurons) {
                *to = row[neuron - first];
            }
        }
        for (at, value) in values.iter_mut().enumerate() {
            *value = P::of(standards.apply(at, raw[at].into()));
        }
    }
    let turned = |at: usize| -> [P; ROWS] { std::array::from_fn(|row| values[row][at]) };
    let lines =
        out.chunks_mut(stride).take(neurons.len()).map(|line| line.get_mut(place..).unwrap_or_default());
    if rows.len() == ROWS {
        // A whole cache line by one store. (In one loop with what follows it would be a call.)
        for (at, line) in lines.enumerate() {
            if let Some(to) = line.first_chunk_mut() {
                *to = turned(at);
            }
        }
    } else {
        for (at, line) in lines.enumerate() {
            line[..rows.len()].copy_from_slice(&turned(at)[..rows.len()]);
        }
    }
}

/// Asks for the places of the next rows in all lines: writing to memory that is far away has to wait for it too.
#[inline(always)]
fn prefetch_places<P>(out: &[P], stride: usize, lines: usize, place: usize) {
    for line in out.chunks(stride).take(lines) {
        if let Some(places) = line.get(place..place + ROWS) {
            prefetch(places);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Moments, NonFinite};

    #[test]
    fn lines_are_what_a_plain_loop_gives_at_every_level_in_both_orders_for_any_neurons() {
        let (tokens, neurons) = (37, 70);
        let mut values = testkit::activations(tokens, neurons, 4, 3);
        values.iter_mut().skip(5).step_by(neurons).for_each(|v| *v = 2.5);
        values[3 * neurons + 9] = f64::NAN;
        let column = |n: usize| values.iter().skip(n).step_by(neurons).copied().collect::<Vec<_>>();
        let turned: Vec<f64> = (0..neurons).flat_map(column).collect();
        let rows = Columns::row_major(&values, tokens, neurons).unwrap();
        let columns = Columns::column_major(&turned, tokens, neurons).unwrap();
        let standards = Moments::of(&rows).standards(NonFinite::Uncorrelated).unwrap();
        let all: Vec<usize> = (3..3 + LINES).collect();
        let two_groups: Vec<usize> = (0..neurons).collect();
        for wanted in [&all[..], &two_groups, &[0, 5, 8, 9, 33, 69], &[1, 2, 3], &[]] {
            for range in [0..tokens, 8..16, 5..6, 30..30] {
                for (x, level) in Level::available().flat_map(|level| [(rows, level), (columns, level)]) {
                    let stride = range.len() + 3;
                    let mut out = vec![f64::MAX; wanted.len() * stride];
                    let groups = Group::all(wanted, &standards);
                    standardized_lines(&x, &range, &groups, level, &mut out, stride);
                    for (line, &neuron) in out.chunks(stride).zip(wanted) {
                        for (place, token) in range.clone().enumerate() {
                            let expected = standards[neuron].apply(x.get(token, neuron).unwrap());
                            assert_eq!(line[place], expected, "{} {token} {neuron}", level.name());
                        }
                        assert_eq!(line[range.len()..], [f64::MAX; 3], "a place beyond the tokens");
                    }
                }
            }
        }
    }
}
