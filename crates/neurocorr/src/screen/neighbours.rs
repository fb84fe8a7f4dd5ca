//! The most correlated neurons of each neuron, exactly, by the screen with a threshold that rises.

use super::bound::down;
use super::tile::{Candidate, tiles};
use super::{Screen, Sign, most_tiles, pairs, settle};
use crate::go_on::GoOn;
use crate::{Error, Float};
use rayon::prelude::*;
use std::ops::ControlFlow;

/// One of the neurons that a neuron is most correlated with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighbour {
    /// The other neuron.
    pub neuron: usize,
    /// Their correlation, as [`pair_correlation`](crate::pair_correlation) defines it.
    pub correlation: f64,
}

impl<T: Float> Screen<'_, T> {
    /// The `k` neurons that each neuron is most correlated with: the largest correlation first (in absolute value, or the
    /// largest positive one), the lower neuron first among equals; fewer if there are no more neurons.
    ///
    /// Exact, as [`pairs_above`](Self::pairs_above): a pair is let go when it is proven that both of its neurons have k
    /// others that are more correlated. Memory: about 16 bytes for each pair that is in question, some times n k.
    ///
    /// ```
    /// use neurocorr::{Columns, Screen, ScreenOptions, Sign};
    /// let x = [1.0, -1.0, 0.0, 2.0, -2.0, 1.0, 3.0, -3.0, 1.0, 4.0, -4.0, 0.0];
    /// let screen = Screen::new(&Columns::row_major(&x, 4, 3)?, &ScreenOptions::new())?;
    /// let nearest = screen.most_correlated(1, Sign::Absolute, &|_, _| std::ops::ControlFlow::Continue(()))?;
    /// assert_eq!((nearest[1][0].neuron, nearest[1][0].correlation), (0, -1.0));
    /// # Ok::<(), neurocorr::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Cancelled`] after a break of `observe(tiles done, all tiles)`, which is asked from any thread.
    pub fn most_correlated(
        &self,
        k: usize,
        sign: Sign,
        observe: &(dyn Fn(usize, usize) -> ControlFlow<()> + Sync),
    ) -> Result<Vec<Vec<Neighbour>>, Error> {
        let neurons = self.columns.neurons();
        let k = k.min(neurons.saturating_sub(1));
        if k == 0 {
            return Ok(vec![Vec::new(); neurons]);
        }
        let (mut floors, groups) = (Floors::new(self, k, sign), self.copy.groups());
        let mut order: Vec<(usize, usize)> = tiles(neurons).collect();
        // The diagonal first: after it every neuron has a threshold.
        order.sort_by_key(|(row, column)| column - row);
        let (mut kept, mut done, mut wave) = (Vec::new(), 0, rayon::current_num_threads());
        let go_on = GoOn::observed(observe, order.len());
        while done < order.len() {
            let now = &order[done..order.len().min(done + wave)];
            let found = self.candidates(now, &floors.floors, &groups, floors.absolute, &go_on)?;
            floors.raise(found.iter().flatten());
            kept.extend(found.into_iter().flatten());
            kept.retain(|candidate| floors.in_question(candidate));
            done += now.len();
            wave = (2 * wave).min(most_tiles());
            go_on.add(now.len());
            go_on.check()?;
        }
        kept.sort_unstable_by_key(|candidate| (candidate.first, candidate.second));
        let mut nearest = vec![Vec::new(); neurons];
        for part in kept.chunks(pairs::batch(self.columns.tokens(), neurons)) {
            let values = settle::settle(&self.columns, &self.standards, part, self.options.level, &go_on)?;
            for (candidate, correlation) in part.iter().zip(values) {
                let (first, second) = (candidate.first as usize, candidate.second as usize);
                nearest[first].push(Neighbour { neuron: second, correlation });
                nearest[second].push(Neighbour { neuron: first, correlation });
            }
        }
        nearest.par_iter_mut().for_each(|nearest| {
            nearest.sort_unstable_by(|a, b| {
                let [x, y] = [a, b].map(|neighbour| sign.size(neighbour.correlation));
                y.total_cmp(&x).then(a.neuron.cmp(&b.neuron))
            });
            nearest.truncate(k);
        });
        Ok(nearest)
    }
}

/// For each neuron what k others are proven to reach.
struct Floors {
    k: usize,
    absolute: bool,
    margin: f64,
    /// The k best proven sizes of each neuron, ascending.
    best: Vec<Vec<f64>>,
    /// By neuron, to whole panels: a pair must be able to reach it, margin taken off.
    floors: Vec<f32>,
}

impl Floors {
    fn new<T: Float>(screen: &Screen<'_, T>, k: usize, sign: Sign) -> Self {
        Self {
            k,
            absolute: sign == Sign::Absolute,
            margin: screen.margin(),
            best: vec![Vec::new(); screen.columns.neurons()],
            floors: screen.copy.floors(f32::NEG_INFINITY),
        }
    }

    /// Whether one of the two may count the other among its k.
    fn in_question(&self, candidate: &Candidate) -> bool {
        let floor = self.floors[candidate.first as usize].min(self.floors[candidate.second as usize]);
        candidate.most(self.absolute) >= floor
    }

    /// Takes what is proven of some pairs, each of which must come once.
    fn raise<'c>(&mut self, candidates: impl Iterator<Item = &'c Candidate>) {
        for candidate in candidates {
            let proven = candidate.least(self.absolute) - self.margin;
            for neuron in [candidate.first as usize, candidate.second as usize] {
                let best = &mut self.best[neuron];
                if best.len() == self.k && best.first().is_some_and(|least| *least >= proven) {
                    continue;
                }
                best.insert(best.partition_point(|value| *value < proven), proven);
                if best.len() > self.k {
                    best.remove(0);
                }
                if best.len() == self.k {
                    self.floors[neuron] = down(best[0] - self.margin);
                }
            }
        }
    }
}
