//! Some columns of a matrix, copied side by side.

use crate::{Columns, Error, Float, Order};
use rayon::prelude::*;
use std::ops::Range;

/// Copies of some columns of a matrix, made by [`Columns::gather`].
#[derive(Debug, Clone, PartialEq)]
pub struct Gathered<T> {
    values: Vec<T>,
    tokens: usize,
    neurons: usize,
    order: Order,
}

impl<T: Float> Gathered<T> {
    /// The copies as columns, for everything in this crate.
    #[must_use]
    pub fn columns(&self) -> Columns<'_, T> {
        match self.order {
            Order::RowMajor => Columns::of_rows(&self.values, self.tokens, self.neurons),
            Order::ColumnMajor => Columns::of_columns(&self.values, self.tokens, self.neurons),
        }
    }

    /// Some neighbouring ones of the copies; those beyond the last are left out.
    #[must_use]
    pub fn part(&self, neurons: &Range<usize>) -> Columns<'_, T> {
        let end = neurons.end.min(self.neurons);
        self.columns().select(&(neurons.start.min(end)..end))
    }
}

/// Rows that one thread copies at a time.
const ROWS: usize = 64;

impl<T: Float> Columns<'_, T> {
    /// Copies some columns, in the order in which they are named: what is needed of a matrix that is larger than memory.
    ///
    /// One pass over the tokens, on rayon's threads.
    ///
    /// ```
    /// let x = neurocorr::Columns::row_major(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 2, 3)?;
    /// let some = x.gather(&[2, 0])?;
    /// assert_eq!(some.columns().neuron(0).collect::<Vec<_>>(), [3.0, 6.0]);
    /// # Ok::<(), neurocorr::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Mismatch`] for a neuron that the matrix does not have; [`Error::OutOfMemory`].
    pub fn gather(&self, neurons: &[usize]) -> Result<Gathered<T>, Error> {
        if let Some(&found) = neurons.iter().find(|&&neuron| neuron >= self.neurons()) {
            return Err(Error::Mismatch {
                what: "number of a neuron, at most",
                expected: self.neurons() - 1,
                found,
            });
        }
        let (tokens, order) = (self.tokens(), self.order());
        let count = tokens.saturating_mul(neurons.len());
        let mut values = Vec::new();
        let bytes = (count as u64).saturating_mul(size_of::<T>() as u64);
        values.try_reserve_exact(count).map_err(|_| Error::OutOfMemory { bytes })?;
        values.resize(count, T::default());
        if count > 0 {
            match order {
                Order::RowMajor => {
                    let all = 0..self.neurons();
                    values.par_chunks_mut(neurons.len() * ROWS).enumerate().for_each(|(part, out)| {
                        for (out, token) in out.chunks_mut(neurons.len()).zip(part * ROWS..) {
                            let row = self.row(token, &all);
                            out.iter_mut().zip(neurons).for_each(|(to, &neuron)| *to = row[neuron]);
                        }
                    });
                }
                Order::ColumnMajor => {
                    let copy = |(out, &neuron): (&mut [T], &usize)| {
                        out.copy_from_slice(self.column(neuron, &(0..tokens)));
                    };
                    values.par_chunks_mut(tokens).zip(neurons).for_each(copy);
                }
            }
        }
        Ok(Gathered { values, tokens, neurons: neurons.len(), order })
    }
}

impl<T: Float> Columns<'_, T> {
    /// Copies at most so many tokens of at most so many neurons, evenly spread over the matrix: for estimates.
    ///
    /// ```
    /// let x = neurocorr::Columns::row_major(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 3, 2)?;
    /// let some = x.sample(2, 1);
    /// assert_eq!(some.columns().neuron(0).collect::<Vec<_>>(), [1.0, 3.0]);
    /// # Ok::<(), neurocorr::Error>(())
    /// ```
    #[must_use]
    pub fn sample(&self, tokens: usize, neurons: usize) -> Gathered<T> {
        let spread = |of: usize, most: usize| {
            let most = most.min(of);
            (0..most).map(move |index| (index as u128 * of as u128 / most as u128) as usize)
        };
        let (tokens, neurons) = (spread(self.tokens(), tokens), spread(self.neurons(), neurons));
        let (rows, columns) = (tokens.len(), neurons.len());
        let row = |token| neurons.clone().filter_map(move |neuron| self.get(token, neuron));
        Gathered {
            values: tokens.flat_map(row).collect(),
            tokens: rows,
            neurons: columns,
            order: Order::RowMajor,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_orders_and_any_choice_give_the_same_columns() {
        let (tokens, neurons) = (150, 7);
        let rows: Vec<f32> = (0..1_050_u16).map(f32::from).collect();
        let columns: Vec<f32> =
            (0..neurons).flat_map(|n| (0..tokens).map(move |t| (t * neurons + n) as f32)).collect();
        let by_rows = Columns::row_major(&rows, tokens, neurons).unwrap();
        let by_columns = Columns::column_major(&columns, tokens, neurons).unwrap();
        for choice in [&[][..], &[6], &[3, 3, 0], &[0, 1, 2, 3, 4, 5, 6]] {
            for x in [by_rows, by_columns] {
                let some = x.gather(choice).unwrap();
                assert_eq!(some.columns().neurons(), choice.len());
                for (at, &neuron) in choice.iter().enumerate() {
                    assert!(some.columns().neuron(at).eq(x.neuron(neuron)));
                    assert!(some.part(&(at..at + 1)).neuron(0).eq(x.neuron(neuron)));
                }
                assert_eq!(some.part(&(0..100)).neurons(), choice.len());
            }
        }
        for x in [by_rows, by_columns] {
            let some = x.sample(4, 100);
            assert_eq!((some.columns().tokens(), some.columns().neurons()), (4, 7));
            assert!(some.columns().neuron(5).eq([0, 37, 75, 112].map(|token| x.get(token, 5).unwrap())));
            assert_eq!(x.sample(0, 3).columns().tokens(), 0);
        }
        let error = by_rows.gather(&[0, 7]).unwrap_err();
        assert!(matches!(error, Error::Mismatch { expected: 6, found: 7, .. }), "{error}");
    }
}
