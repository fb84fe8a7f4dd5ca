//! Similar tokens side by side, by halving: always across the direction in which a set of tokens varies most.

use super::haar::GROUP;
use super::sketch::{LANES, MOST};
use crate::level::{Level, Work};

/// Steps of the power iteration: a rough direction is nearly as good as the best.
const ITERATIONS: usize = 2;

/// Tokens of a set that its direction is taken from: up to twice as many.
const SAMPLE: usize = 256;

/// Tokens below which a set is halved by one thread.
const SHARED: usize = 1_024;

/// The tokens of a sketch (`width` values each) in such an order that neighbours are similar: in every aligned group of [`GROUP`],
/// every half of one, and so on to pairs. The same for every level and number of threads.
pub(super) fn order(sketch: &[f32], width: usize, level: Level) -> Vec<u32> {
    let tokens = sketch.len() / width.max(1);
    #[expect(clippy::cast_possible_truncation, reason = "checked when the screen is made")]
    let mut order: Vec<u32> = (0..tokens as u32).collect();
    halve(&mut order, sketch, width, level);
    order
}

fn halve(tokens: &mut [u32], sketch: &[f32], width: usize, level: Level) {
    if tokens.len() <= 2 {
        return;
    }
    let middle = if tokens.len() > GROUP {
        (tokens.len() / 2).next_multiple_of(GROUP)
    } else {
        tokens.len().next_power_of_two() / 2
    };
    let mut places = level.run(Projected { tokens, sketch, width });
    if places.len() == tokens.len() {
        places.select_nth_unstable_by(middle, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        tokens.iter_mut().zip(&places).for_each(|(token, place)| *token = place.1);
    }
    drop(places);
    let (low, high) = tokens.split_at_mut(middle);
    if low.len() < SHARED {
        halve(low, sketch, width, level);
        halve(high, sketch, width, level);
    } else {
        rayon::join(|| halve(low, sketch, width, level), || halve(high, sketch, width, level));
    }
}

/// Where each token lies along the direction in which they vary most; nothing if they do not vary.
struct Projected<'a> {
    tokens: &'a [u32],
    sketch: &'a [f32],
    width: usize,
}

impl Work for Projected<'_> {
    type Output = Vec<(f32, u32)>;

    #[inline(always)]
    #[expect(clippy::cast_precision_loss, reason = "at most 512")]
    fn run(self) -> Vec<(f32, u32)> {
        let Self { tokens, sketch, width } = self;
        let row = |token: u32| &sketch[token as usize * width..][..width];
        let sample = || tokens.iter().step_by((tokens.len() / SAMPLE).max(1)).map(|&token| row(token));
        let (mut mean, mut direction, mut next) = ([0.0; MOST], [0.0; MOST], [0.0; MOST]);
        let (mean, direction, next) = (&mut mean[..width], &mut direction[..width], &mut next[..width]);
        for row in sample() {
            mean.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
        }
        let share = 1.0 / sample().len() as f32;
        mean.iter_mut().for_each(|sum| *sum *= share);
        for row in sample() {
            let apart = direction.iter_mut().zip(row).zip(&*mean);
            apart.for_each(|((direction, value), mean)| *direction = value - mean);
            if normalize(direction) {
                break;
            }
        }
        for _ in 0..ITERATIONS {
            next.fill(0.0);
            let (of_mean, mut sum) = (dot(mean, direction), 0.0);
            for row in sample() {
                let along = dot(row, direction) - of_mean;
                next.iter_mut().zip(row).for_each(|(next, value)| *next += along * value);
                sum += along;
            }
            next.iter_mut().zip(&*mean).for_each(|(next, mean)| *next -= sum * mean);
            if !normalize(next) {
                return Vec::new();
            }
            direction.copy_from_slice(next);
        }
        // A closure that is not inlined would be compiled for the least level.
        let mut places = Vec::with_capacity(tokens.len());
        for &token in tokens {
            places.push((dot(row(token), direction), token));
        }
        places
    }
}

/// To length 1; whether it had a length.
#[inline(always)]
fn normalize(direction: &mut [f32]) -> bool {
    let norm = direction.iter().map(|value| value * value).sum::<f32>().sqrt();
    let inverse = 1.0 / norm;
    let has = norm > 0.0 && inverse > 0.0 && inverse < f32::INFINITY;
    if has {
        direction.iter_mut().for_each(|value| *value *= inverse);
    }
    has
}

/// row · direction.
#[inline(always)]
fn dot(row: &[f32], direction: &[f32]) -> f32 {
    let mut lanes = [0.0; LANES];
    for (row, direction) in row.as_chunks::<LANES>().0.iter().zip(direction.as_chunks::<LANES>().0) {
        for lane in 0..LANES {
            lanes[lane] += row[lane] * direction[lane];
        }
    }
    lanes.iter().sum()
}

#[cfg(test)]
#[expect(clippy::cast_precision_loss, reason = "test data")]
mod tests {
    use super::*;

    /// Tokens of `kinds` kinds, one after another, with a little noise.
    fn kinds(tokens: usize, kinds: usize) -> Vec<f32> {
        let value = |token: usize, at: usize| {
            let noise = ((token * 31 + at * 17) % 101) as f32 / 1_000.0;
            (((token % kinds) * 37 + at * at * 11) % 23) as f32 + noise
        };
        (0..tokens).flat_map(|token| (0..LANES).map(move |at| value(token, at))).collect()
    }

    #[test]
    fn tokens_of_a_kind_come_together_and_every_token_comes_once() {
        let order = order(&kinds(512, 8), LANES, Level::portable());
        let mut seen = order.clone();
        seen.sort_unstable();
        assert!(seen.iter().enumerate().all(|(at, &token)| at == token as usize));
        let same = order.chunks(GROUP).filter(|group| group.iter().all(|t| t % 8 == group[0] % 8)).count();
        assert_eq!(same, 16, "64 of each of 8 kinds are 16 groups of one kind");
    }

    #[test]
    fn threads_and_levels_change_no_place_and_any_values_will_do() {
        let mut sketch = kinds(5_000, 900);
        sketch[7 * LANES] = f32::NAN;
        sketch[9 * LANES] = f32::INFINITY;
        sketch[11 * LANES] = 1e30;
        for sketch in [sketch, vec![1.0; 3_000 * LANES], kinds(1, 1), Vec::new()] {
            let first = order(&sketch, LANES, Level::portable());
            for threads in [1, 3] {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                for level in Level::available() {
                    assert!(pool.install(|| order(&sketch, LANES, level)) == first, "{threads}");
                }
            }
        }
    }
}
