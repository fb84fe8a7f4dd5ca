//! Working state of chain and heap on a square: rows contiguous, new clusters in new columns at the end.
//!
//! Why it is laid out so, and what each step costs, is told in `NOTE.md` beside this file.

use crate::condensed::row_offsets;
use crate::fill::{Fill, ROWS};
use crate::kernels::{AHEAD, BLOCK, Merge, Within};
use crate::level::Level;
use crate::lines::{MOST, Place, Turned, fence, fetch_ahead};
use crate::memory::Memory;
use crate::nearest::{Columns, STRETCH, Scan, stretches};
use crate::observer::{Gate, Observer};
use crate::shortlist::{Neighbour, ShortList};
use crate::table::{Table, nearest_first};
use crate::{CondensedView, Error, Float, Linkage, Square, Update};
use rayon::prelude::*;

/// No column: the slot's cluster has been merged away.
const NONE: u32 = u32::MAX;

/// Lines of new columns that a row is given at once: to go to a row costs more than a line does.
const LINES: usize = 2;

/// Columns whose lines are turned together: in the first cache.
const STRIP: usize = 128;

/// Dissimilarities of live clusters. A cluster has a *slot* (SciPy's index: the higher of the two that were merged), a
/// *column* (none is used again until the next compaction) and a *row*, that of one of its parts.
#[derive(Debug)]
pub(crate) struct Grid<T> {
    level: Level,
    /// Whether short lists hold the clusters in higher slots only (for the heap).
    above: bool,
    /// Values from one row to the next.
    pitch: usize,
    cells: Memory<T>,
    /// Columns that all rows have, a multiple of the cache line. Newer columns are in the rows that are newer still.
    written: usize,
    /// Columns in use.
    columns: usize,
    live: usize,
    /// So many of the first columns have ascending slots.
    ascending: usize,
    /// No slot below this one is live.
    first: usize,
    // By slot.
    column_of: Vec<u32>,
    // By column.
    slots: Vec<u32>,
    rows: Vec<u32>,
    sizes: Vec<T>,
    /// Limits of the short lists, side by side for the kernels; −∞ marks a dead column.
    limits: Vec<T>,
    lists: Vec<ShortList<T>>,
    /// Columns into whose lists the newest cluster may enter.
    hits: Vec<u32>,
    /// Room for the least value of each stretch of a row.
    least: Vec<T>,
    /// A bit for each slot; all 0 between two uses.
    marks: Vec<u64>,
}

/// Values from one row to the next, with spare columns for new clusters: `spare` in a thousand of n. An odd number of
/// blocks, so that the lines of a column do not all compete for the same few places of a cache.
pub(crate) fn pitch<T: Float>(n: usize, spare: usize) -> usize {
    let columns = n + (n.saturating_mul(spare) / 1000).max(2 * LINES * T::LINE);
    ((columns.next_multiple_of(STRETCH) / BLOCK) | 1) * BLOCK
}

/// Bytes that a grid takes.
pub(crate) fn bytes_needed<T: Float>(n: usize, spare: usize) -> u64 {
    // Far more than there can be, and few enough for the arithmetic: the product is past any memory then.
    let n = n.min(1 << 40);
    let pitch = pitch::<T>(n, spare) as u64;
    // Slot, row, two values and a list by column; a column by slot; a chain, a map and a mark at compaction.
    let per_column = 8 + 2 * size_of::<T>() + size_of::<ShortList<T>>() + 32;
    pitch.saturating_mul((n * size_of::<T>()) as u64).saturating_add(pitch.saturating_mul(per_column as u64))
}

impl<T: Float> Grid<T> {
    /// From the condensed matrix; `cells` may bring memory to use again.
    pub(crate) fn from_view(
        condensed: CondensedView<'_, T>,
        mut cells: Memory<T>,
        spare: usize,
        level: Level,
        above: bool,
        observer: &dyn Observer,
    ) -> Result<Self, Error> {
        let n = condensed.n();
        let pitch = pitch::<T>(n, spare);
        if cells.len() < n * pitch {
            cells = Memory::zeroed(n * pitch)?;
        }
        let (offsets, values) = (row_offsets(n), condensed.values());
        let mut lists = vec![ShortList::new(); pitch];
        let gate = Gate::new(observer, n.saturating_sub(1));
        let fill = |(block, (rows, lists)): (usize, (&mut [T], &mut [ShortList<T>]))| {
            let first = block * ROWS;
            // After a break the rest is passed over.
            gate.is_closed()
                || Fill { level, above, values, offsets: &offsets, first, pitch, rows, lists, gate: &gate }
                    .run()
        };
        let rows = cells[..n * pitch].par_chunks_mut(ROWS * pitch);
        let good = rows.zip(lists[..n].par_chunks_mut(ROWS)).enumerate().map(fill);
        let good = good.reduce(|| true, |a, b| a & b);
        gate.result()?;
        if !good {
            condensed.check()?;
        }
        Ok(Self::new(cells, pitch, n, level, above, lists))
    }

    /// From a square that has been checked.
    pub(crate) fn from_square(
        square: Square<T>,
        level: Level,
        above: bool,
        observer: &dyn Observer,
    ) -> Result<Self, Error> {
        let (n, pitch, mut cells) = square.into_parts();
        let gate = Gate::new(observer, n.saturating_sub(1));
        let mut lists = vec![ShortList::new(); pitch];
        let (limits, slots) = (vec![T::INFINITY; pitch], numbers(pitch));
        let end = n.next_multiple_of(STRETCH);
        let rows = cells[..n * pitch].par_chunks_mut(pitch).zip(&mut lists).enumerate();
        let room = || vec![T::INFINITY; stretches(end)];
        rows.for_each_init(room, |least, (own, (row, list))| {
            if !gate.is_closed() {
                row[own] = T::INFINITY;
                row[n..end].fill(T::INFINITY);
                let above = above.then_some(slots[own]);
                let columns = Columns { limits: &limits[..end], slots: &slots[..end], ascending: n, above };
                *list = level.run(Scan { row: &row[..end], columns, floor: T::NEG_INFINITY, least });
            }
        });
        gate.result()?;
        Ok(Self::new(cells, pitch, n, level, above, lists))
    }

    fn new(
        cells: Memory<T>,
        pitch: usize,
        n: usize,
        level: Level,
        above: bool,
        lists: Vec<ShortList<T>>,
    ) -> Self {
        let mut limits = vec![T::NEG_INFINITY; pitch];
        for (slot, (limit, list)) in limits.iter_mut().zip(&lists).take(n).enumerate() {
            *limit = if above && slot + 1 == n { T::LEAST } else { list.limit() };
        }
        // Whole lines are appended: the last line of the observations is padded with dead columns.
        let written = n.next_multiple_of(T::LINE);
        Self {
            level,
            above,
            pitch,
            cells,
            written,
            columns: written,
            live: n,
            ascending: n,
            first: 0,
            column_of: numbers(n),
            slots: numbers(pitch),
            rows: numbers(pitch),
            sizes: vec![T::from_count(1); pitch],
            limits,
            lists,
            hits: Vec::new(),
            least: vec![T::INFINITY; stretches(pitch)],
            marks: vec![0; n.div_ceil(64)],
        }
    }

    /// The memory, to be used again.
    pub(crate) fn into_cells(self) -> Memory<T> {
        self.cells
    }

    fn is_live_column(&self, column: usize) -> bool {
        self.limits[column] > T::NEG_INFINITY
    }

    fn start(&self, column: usize) -> usize {
        self.rows[column] as usize * self.pitch
    }

    /// The columns of all rows, padded to whole stretches.
    fn end(&self) -> usize {
        self.columns.next_multiple_of(STRETCH)
    }

    /// The living entries of a column's list but one.
    fn others(&self, column: usize, but: u32) -> impl Iterator<Item = Neighbour<T>> + '_ {
        self.lists[column]
            .entries()
            .filter(move |entry| entry.column != but && self.is_live_column(entry.column as usize))
    }

    /// Brings the columns that not all rows have into the row of a live column.
    fn refresh(&mut self, column: usize) {
        let start = self.start(column);
        for newer in self.written.max(column + 1)..self.columns {
            self.cells[start + newer] = self.cells[self.start(newer) + column];
        }
    }

    /// Looks through the row of a live column for its nearest.
    fn scan(&mut self, column: usize) {
        self.refresh(column);
        let (start, end) = (self.start(column), self.end());
        let columns = Columns {
            limits: &self.limits[..end],
            slots: &self.slots[..end],
            ascending: self.ascending,
            above: self.above.then_some(self.slots[column]),
        };
        let row = &self.cells[start..start + end];
        // The list has no living entry.
        let floor = self.lists[column].floor();
        let list = self.level.run(Scan { row, columns, floor, least: &mut self.least[..stretches(end)] });
        self.limits[column] = list.limit();
        self.lists[column] = list;
    }

    /// Puts columns in the order of their slots, those of slots from `end` on left out. There can be as many as clusters, at every merger: they are
    /// marked by slot, and what is marked is read in order.
    fn sort_by_slot(&mut self, columns: &mut Vec<u32>, end: u32) {
        for column in columns.drain(..) {
            let slot = self.slots[column as usize];
            if slot < end {
                self.marks[slot as usize / 64] |= 1 << (slot % 64);
            }
        }
        for (word, slots) in self.marks.iter_mut().zip(self.column_of.chunks(64)) {
            let mut marks = std::mem::take(word);
            while marks != 0 {
                columns.push(slots[marks.trailing_zeros() as usize]);
                marks &= marks - 1;
            }
        }
    }

    /// Gives all rows the columns that only newer rows have: a whole cache line each.
    fn flush(&mut self, gate: &Gate<'_>) {
        let (written, end) = (self.written, self.columns);
        debug_assert_eq!(end - written, LINES * T::LINE, "all lines are turned");
        let mut turned = Turned::new(STRIP, LINES);
        let mut places = [Place::default(); STRIP];
        for from in (0..written).step_by(STRIP) {
            let width = STRIP.min(written - from);
            // The live ones, without a branch: which they are cannot be foreseen.
            let mut count = 0;
            for column in 0..width {
                places[count] = Place { column, at: self.start(from + column) + written };
                count += usize::from(self.is_live_column(from + column));
            }
            if count == 0 {
                continue;
            }
            for line in 0..LINES {
                let mut rows: [&[T]; MOST] = [&[]; MOST];
                for (row, column) in rows[..T::LINE].iter_mut().zip(written + line * T::LINE..end) {
                    *row = &self.cells[self.start(column) + from..][..width];
                }
                turned.turn(self.level, line, &rows[..T::LINE]);
            }
            turned.write(self.level, &places[..count], &mut self.cells);
        }
        for column in written..end {
            // A dead one's row has been taken by another.
            if self.is_live_column(column) {
                self.refresh(column);
            }
        }
        self.written = end;
        fence(self.level);
        // Rows are read whole, dead columns too: past three columns for each live one that costs more than a compaction.
        let room = self.pitch / STRETCH * STRETCH - self.written >= LINES * T::LINE;
        if self.live > 1 && (!room || self.written > 3 * self.live) {
            self.compact(gate);
        }
    }

    /// Drops the dead columns. Rows stay where they are.
    #[expect(clippy::cast_possible_truncation, reason = "columns are numbered in 32 bits")]
    fn compact(&mut self, gate: &Gate<'_>) {
        let kept: Vec<u32> = (0..self.written as u32).filter(|&c| self.is_live_column(c as usize)).collect();
        let mut moved = vec![NONE; self.pitch];
        let mut lives = vec![false; self.column_of.len()];
        for (to, &from) in kept.iter().enumerate() {
            moved[from as usize] = to as u32;
            lives[self.rows[from as usize] as usize] = true;
        }
        let rows = self.cells.par_chunks_mut(self.pitch).zip(&lives).filter(|(_, live)| **live);
        rows.for_each(|(row, _)| {
            if !gate.is_closed() {
                for (start, kept) in (0..).step_by(STRIP).zip(kept.chunks(STRIP)) {
                    if let [first, .., last] = *kept {
                        fetch_ahead(&row[first as usize..=last as usize], AHEAD / size_of::<T>());
                    }
                    for (to, &from) in (start..).zip(kept) {
                        row[to] = row[from as usize];
                    }
                }
            }
        });
        for (to, &from) in kept.iter().enumerate() {
            let from = from as usize;
            self.slots[to] = self.slots[from];
            self.sizes[to] = self.sizes[from];
            self.rows[to] = self.rows[from];
            self.limits[to] = self.limits[from];
            self.lists[to] = self.lists[from];
            self.lists[to].retain(|column| Some(moved[column as usize]).filter(|&column| column != NONE));
            self.column_of[self.slots[to] as usize] = to as u32;
        }
        self.limits[kept.len()..].fill(T::NEG_INFINITY);
        self.ascending = kept.iter().filter(|&&column| (column as usize) < self.ascending).count();
        self.written = kept.len().next_multiple_of(T::LINE);
        self.columns = self.written;
    }
}

#[expect(clippy::cast_possible_truncation, reason = "observations and columns are numbered in 32 bits")]
fn numbers(length: usize) -> Vec<u32> {
    (0..length as u32).collect()
}

impl<T: Float> Table<T> for Grid<T> {
    fn n(&self) -> usize {
        self.column_of.len()
    }

    fn is_live(&self, slot: usize) -> bool {
        self.column_of[slot] != NONE
    }

    fn live(&self) -> usize {
        self.live
    }

    fn size(&self, slot: usize) -> T {
        self.sizes[self.column_of[slot] as usize]
    }

    fn first_live(&mut self) -> usize {
        while self.first + 1 < self.column_of.len() && self.column_of[self.first] == NONE {
            self.first += 1;
        }
        self.first
    }

    fn get(&self, i: usize, j: usize) -> T {
        let (x, y) = (self.column_of[i] as usize, self.column_of[j] as usize);
        // Mostly one is the nearest of the other: the lists are near, the rows are not.
        let listed = self.lists[y].distance(self.column_of[i]);
        if let Some(distance) = listed.or_else(|| self.lists[x].distance(self.column_of[j])) {
            return distance;
        }
        // The newer row knows all older columns; an older row does not know those that are not written yet.
        let (older, newer) = (x.min(y), x.max(y));
        self.cells[self.start(newer) + older]
    }

    fn nearest(&mut self, x: usize, start: (usize, T)) -> (usize, T) {
        let column = self.column_of[x] as usize;
        let mut nearest = self.lists[column].nearest(|column| self.limits[column] > T::NEG_INFINITY);
        if nearest.is_none() {
            self.scan(column);
            nearest = self.lists[column].nearest(|_| true);
        }
        match nearest {
            Some(nearest) if nearest.distance < start.1 => (nearest.slot as usize, nearest.distance),
            _ => start,
        }
    }

    fn nearest_above(&mut self, x: usize, start: (usize, T)) -> (usize, T) {
        // The lists hold nothing else.
        self.nearest(x, start)
    }

    fn merge<L>(&mut self, linkage: &L, step: usize, x: usize, y: usize, d_xy: T) -> Result<(), Error>
    where
        L: Linkage<T> + ?Sized,
    {
        let (column_x, column_y) = (self.column_of[x] as usize, self.column_of[y] as usize);
        self.refresh(column_x);
        self.refresh(column_y);
        self.limits[column_x] = T::NEG_INFINITY;
        self.limits[column_y] = T::NEG_INFINITY;
        let (n_x, n_y) = (self.sizes[column_x], self.sizes[column_y]);
        let (new, end) = (self.columns, self.end());
        let (start_x, start_y) = (self.start(column_x), self.start(column_y));
        let mut hits = std::mem::take(&mut self.hits);
        hits.clear();
        let slot = self.slots[column_y];
        #[expect(clippy::cast_possible_truncation, reason = "columns are numbered in 32 bits")]
        let newcomer = |distance: T| Neighbour { distance, slot, column: new as u32 };
        let ranges = [start_x..start_x + end, start_y..start_y + end];
        if let Ok([row_x, row_y]) = self.cells.get_disjoint_mut(ranges) {
            let list = self.level.run(Merge {
                linkage,
                x: row_x,
                y: row_y,
                columns: Columns {
                    limits: &self.limits[..end],
                    slots: &self.slots[..end],
                    ascending: self.ascending,
                    above: self.above.then_some(slot),
                },
                sizes: &self.sizes[..end],
                pair: Update { d_xi: d_xy, d_yi: d_xy, d_xy, n_x, n_y, n_i: n_x },
                hits: &mut hits,
                least: &mut self.least[..stretches(end)],
            });
            let list = list.map_err(|value| Error::Overflow { step, value: value.into() })?;
            let last = self.above && y + 1 == self.column_of.len();
            self.limits[new] = if last { T::LEAST } else { list.limit() };
            self.lists[new] = list;
        }
        if self.above {
            // The heap's order is by slot, below the merger's.
            self.sort_by_slot(&mut hits, slot);
        }
        for &hit in &hits {
            let column = hit as usize;
            let is_live = |column: u32| self.limits[column as usize] > T::NEG_INFINITY;
            self.lists[column].make_room(is_live);
            self.lists[column].offer(newcomer(self.cells[start_x + column]));
            self.limits[column] = self.lists[column].limit();
        }
        self.hits = hits;
        self.cells[start_x + new] = T::INFINITY;
        self.rows[new] = self.rows[column_x];
        self.slots[new] = slot;
        self.sizes[new] = n_x + n_y;
        self.column_of[y] = newcomer(d_xy).column;
        self.column_of[x] = NONE;
        self.columns += 1;
        self.live -= 1;
        Ok(())
    }

    fn visit_below(&mut self, y: usize, mut visit: impl FnMut(usize, T)) {
        let start = self.start(self.column_of[y] as usize);
        for &hit in &self.hits {
            visit(self.slots[hit as usize] as usize, self.cells[start + hit as usize]);
        }
    }

    fn settle(&mut self, gate: &Gate<'_>) -> Result<(), Error> {
        if self.columns - self.written == LINES * T::LINE {
            self.flush(gate);
            gate.result()?;
        }
        Ok(())
    }

    fn remove(&mut self, slot: usize) {
        self.limits[self.column_of[slot] as usize] = T::NEG_INFINITY;
        self.column_of[slot] = NONE;
        self.live -= 1;
    }

    fn remove_beyond(&mut self, cutoff: T, gate: &Gate<'_>) {
        // Nothing is merged yet: columns are slots, and no list has a dead entry.
        for slot in 0..self.column_of.len() {
            if !self.lists[slot].nearest(|_| true).is_some_and(|nearest| nearest.distance <= cutoff) {
                self.remove(slot);
            }
        }
        if self.live > 1 && self.columns > self.live + self.live / 8 {
            self.compact(gate);
        }
    }

    fn rivals(
        &mut self,
        x: usize,
        y: usize,
        bound: T,
        enough: usize,
        is_close: impl Fn(T, T) -> bool,
    ) -> Vec<(usize, T)> {
        let (column, other) = (self.column_of[x] as usize, self.column_of[y]);
        let close = |entry: &Neighbour<T>| is_close(self.sizes[entry.column as usize], entry.distance);
        let listed =
            self.others(column, other).filter(close).map(|entry| (entry.slot as usize, entry.distance));
        let listed: Vec<_> = listed.take(enough).collect();
        if listed.len() == enough || bound < self.lists[column].limit() {
            return listed;
        }
        // The list does not reach so far: the whole row.
        self.refresh(column);
        let (start, end) = (self.start(column), self.end());
        let (row, limits) = (&self.cells[start..start + end], &self.limits[..end]);
        let within = self.level.run(Within { row, limits, bound });
        let found = within.into_iter().filter(|&(at, distance)| {
            at as usize != column && at != other && is_close(self.sizes[at as usize], distance)
        });
        nearest_first(
            found.map(|(at, distance)| (self.slots[at as usize] as usize, distance)).collect(),
            enough,
        )
    }

    fn same(&self, x: usize, y: usize) -> bool {
        // Nothing is merged yet: columns are slots, and all rows have them.
        let row = |slot| &self.cells[self.start(slot)..][..self.written];
        let mut pairs = row(x).iter().zip(row(y)).zip(&self.limits).enumerate();
        pairs.all(|(column, ((a, b), &limit))| a == b || limit == T::NEG_INFINITY || column == x || column == y)
    }
}
