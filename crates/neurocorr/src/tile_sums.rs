//! The products of one tile of pairs over a block of tokens, summed in a core's second cache before they go where they belong: by a
//! kernel of our own, or by faer.

use crate::Precision;
use crate::kernels::{Factors, Kernel, LINE_BYTES, Multiply, Rows, Shape, prefetch};
use crate::level::{Level, Work};
use crate::standardize::{PRODUCT_TOKENS, SINGLE_TOKENS};
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::{Accum, ColMut, MatMut, MatRef, Par, linalg::matmul::matmul};

/// What can be multiplied: by faer, and by our kernels.
pub trait Product: faer::traits::ComplexField + Multiply {}

impl Product for f32 {}
impl Product for f64 {}

/// A precision in which products over a block of tokens are made; sums of blocks stand in `P`.
pub(crate) trait SumIn<P>: Precision {
    /// Tokens of one product.
    const TOKENS: usize;

    /// The same value.
    fn widen(self) -> P;
}

impl<P: Precision> SumIn<P> for P {
    const TOKENS: usize = PRODUCT_TOKENS;

    #[inline(always)]
    fn widen(self) -> P {
        self
    }
}

/// At twice the speed; of shorter products, since what is lost grows with their length.
impl SumIn<f64> for f32 {
    const TOKENS: usize = SINGLE_TOKENS;

    #[inline(always)]
    fn widen(self) -> f64 {
        self.into()
    }
}

/// Sums of a tile, in memory to be used again.
#[derive(Debug)]
pub(crate) struct TileSums<P> {
    memory: Vec<P>,
    kernel: Option<Kernel>,
    shape: Shape,
    /// Whether nothing has been added yet: what is in memory is of another tile.
    fresh: bool,
}

impl<P> Default for TileSums<P> {
    fn default() -> Self {
        let shape = Shape { high: 1, wide: 1 };
        Self { memory: Vec::new(), kernel: None, shape, fresh: true }
    }
}

/// Where the sums of a tile go.
#[derive(Debug)]
pub(crate) enum Target<'a, P> {
    /// A column for each neuron of the right, a row for each of the left.
    Tile(MatMut<'a, P>),
    /// Of neurons with each other: for each its products with those after it, and with itself.
    Diagonal { inside: Vec<&'a mut [P]>, squares: &'a mut [P] },
}

impl<P> Target<'_, P> {
    /// Rows and columns of the tile.
    pub(crate) fn size(&self) -> (usize, usize) {
        match self {
            Self::Tile(tile) => (tile.nrows(), tile.ncols()),
            Self::Diagonal { squares, .. } => (squares.len(), squares.len()),
        }
    }

    /// What is wanted of each column, and its first row.
    pub(crate) fn columns(&mut self) -> Vec<(usize, &mut [P])> {
        match self {
            Self::Tile(tile) => {
                tile.as_mut().col_iter_mut().filter_map(slice_of).map(|column| (0, column)).collect()
            }
            Self::Diagonal { inside, .. } => {
                inside.iter_mut().enumerate().map(|(at, column)| (at + 1, &mut **column)).collect()
            }
        }
    }
}

/// A column that lies in one piece.
pub(crate) fn slice_of<P>(column: ColMut<'_, P>) -> Option<&mut [P]> {
    Some(column.try_as_col_major_mut()?.as_slice_mut())
}

/// Columns of the result that are asked for ahead: they lie far apart.
const AHEAD: usize = 8;

impl<Q: Precision> TileSums<Q> {
    /// Begins a tile of at most 192 × 192 pairs.
    pub(crate) fn begin(&mut self, kernel: Option<Kernel>, rows: usize, columns: usize) {
        // faer has a tile's columns one after another.
        let shape = kernel.map_or(Shape { high: rows.max(1), wide: columns.max(1) }, Kernel::shape);
        let length = shape.sums(rows, columns) + LINE_BYTES / size_of::<Q>();
        if self.memory.len() < length {
            self.memory.resize(length, Q::default());
        }
        (self.kernel, self.shape, self.fresh) = (kernel, shape, true);
    }

    /// From the beginning of a line on.
    fn sums(&mut self) -> &mut [Q] {
        let start = self.memory.as_ptr().align_offset(LINE_BYTES);
        // Where no line can be found, any place does.
        self.memory.get_mut(if start == usize::MAX { 0 } else { start }..).unwrap_or_default()
    }

    /// Adds products over some tokens, so many at a time.
    pub(crate) fn add<'a, P>(&mut self, factors: Factors<'a, Q>)
    where
        Q: SumIn<P>,
    {
        let Factors { left, right, triangle, ahead, soon } = factors;
        let part =
            |side: Rows<'a, Q>, start: usize| side.of(start, Q::TOKENS.min(side.tokens.saturating_sub(start)));
        let mut soon = soon.chunks(soon.len().div_ceil(left.tokens.div_ceil(Q::TOKENS).max(1)).max(1));
        for start in (0..left.tokens).step_by(Q::TOKENS) {
            let after = start + Q::TOKENS;
            let ahead = match ahead {
                _ if after < left.tokens => Some([part(left, after), part(right, after)]),
                ahead => ahead.map(|sides| sides.map(|side| part(side, 0))),
            };
            let (left, right) = (part(left, start), part(right, start));
            self.add_piece(Factors { left, right, triangle, ahead, soon: soon.next().unwrap_or_default() });
        }
    }

    fn add_piece(&mut self, factors: Factors<'_, Q>) {
        let replace = std::mem::take(&mut self.fresh);
        match self.kernel {
            Some(kernel) => kernel.products(factors, self.sums(), replace),
            None => add_by_faer(self.sums(), factors, replace),
        }
    }

    /// Adds the sums to what they are wanted for, or puts them there.
    pub(crate) fn add_to<P: Precision>(&mut self, mut target: Target<'_, P>, replace: bool)
    where
        Q: SumIn<P>,
    {
        if self.fresh {
            // No tokens at all.
            return;
        }
        let shape = self.shape;
        if let Target::Diagonal { squares, .. } = &mut target {
            let width = squares.len();
            for (at, square) in squares.iter_mut().enumerate() {
                let place = shape.place(at / shape.high, at, width) + at % shape.high;
                if let Some(sum) = self.sums().get(place) {
                    add_values(std::slice::from_mut(square), std::slice::from_ref(sum), replace);
                }
            }
        }
        let columns = target.columns();
        Level::detect().run(AddTo { sums: self.sums(), shape, columns, replace });
    }
}

struct AddTo<'a, P, Q> {
    sums: &'a [Q],
    shape: Shape,
    columns: Vec<(usize, &'a mut [P])>,
    replace: bool,
}

impl<P: Precision, Q: SumIn<P>> Work for AddTo<'_, P, Q> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { sums, shape, mut columns, replace } = self;
        let count = columns.len();
        for column in 0..columns.len() {
            if let Some((_, ahead)) = columns.get(column + AHEAD) {
                prefetch(ahead);
            }
            let Some((first, to)) = columns.get_mut(column) else { return };
            let (mut strip, mut at) = (*first / shape.high, *first % shape.high);
            let mut rest = &mut **to;
            while !rest.is_empty() {
                let (to, after) = rest.split_at_mut(rest.len().min(shape.high - at));
                let sums = sums.get(shape.place(strip, column, count) + at..).unwrap_or_default();
                (rest, strip, at) = (after, strip + 1, 0);
                // By eight: a register of `f64`. (Twelve, which divide the length of every strip, became scalar additions in `f32`.)
                let (eights, rest) = to.as_chunks_mut::<8>();
                let (sums_eights, _) = sums.as_chunks::<8>();
                let rest_sums = sums.get(8 * eights.len()..).unwrap_or_default();
                for (to, sums) in eights.iter_mut().zip(sums_eights) {
                    add_values(to, sums, replace);
                }
                add_values(rest, rest_sums, replace);
            }
        }
    }
}

#[inline(always)]
fn add_values<P: Precision, Q: SumIn<P>>(to: &mut [P], sums: &[Q], replace: bool) {
    let pairs = to.iter_mut().zip(sums);
    if replace {
        pairs.for_each(|(to, sum)| *to = sum.widen());
    } else {
        pairs.for_each(|(to, sum)| *to = to.plus(sum.widen()));
    }
}

/// faer has a tile's columns one after another.
fn add_by_faer<'a, Q: Precision>(sums: &mut [Q], factors: Factors<'a, Q>, replace: bool) {
    let matrix = |rows: Rows<'a, Q>| {
        MatRef::from_row_major_slice_with_stride(rows.values, rows.tokens, rows.neurons, rows.stride)
    };
    let Factors { left, right, triangle, .. } = factors;
    let accumulate = if replace { Accum::Replace } else { Accum::Add };
    let (rows, columns, one) = (left.neurons, right.neurons, Q::of(1.0));
    let Some(sums) = sums.get_mut(..rows * columns) else { return };
    let target = MatMut::from_column_major_slice_mut(sums, rows, columns);
    let (lhs, rhs) = (matrix(left).transpose(), matrix(right));
    if triangle {
        let (lower, full) = (BlockStructure::TriangularLower, BlockStructure::Rectangular);
        triangular::matmul(target, lower, accumulate, lhs, full, rhs, full, one, Par::Seq);
    } else {
        matmul(target, accumulate, lhs, rhs, one, Par::Seq);
    }
}
