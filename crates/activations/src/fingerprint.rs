//! What tells one input from another.

use crate::{Block, Error, Layout, Scratch, Source, Stored, Values, Whole};
use std::ops::ControlFlow;
use xxhash_rust::xxh3::Xxh3;

/// Bytes that are read between two looks at the caller.
const PIECE: usize = 16 << 20;

/// Tokens that are read at a time from a source that does not lie as one matrix.
const TOKENS: usize = 256;

/// A number of 128 bits that two sources share only if their shape, their stored type and every bit of their values are the
/// same (or by an accident of 1 in 2¹²⁸; it is no defence against forgery): XXH3. The same matrix in another order of memory
/// has another. `None` if `observe`, which is asked every few megabytes, breaks.
///
/// One pass over the values, at the speed of memory or of the disk.
///
/// ```
/// use activations::{InMemory, fingerprint};
/// use std::ops::ControlFlow;
/// let (x, y) = ([1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 4.0, 3.0]);
/// let of = |values| fingerprint(&InMemory::new(values, 2, 2)?, &mut || ControlFlow::Continue(()));
/// assert_eq!(of(&x)?, of(&[1.0, 2.0, 3.0, 4.0])?);
/// assert_ne!(of(&x)?, of(&y)?);
/// # Ok::<(), activations::Error>(())
/// ```
///
/// # Errors
/// Those of reading.
pub fn fingerprint(
    source: &dyn Source,
    observe: &mut dyn FnMut() -> ControlFlow<()>,
) -> Result<Option<u128>, Error> {
    let (tokens, neurons) = (source.tokens(), source.neurons());
    let mut hash = Xxh3::new();
    hash.update(source.dtype().to_string().as_bytes());
    for count in [tokens, neurons] {
        hash.update(&(count as u64).to_le_bytes());
    }
    let mut hasher = Hasher { hash, observe };
    let whole = match source.whole() {
        Some(Whole { values, layout }) => {
            let shape = Shape { layout, tokens, neurons };
            match values {
                Stored::F16(values) => hasher.matrix(values, shape),
                Stored::BF16(values) => hasher.matrix(values, shape),
                Stored::F32(values) => hasher.matrix(values, shape),
                Stored::F64(values) => hasher.matrix(values, shape),
            }
        }
        None => hasher.blocks(source)?,
    };
    Ok(whole.is_continue().then(|| hasher.hash.digest128()))
}

#[derive(Clone, Copy)]
struct Shape {
    layout: Layout,
    tokens: usize,
    neurons: usize,
}

struct Hasher<'a> {
    hash: Xxh3,
    observe: &'a mut dyn FnMut() -> ControlFlow<()>,
}

impl Hasher<'_> {
    /// Values that lie as a matrix; what stands between its lines does not count.
    fn matrix<T: bytemuck::NoUninit>(&mut self, values: &[T], shape: Shape) -> ControlFlow<()> {
        let (stride, lines, line, order) = match shape.layout {
            Layout::RowMajor { stride } => (stride, shape.tokens, shape.neurons, 0),
            Layout::ColumnMajor { stride } => (stride, shape.neurons, shape.tokens, 1),
        };
        self.hash.update(&[order]);
        if stride == line {
            return self
                .bytes(bytemuck::cast_slice(values.get(..lines.saturating_mul(line)).unwrap_or(values)));
        }
        let mut lines = values.chunks(stride.max(1)).take(lines);
        lines.try_for_each(|values| self.bytes(bytemuck::cast_slice(values.get(..line).unwrap_or(values))))
    }

    fn bytes(&mut self, bytes: &[u8]) -> ControlFlow<()> {
        bytes.chunks(PIECE).try_for_each(|piece| {
            self.hash.update(piece);
            (self.observe)()
        })
    }

    fn blocks(&mut self, source: &dyn Source) -> Result<ControlFlow<()>, Error> {
        let (tokens, mut scratch) = (source.tokens(), Scratch::default());
        for start in (0..tokens).step_by(TOKENS) {
            let Block { values, layout, tokens, neurons } =
                source.block(start..tokens.min(start + TOKENS), &mut scratch)?;
            let shape = Shape { layout, tokens, neurons };
            let read = match values {
                Values::F32(values) => self.matrix(values, shape),
                Values::F64(values) => self.matrix(values, shape),
            };
            if read.is_break() {
                return Ok(read);
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::InMemory;

    fn of(source: &dyn Source) -> u128 {
        fingerprint(source, &mut || ControlFlow::Continue(())).unwrap_or(None).unwrap_or(0)
    }

    #[test]
    fn a_bit_a_shape_or_a_type_make_another_fingerprint() {
        let values: Vec<f64> = (0..600).map(f64::from).collect();
        let single: Vec<f32> = (0..600_u16).map(f32::from).collect();
        let mut other = values.clone();
        other[599] = 599.0_f64.next_up();
        let mut zero = values.clone();
        zero[0] = -0.0;
        let same = InMemory::new(&values, 300, 2).map(|x| of(&x)).ok();
        assert!(same.is_some_and(|print| print != 0));
        assert_eq!(InMemory::new(&values.clone(), 300, 2).map(|x| of(&x)).ok(), same);
        for (tokens, neurons, values) in
            [(300, 2, &other), (300, 2, &zero), (200, 3, &values), (2, 300, &values)]
        {
            assert_ne!(InMemory::new(values, tokens, neurons).map(|x| of(&x)).ok(), same);
        }
        assert_ne!(InMemory::new(&single, 300, 2).map(|x| of(&x)).ok(), same);
    }

    #[test]
    fn a_break_ends_the_reading() {
        let values = vec![1.0; 4];
        let source = InMemory::new(&values, 2, 2);
        let found = source.map(|source| fingerprint(&source, &mut || ControlFlow::Break(())));
        assert!(matches!(found, Ok(Ok(None))), "{found:?}");
    }
}
