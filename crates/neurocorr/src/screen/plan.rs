//! In what order tokens come, and which rows are made of them: decided in the first pass over the matrix.

use super::block::{TokenBlocks, deal};
use super::energy::{self, Weights};
use super::options::ScreenOptions;
use super::sketch::{self, LANES, Signed, Sketch};
use crate::go_on::GoOn;
use crate::{Columns, Error, Float, Moments, NEURON_BLOCK, TOKEN_BLOCK};
use rayon::prelude::*;
use std::ops::Range;

/// What is made of which tokens, and when.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) blocks: TokenBlocks,
    /// Tokens, chunk after chunk; in a chunk group after group, where they are transformed.
    pub(super) order: Vec<u32>,
    /// Where they are transformed: the rows of every chunk, those with the largest energy first.
    pub(super) rows: Option<Vec<u32>>,
}

/// Blocks of so many tokens.
pub(super) fn blocks(tokens: usize, options: &ScreenOptions) -> TokenBlocks {
    if options.haar {
        TokenBlocks::in_rounds(tokens, options.token_block)
    } else {
        TokenBlocks::new(tokens, options.token_block)
    }
}

/// Bytes that making a plan for so many tokens takes, beside the plan.
pub(super) fn bytes(blocks: &TokenBlocks, options: &ScreenOptions) -> u64 {
    if !options.haar {
        return (blocks.tokens() as u64).saturating_mul(size_of::<f64>() as u64);
    }
    Sketch::bytes(blocks.largest_segment())
}

/// Reads the matrix once: the moments of its neurons, and in what order its tokens should come.
pub(super) fn read<T: Float>(
    columns: &Columns<'_, T>,
    blocks: TokenBlocks,
    options: &ScreenOptions,
    go_on: &GoOn<'_>,
) -> Result<(Moments, Plan), Error> {
    let mut pass = Pass { columns, options, go_on, moments: Moments::new(columns.neurons()) };
    let plan = if options.haar { pass.sketched(blocks)? } else { pass.energies(blocks)? };
    Ok((pass.moments, plan))
}

/// The first pass over the matrix.
struct Pass<'a, 'b, T> {
    columns: &'a Columns<'b, T>,
    options: &'a ScreenOptions,
    go_on: &'a GoOn<'a>,
    moments: Moments,
}

impl<T: Float> Pass<'_, '_, T> {
    /// Reads some tokens, part after part. `add` is called for every piece right after it was read, with a place for each of its tokens;
    /// `take` for every part, with what each panel of neurons has of its tokens.
    fn read<R: Clone + Default + Send>(
        &mut self,
        tokens: &Range<usize>,
        add: impl Fn(&Columns<'_, T>, Range<usize>, Range<usize>, &mut [R]) + Sync,
        mut take: impl FnMut(Range<usize>, Vec<Vec<R>>),
    ) -> Result<(), Error> {
        for start in tokens.clone().step_by(TOKEN_BLOCK) {
            let range = start..tokens.end.min(start + TOKEN_BLOCK);
            let view = self.columns.part(&range);
            let also = |own: &mut Vec<R>, tokens: Range<usize>, neurons: Range<usize>| {
                own.resize(view.tokens(), R::default());
                add(&view, tokens.clone(), neurons, &mut own[tokens]);
            };
            take(range, self.moments.read_and(&view, self.options.level, self.go_on, &also));
            self.go_on.add(1);
            self.go_on.check()?;
        }
        Ok(())
    }

    fn energies(&mut self, blocks: TokenBlocks) -> Result<Plan, Error> {
        let (all, level) = (0..self.columns.tokens(), self.options.level);
        let weights = self.options.energy_order.then(|| Weights::of_sample(self.columns));
        let mut energies = vec![0.0; all.len()];
        self.read(
            &all,
            |view, tokens, neurons, own: &mut [f64]| {
                if let Some(weights) = &weights {
                    weights.add(view, &tokens, &neurons, level, own);
                }
            },
            |range, of_panels| {
                for own in of_panels {
                    energies[range.clone()].iter_mut().zip(own).for_each(|(energy, own)| *energy += own);
                }
            },
        )?;
        let mut order = energy::order(&energies);
        // In a chunk any order will do: that of memory is read soonest.
        for chunk in blocks.chunks() {
            order[chunk.clone()].sort_unstable();
        }
        Ok(Plan { blocks, order, rows: None })
    }

    fn sketched(&mut self, blocks: TokenBlocks) -> Result<Plan, Error> {
        let level = self.options.level;
        let weights = Signed::new(Weights::of_sample(self.columns));
        let panels = self.columns.neurons().div_ceil(NEURON_BLOCK);
        let mut sketch = Sketch::new(panels, blocks.largest_segment());
        let tokens = self.columns.tokens();
        let (mut order, mut rows) = (Vec::with_capacity(tokens), Vec::with_capacity(tokens));
        for segment in blocks.segments() {
            sketch.clear();
            self.read(
                segment,
                |view, tokens, neurons, own: &mut [[f32; LANES]]| {
                    sketch::add(&weights, view, &tokens, &neurons, level, own);
                },
                |range, of_panels| sketch.push(range.len(), &of_panels),
            )?;
            let similar = sketch.order(level);
            self.go_on.check()?;
            let chunks: Vec<Vec<u32>> = deal(similar.len(), blocks.most_tokens())
                .map(|groups| groups.flat_map(|group| similar[group].iter().copied()).collect())
                .collect();
            let energetic = |tokens: &Vec<u32>| match self.options.energy_order {
                true => sketch.rows(tokens, level),
                #[expect(clippy::cast_possible_truncation, reason = "a chunk")]
                false => (0..tokens.len() as u32).collect(),
            };
            rows.extend(chunks.par_iter().map(energetic).collect::<Vec<_>>().into_iter().flatten());
            #[expect(clippy::cast_possible_truncation, reason = "checked when the screen is made")]
            let first = segment.start as u32;
            order.extend(chunks.into_iter().flatten().map(|token| token + first));
        }
        // In a block any order will do: that of memory is read soonest.
        for (chunk, places) in blocks.chunks().iter().enumerate() {
            for (_, block) in blocks.of_chunk(chunk) {
                rows[places.clone()][block].sort_unstable();
            }
        }
        Ok(Plan { blocks, order, rows: Some(rows) })
    }
}

#[cfg(test)]
#[expect(clippy::cast_possible_truncation, reason = "test data")]
mod tests {
    use super::super::copy::Copy8;
    use super::*;
    use crate::NonFinite;
    use crate::kernels::PANEL;
    use crate::store::Store;

    /// Tokens of `kinds` kinds in no order, each with a little noise of its own.
    fn text(tokens: usize, neurons: usize, kinds: usize) -> Vec<f32> {
        let mut rng = testkit::Rng::new(3);
        let kinds: Vec<Vec<f64>> = (0..kinds).map(|_| (0..neurons).map(|_| rng.normal()).collect()).collect();
        let mut values = Vec::with_capacity(tokens * neurons);
        for _ in 0..tokens {
            let kind = &kinds[rng.below(kinds.len())];
            values.extend(kind.iter().map(|value| (value + 0.3 * rng.normal()) as f32));
        }
        values
    }

    fn copy(columns: &Columns<'_, f32>, options: &ScreenOptions) -> Copy8 {
        let go_on = GoOn::always();
        let plan = blocks(columns.tokens(), options);
        let (moments, plan) = read(columns, plan, options, &go_on).unwrap();
        let standards = moments.standards(NonFinite::Error).unwrap();
        let store = Store::in_memory(Copy8::panels_of(columns.neurons()) * plan.blocks.steps()).unwrap();
        Copy8::new(columns, &standards, plan, store, options.level, &go_on).unwrap()
    }

    #[test]
    fn tokens_that_repeat_themselves_are_held_by_few_rows_and_without_the_transform_by_many() {
        // More than one segment, and groups that are not whole.
        let (tokens, neurons) = (33_333, 2 * PANEL + 5);
        let values = text(tokens, neurons, 200);
        let columns = Columns::row_major(&values, tokens, neurons).unwrap();
        let options = ScreenOptions::new();
        // Noise is 8% of all: what is common to the tokens of a kind is in every 32nd row, or not far from that.
        let (few, many) = (copy(&columns, &options), copy(&columns, &options.haar(false)));
        assert!(few.share_before(0.2) < 0.15, "{}", few.share_before(0.2));
        assert!(many.share_before(0.2) > 0.6, "{}", many.share_before(0.2));
    }

    #[test]
    fn every_token_and_every_row_comes_once_whatever_is_switched() {
        for tokens in [2, 31, 33, 1_025, 5_000, 40_000] {
            let values = text(tokens, 3, 5);
            let columns = Columns::row_major(&values, tokens, 3).unwrap();
            for (haar, energy_order) in [(true, true), (true, false), (false, true), (false, false)] {
                let options = ScreenOptions::new().haar(haar).energy_order(energy_order).token_block(512);
                let (_, plan) = read(&columns, blocks(tokens, &options), &options, &GoOn::always()).unwrap();
                let mut order = plan.order.clone();
                order.sort_unstable();
                assert!(order.iter().copied().eq(0..tokens as u32), "{tokens} {haar}");
                assert_eq!(plan.rows.is_some(), haar);
                for places in plan.blocks.chunks() {
                    let Some(rows) = &plan.rows else { continue };
                    let mut rows = rows[places.clone()].to_vec();
                    rows.sort_unstable();
                    assert!(rows.iter().copied().eq(0..places.len() as u32), "{tokens}");
                }
            }
        }
    }
}
