//! One tile of pairs, block of tokens after block, until no pair is in question or all tokens are done.

use super::copy::Copy8;
use crate::kernels::{PANEL, ROWS, Right, Step, TO_UNSIGNED, prefetch, products};
use crate::level::{Level, Work};
use std::ops::Range;

/// Panels of a side of a tile.
pub(super) const PANELS: usize = 8;

/// So few open pairs are settled sooner one by one than by reading the rows of a tile again.
pub(super) const FEW: usize = 256;

/// Neurons of a side of a tile.
pub(super) const TILE: usize = PANELS * PANEL;

/// A pair that is not proven to be below the threshold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Candidate {
    pub(super) first: u32,
    pub(super) second: u32,
    /// What the bytes say the correlation is.
    pub(super) near: f32,
    /// It is proven to be no further from that.
    pub(super) within: f32,
}

impl Candidate {
    /// What its correlation is proven not to exceed, but for the margin.
    pub(super) fn most(&self, absolute: bool) -> f32 {
        size(self.near, absolute) + self.within
    }

    /// What its correlation is proven to reach, but for the margin.
    pub(super) fn least(&self, absolute: bool) -> f64 {
        f64::from(size(self.near, absolute)) - f64::from(self.within)
    }
}

/// What is asked of a tile.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question<'a> {
    /// By neuron, to whole panels: a pair is out whose bound is below those of both its neurons.
    pub(super) floors: &'a [f32],
    /// By neuron, to whole panels: a pair of the same group is out.
    pub(super) groups: &'a [u32],
    /// Whether a large negative correlation counts.
    pub(super) absolute: bool,
    /// Whether pairs are let go before the last block.
    pub(super) early_stop: bool,
}

/// Memory of one thread, used again for every tile.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// The rows' bytes of one block, unsigned.
    left: Vec<Step>,
    /// Sums so far: by panel of columns, row, column.
    sums: Vec<[f32; PANEL]>,
    /// By panel of columns: the rows that have a pair in question there.
    rows: [Vec<u16>; PANELS],
}

impl Scratch {
    /// With room for blocks of so many steps.
    pub(super) fn new(steps: usize) -> Self {
        let sums = Vec::with_capacity(PANELS * TILE);
        Self { left: Vec::with_capacity(PANELS * steps), sums, rows: Default::default() }
    }

    /// Bytes of it, for blocks of so many steps.
    pub(super) fn bytes(steps: usize) -> u64 {
        let bytes =
            PANELS * steps * size_of::<Step>() + PANELS * TILE * (PANEL * size_of::<f32>() + size_of::<u16>());
        bytes as u64
    }
}

/// Tiles of the upper triangle of a matrix of so many neurons: rows by rows.
pub(super) fn tiles(neurons: usize) -> impl Iterator<Item = (usize, usize)> {
    let blocks = neurons.div_ceil(TILE);
    (0..blocks).flat_map(move |row| (row..blocks).map(move |column| (row, column)))
}

/// The neurons of side `index` of a tile.
pub(super) fn side(index: usize, neurons: usize) -> Range<usize> {
    index * TILE..((index + 1) * TILE).min(neurons)
}

/// The pairs of a tile that are not proven to be out, rows ascending, then columns. What `before` decides is not asked of
/// `copy`.
pub(super) fn candidates(
    before: Option<&Copy8>,
    copy: &Copy8,
    tile: (usize, usize),
    question: Question<'_>,
    level: Level,
    scratch: &mut Scratch,
) -> Vec<Candidate> {
    let (rows, columns) = (side(tile.0, copy.neurons()), side(tile.1, copy.neurons()));
    for (panel, alive) in scratch.rows.iter_mut().enumerate() {
        alive.clear();
        let first = columns.start + panel * PANEL;
        if first >= columns.end {
            continue;
        }
        // On the diagonal only pairs whose column is beyond their row.
        let last_column = columns.end.min(first + PANEL) - 1;
        #[expect(clippy::cast_possible_truncation, reason = "at most 384")]
        alive.extend((0..rows.len() as u16).take_while(|&row| rows.start + usize::from(row) < last_column));
    }
    if let Some(before) = before {
        screen(before, tile, question, level, scratch);
        let open = found(before, before.blocks() - 1, &rows, &columns, question, scratch);
        if open.len() <= FEW {
            return open;
        }
    }
    screen(copy, tile, question, level, scratch);
    found(copy, copy.blocks() - 1, &rows, &columns, question, scratch)
}

/// Sums one copy's bytes, block after block, and takes rows off the lists that have no pair in question.
fn screen(copy: &Copy8, tile: (usize, usize), question: Question<'_>, level: Level, scratch: &mut Scratch) {
    let (rows, columns) = (side(tile.0, copy.neurons()), side(tile.1, copy.neurons()));
    scratch.sums.resize(PANELS * TILE, [0.0; PANEL]);
    for (alive, sums) in scratch.rows.iter().zip(scratch.sums.chunks_mut(TILE)) {
        for &row in alive {
            sums[usize::from(row)] = [0.0; PANEL];
        }
    }
    let last = copy.blocks() - 1;
    for block in 0..=last {
        if scratch.rows.iter().all(Vec::is_empty) {
            return;
        }
        level.run(Unsigned { copy, block, row: tile.0, alive: &scratch.rows, left: &mut scratch.left });
        let decides = block == last || (question.early_stop && copy.may_decide(block, tile, question.floors));
        for panel in 0..PANELS {
            let alive = &scratch.rows[panel];
            if alive.is_empty() {
                continue;
            }
            let column = columns.start / PANEL + panel;
            let next = if panel + 1 < PANELS {
                copy.panel(block, column + 1)
            } else {
                copy.panel(block + 1, columns.start / PANEL)
            };
            let sums = &mut scratch.sums[panel * TILE..][..TILE];
            let strip =
                Strip { copy, block, first_row: rows.start, columns: column, left: &scratch.left, alive, next };
            strip.add(level, sums);
            if decides {
                let alive = &mut scratch.rows[panel];
                level.run(Test { copy, block, rows: rows.start, columns: column, question, sums, alive });
            }
        }
    }
}

/// Copies the rows' panels that are still needed, as unsigned bytes.
struct Unsigned<'a> {
    copy: &'a Copy8,
    block: usize,
    row: usize,
    alive: &'a [Vec<u16>; PANELS],
    left: &'a mut Vec<Step>,
}

impl Work for Unsigned<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { copy, block, row, alive, left } = self;
        let each = copy.steps(block);
        left.resize(PANELS * each, [0; PANEL]);
        let mut wanted = [false; PANELS];
        for &row in alive.iter().flatten() {
            wanted[usize::from(row) / PANEL] = true;
        }
        for panel in (0..PANELS).filter(|&panel| wanted[panel]) {
            let from = copy.panel(block, row * PANELS + panel).as_flattened();
            for (to, from) in left[panel * each..][..each].as_flattened_mut().iter_mut().zip(from) {
                *to = from ^ TO_UNSIGNED;
            }
        }
    }
}

/// One block of tokens of the rows that are alive and one panel of columns.
struct Strip<'a> {
    copy: &'a Copy8,
    block: usize,
    /// The tile's first row.
    first_row: usize,
    /// The panel of columns.
    columns: usize,
    left: &'a [Step],
    alive: &'a [u16],
    /// The panel of columns that comes next: asked for piece by piece while this one is in work.
    next: &'a [Step],
}

impl Strip<'_> {
    /// Adds the block to the sums of the panel.
    fn add(&self, level: Level, sums: &mut [[f32; PANEL]]) {
        let right = Right {
            steps: self.copy.panel(self.block, self.columns),
            offsets: &self.copy.offsets(self.block)[self.columns * PANEL..],
        };
        let mut out = [[0; PANEL]; ROWS];
        let piece = self.next.len().div_ceil(self.alive.len().div_ceil(ROWS).max(1)).max(1);
        let mut next = self.next.chunks(piece);
        for group in self.alive.chunks(ROWS) {
            prefetch(next.next().unwrap_or_default());
            // A group that is not full is filled with its first row, which is then not added again.
            let mut rows = [group[0]; ROWS];
            rows[..group.len()].copy_from_slice(group);
            // The rows are inside `left`, which has all panels of the side.
            let done = products(level, self.left, &rows, right, &mut out);
            debug_assert!(done);
            level.run(Add { strip: self, group, products: &out, sums });
        }
    }
}

struct Add<'a, 'b> {
    strip: &'a Strip<'b>,
    group: &'a [u16],
    products: &'a [[i32; PANEL]; ROWS],
    sums: &'a mut [[f32; PANEL]],
}

impl Work for Add<'_, '_> {
    type Output = ();

    #[inline(always)]
    #[expect(clippy::cast_precision_loss, reason = "its rounding is in the bound")]
    fn run(self) {
        let Strip { copy, block, first_row, columns, .. } = *self.strip;
        let columns = columns * PANEL..(columns + 1) * PANEL;
        let scales = copy.scales(block);
        let of_columns = &scales[columns];
        for (&row, products) in self.group.iter().zip(self.products) {
            let row = usize::from(row);
            let of_row = scales[first_row + row];
            let terms = products.iter().zip(of_columns);
            for (sum, (&product, &of_column)) in self.sums[row].iter_mut().zip(terms) {
                *sum += product as f32 * (of_row * of_column);
            }
        }
    }
}

/// The norms of a panel of columns after some block.
#[derive(Clone, Copy)]
struct Panel<'a> {
    lost: &'a [f32],
    both: &'a [f32],
    rest: &'a [f32],
    floors: &'a [f32],
    groups: &'a [u32],
}

/// A row against a panel of columns.
#[derive(Clone, Copy)]
struct Row {
    /// Lost, kept, rest.
    norms: (f32, f32, f32),
    floor: f32,
    group: u32,
}

impl<'a> Panel<'a> {
    #[inline(always)]
    fn of(copy: &'a Copy8, block: usize, panel: usize, question: Question<'a>) -> Self {
        let (norms, range) = (copy.norms(block), panel * PANEL..(panel + 1) * PANEL);
        Self {
            lost: &norms.lost[range.clone()],
            both: &norms.both[range.clone()],
            rest: &norms.rest[range.clone()],
            floors: &question.floors[range.clone()],
            groups: &question.groups[range],
        }
    }

    /// Whether a pair of the row with a column from `first` on is in question.
    #[inline(always)]
    fn any(self, first: usize, sums: &[f32; PANEL], row: Row, absolute: bool) -> bool {
        let mut hits = [0_u32; PANEL];
        let norms = self.lost.iter().zip(self.both).zip(self.rest).zip(self.floors).zip(self.groups);
        for ((hit, &sum), ((((&lost, &both), &rest), &other), &group)) in hits.iter_mut().zip(sums).zip(norms) {
            let most = size(sum, absolute) + within(row.norms, (lost, both, rest));
            *hit = u32::from(most >= row.floor.min(other)) & u32::from(group != row.group);
        }
        hits[first.min(PANEL)..].iter().fold(0, |any, hit| any | hit) != 0
    }

    /// How far the correlation of row (lost, kept, rest) and a column can be from the sum so far.
    #[inline(always)]
    fn within(self, column: usize, row: (f32, f32, f32)) -> f32 {
        within(row, (self.lost[column], self.both[column], self.rest[column]))
    }
}

/// The bound of a pair, from the row's (lost, kept, rest) and the column's (lost, both, rest).
#[inline(always)]
fn within(row: (f32, f32, f32), column: (f32, f32, f32)) -> f32 {
    row.0 * column.1 + row.1 * column.0 + row.2 * column.2
}

#[inline(always)]
fn of_row(copy: &Copy8, block: usize, row: usize) -> (f32, f32, f32) {
    let norms = copy.norms(block);
    (norms.lost[row], norms.kept[row], norms.rest[row])
}

/// How large a sum is: in absolute value, or as it is.
#[inline(always)]
fn size(sum: f32, absolute: bool) -> f32 {
    if absolute { sum.abs() } else { sum }
}

/// Keeps the rows that have a pair in question.
struct Test<'a> {
    copy: &'a Copy8,
    block: usize,
    rows: usize,
    columns: usize,
    question: Question<'a>,
    sums: &'a [[f32; PANEL]],
    alive: &'a mut Vec<u16>,
}

impl Work for Test<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { copy, block, rows, columns, question, sums, alive } = self;
        let panel = Panel::of(copy, block, columns, question);
        let mut kept = 0;
        for at in 0..alive.len() {
            let row = alive[at];
            let neuron = rows + usize::from(row);
            // On the diagonal, columns up to the row's own are another pair's.
            let first = (neuron + 1).saturating_sub(columns * PANEL);
            let of_row = Row {
                norms: of_row(copy, block, neuron),
                floor: question.floors[neuron],
                group: question.groups[neuron],
            };
            if panel.any(first, &sums[usize::from(row)], of_row, question.absolute) {
                alive[kept] = row;
                kept += 1;
            }
        }
        alive.truncate(kept);
    }
}

/// The pairs that are left after the last block.
fn found(
    copy: &Copy8,
    last: usize,
    rows: &Range<usize>,
    columns: &Range<usize>,
    question: Question<'_>,
    scratch: &Scratch,
) -> Vec<Candidate> {
    let mut found = Vec::new();
    for (panel, alive) in scratch.rows.iter().enumerate() {
        let first = columns.start + panel * PANEL;
        for &row in alive {
            let neuron = rows.start + usize::from(row);
            let panel_norms = Panel::of(copy, last, first / PANEL, question);
            let sums = &scratch.sums[panel * TILE + usize::from(row)];
            for (column, &sum) in sums.iter().enumerate().take(columns.end - first) {
                let within = panel_norms.within(column, of_row(copy, last, neuron));
                let floor = question.floors[neuron].min(question.floors[first + column]);
                let apart = question.groups[neuron] != question.groups[first + column];
                if first + column > neuron && apart && size(sum, question.absolute) + within >= floor {
                    #[expect(clippy::cast_possible_truncation, reason = "checked when the screen is made")]
                    let (first, second) = (neuron as u32, (first + column) as u32);
                    found.push(Candidate { first, second, near: sum, within });
                }
            }
        }
    }
    found.sort_unstable_by_key(|candidate| (candidate.first, candidate.second));
    found
}
