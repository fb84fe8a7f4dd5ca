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

/// Writes the standardised values of some neurons into `out`: those of `neurons[k]` from place `k · stride` on, a place for
/// each token. At most 64 neurons, ascending; all must lie in the matrix, and `out` must have room.
pub(crate) fn standardized_lines<T: Float, P: Precision>(
    columns: &Columns<'_, T>,
    tokens: &Range<usize>,
    neurons: &[usize],
    standards: &[Standard],
    level: Level,
    out: &mut [P],
    stride: usize,
) {
    let of_neurons = || neurons.iter().filter_map(|&neuron| standards.get(neuron));
    match columns.order() {
        Order::ColumnMajor => {
            for ((line, &neuron), standard) in out.chunks_mut(stride).zip(neurons).zip(of_neurons()) {
                for (to, &from) in line.iter_mut().zip(columns.column(neuron, tokens)) {
                    *to = P::of(standard.apply(from.into()));
                }
            }
        }
        Order::RowMajor => {
            let standards = Standards::of(of_neurons());
            level.run(Turn { columns, tokens: tokens.clone(), neurons, standards: &standards, out, stride });
        }
    }
}

struct Turn<'a, 'b, T, P> {
    columns: &'a Columns<'b, T>,
    tokens: Range<usize>,
    neurons: &'a [usize],
    standards: &'a Standards<LINES>,
    out: &'a mut [P],
    stride: usize,
}

impl<T: Float, P: Precision> Work for Turn<'_, '_, T, P> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { columns, tokens, neurons, standards, out, stride } = self;
        let (Some(&first), Some(&last)) = (neurons.first(), neurons.last()) else { return };
        // Neurons ascend: as many as there are places between them are all of those.
        let all = last - first + 1 == neurons.len();
        let range = first..last + 1;
        let mut raw = [T::default(); LINES];
        let mut values = [[P::default(); LINES]; ROWS];
        prefetch_places(out, stride, neurons.len(), 0);
        for start in tokens.clone().step_by(ROWS) {
            let end = tokens.end.min(start + ROWS);
            for (values, token) in values.iter_mut().zip(start..end) {
                prefetch(columns.row((token + ROWS).min(tokens.end - 1), &range));
                let row = columns.row(token, &range);
                if let Some(row) = row.first_chunk::<LINES>().filter(|_| all) {
                    raw = *row;
                } else if all {
                    raw[..neurons.len()].copy_from_slice(row);
                } else {
                    for (to, &neuron) in raw.iter_mut().zip(neurons) {
                        *to = row[neuron - first];
                    }
                }
                for (at, value) in values.iter_mut().enumerate() {
                    *value = P::of(standards.apply(at, raw[at].into()));
                }
            }
            let place = start - tokens.start;
            prefetch_places(out, stride, neurons.len(), place + ROWS);
            for (at, line) in out.chunks_mut(stride).enumerate().take(neurons.len()) {
                let turned: [P; ROWS] = std::array::from_fn(|row| values[row][at]);
                // A whole cache line by one store: a length that is not known would be a call.
                match line.get_mut(place..).and_then(<[P]>::first_chunk_mut) {
                    Some(to) if end - start == ROWS => *to = turned,
                    _ => line[place..place + (end - start)].copy_from_slice(&turned[..end - start]),
                }
            }
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
        for wanted in [&all[..], &[0, 5, 8, 9, 33, 69], &[1, 2, 3], &[]] {
            for range in [0..tokens, 8..16, 5..6, 30..30] {
                for (x, level) in Level::available().flat_map(|level| [(rows, level), (columns, level)]) {
                    let stride = range.len() + 3;
                    let mut out = vec![f64::MAX; wanted.len() * stride];
                    standardized_lines(&x, &range, wanted, &standards, level, &mut out, stride);
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
