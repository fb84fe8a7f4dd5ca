//! Orthonormal directions in the span of a sample's vectors, and every neuron's coordinates along them.

use super::copy::Copy8;
use super::low_rank::Coordinates;
use super::sample::Sample;
use crate::Error;
use crate::go_on::GoOn;
use crate::kernels::PANEL;
use crate::level::Level;
use faer::linalg::{matmul::matmul, solvers::SelfAdjointEigen};
use faer::{Accum, Mat, MatMut, MatRef, Par, Side};
use rayon::prelude::*;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

/// Eigenvalues below this share of the largest are not made directions of: they would only magnify roundings.
const LEAST: f64 = 1e-4;

/// About what rounding to bytes takes from the threshold.
pub(super) const SLACK: f64 = 0.02;

/// How long it may take until a break is seen where nothing can be asked.
const POLL: Duration = Duration::from_millis(2);

/// Directions q = Σ mᵢ pᵢ, with the vectors p of a sample.
#[derive(Debug)]
pub(super) struct Directions {
    sample: Sample,
    gram: Vec<f64>,
    /// M: by neuron of the sample, then direction, the largest eigenvalue first.
    factors: Mat<f64>,
}

impl Directions {
    /// All that the sample has; `None` if its products have no eigenvectors to speak of.
    ///
    /// # Errors
    /// [`Error::Cancelled`] after a break of `go_on`.
    pub(super) fn of(sample: Sample, level: Level, go_on: &GoOn<'_>) -> Result<Option<Self>, Error> {
        let (gram, size) = (sample.gram(level, go_on), sample.neurons());
        go_on.check()?;
        let (gram, eigen) = eigen(gram, size, go_on)?;
        let Some(eigen) = eigen else { return Ok(None) };
        let (values, vectors) = (eigen.S().column_vector(), eigen.U());
        let largest = values.iter().copied().fold(0.0, f64::max);
        // Ascending: from the last back.
        let count = values.iter().rev().take_while(|&&value| value > LEAST * largest).count();
        let factors = Mat::from_fn(size, count, |neuron, direction| {
            let at = size - 1 - direction;
            vectors[(neuron, at)] / values[at].sqrt()
        });
        Ok((count > 0).then_some(Self { sample, gram, factors }))
    }

    pub(super) fn count(&self) -> usize {
        self.factors.ncols()
    }

    /// Only the first directions.
    pub(super) fn first(self, count: usize) -> Self {
        let factors = self.factors.get(.., ..count.min(self.count())).to_owned();
        Self { factors, ..self }
    }

    /// The coordinates of some panels' neurons.
    pub(super) fn coordinates(
        &self,
        copy: &Copy8,
        panels: &[usize],
        level: Level,
        go_on: &GoOn<'_>,
    ) -> Coordinates {
        let products = self.sample.with(copy, panels, level, go_on);
        let (size, count, neurons) = (self.sample.neurons(), self.count(), panels.len() * PANEL);
        let mut values = vec![0.0; count * neurons];
        let products = MatRef::from_column_major_slice(&products, size, neurons);
        let out = MatMut::from_column_major_slice_mut(&mut values, count, neurons);
        matmul(out, Accum::Replace, self.factors.transpose(), products, 1.0, Par::Seq);
        let kept = &copy.norms(copy.blocks() - 1).kept;
        let of_panel =
            |panel: &usize| kept[panel * PANEL..][..PANEL].iter().map(|&norm| f64::from(norm).powi(2));
        Coordinates { values, wholes: panels.iter().flat_map(of_panel).collect() }
    }

    /// What share of the tested neurons' squares all directions hold, on average.
    pub(super) fn share(&self, tested: &Coordinates) -> f64 {
        let neurons = tested.values.chunks(self.count().max(1)).zip(&tested.wholes);
        let shares = neurons
            .filter(|(_, whole)| **whole > 0.0)
            .map(|(values, whole)| values.iter().map(|value| value * value).sum::<f64>() / whole);
        let (sum, count) = shares.fold((0.0, 0.0), |(sum, count), share| (sum + share, count + 1.0));
        sum / f64::max(count, 1.0)
    }

    /// For some numbers of directions, ascending: of the rows of one panel with another panel, the share that has a pair which they
    /// leave open at the threshold. Of tested panels, without what rounding to bytes adds.
    pub(super) fn open(&self, tested: &Coordinates, threshold: f64) -> Vec<(usize, f64)> {
        const PARTS: usize = 8;
        let (all, neurons) = (self.count(), tested.wholes.len());
        let values = MatRef::from_column_major_slice(&tested.values, all, neurons);
        let (mut near, mut rests) = (vec![0.0; neurons * neurons], tested.wholes.clone());
        let mut done = 0;
        let mut shares = Vec::new();
        for part in 1..=PARTS {
            let count = (all * part).div_ceil(PARTS);
            let own = values.get(done..count, ..);
            for (rest, column) in rests.iter_mut().zip(tested.values.chunks(all)) {
                *rest -= column[done..count].iter().map(|value| value * value).sum::<f64>();
            }
            let rest: Vec<f64> = rests.iter().map(|rest| rest.max(0.0).sqrt()).collect();
            let of_panel = |(panel, near): (usize, &mut [f64])| {
                let rows = panel * PANEL..(panel + 1) * PANEL;
                let columns = own.get(.., rows.clone());
                let out = MatMut::from_column_major_slice_mut(near, neurons, PANEL);
                matmul(out, Accum::Add, own.transpose(), columns, 1.0, Par::Seq);
                let lines = near.chunks(neurons).zip(&rest[rows]);
                lines.map(|(near, &own)| open(near, own, &rest, panel, threshold)).sum::<usize>()
            };
            let open: usize = near.par_chunks_mut((PANEL * neurons).max(1)).enumerate().map(of_panel).sum();
            #[expect(clippy::cast_precision_loss, reason = "a share")]
            let share = open as f64 / (neurons * (neurons / PANEL).saturating_sub(1)).max(1) as f64;
            shares.push((count, share));
            done = count;
        }
        shares
    }

    /// What the product of two coordinate vectors, and the square of a residual's norm, can be off by, because directions are
    /// not quite orthonormal and coordinates not quite those (`NOTE.md`).
    pub(super) fn margin(&self) -> f64 {
        const UNIT: f64 = f64::EPSILON / 2.0;
        let (size, count) = (self.sample.neurons(), self.count());
        let gram = MatRef::from_column_major_slice(&self.gram, size, size);
        // E = Mᵀ G M − 1.
        let mut half = Mat::zeros(size, count);
        matmul(half.as_mut(), Accum::Replace, gram, self.factors.as_ref(), 1.0, Par::Seq);
        let mut error = Mat::<f64>::identity(count, count);
        matmul(error.as_mut(), Accum::Add, self.factors.transpose(), half.as_ref(), -1.0, Par::Seq);
        let (norm, of_gram) = (self.factors.norm_l2(), gram.norm_l2());
        #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
        let (rows, blocks) = (size as f64, self.sample.blocks() as f64);
        // Products with the sample carry a rounding for each block and three for each term; the sums of the two products here,
        // and of the coordinates, one for each neuron of the sample.
        let of_products = UNIT * (blocks + 4.0) * 1.1;
        let orthonormality = error.norm_l2() + norm * norm * (2.2 * rows * UNIT * of_gram + rows * of_products);
        let coordinates = norm * rows.sqrt() * (1.1 * rows * UNIT + of_products);
        4.0 * orthonormality + 4.0 * coordinates
    }
}

/// The eigenvectors of a symmetric matrix, which is handed back; none if they cannot be found. The search itself cannot be asked
/// whether to go on: after a break it is left to end by itself, in the pool.
fn eigen(
    matrix: Vec<f64>,
    size: usize,
    go_on: &GoOn<'_>,
) -> Result<(Vec<f64>, Option<SelfAdjointEigen<f64>>), Error> {
    let (sender, receiver) = sync_channel(1);
    rayon::spawn(move || {
        let view = MatRef::from_column_major_slice(&matrix, size, size);
        let eigen = view.self_adjoint_eigen(Side::Lower).ok();
        // It fails only if nobody waits any more.
        let _ = sender.send((matrix, eigen));
    });
    loop {
        // A thread of the pool helps, and must where it is the only one.
        let helped = rayon::yield_now() == Some(rayon::Yield::Executed);
        let wait = if helped { Duration::ZERO } else { POLL };
        match receiver.recv_timeout(wait) {
            Ok(found) => return Ok(found),
            Err(RecvTimeoutError::Disconnected) => return Ok((Vec::new(), None)),
            Err(RecvTimeoutError::Timeout) if go_on.is_broken() => return Err(Error::Cancelled),
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

/// In how many other panels than its own a row has a pair that is open.
fn open(near: &[f64], own: f64, rest: &[f64], panel: usize, threshold: f64) -> usize {
    let panels = near.chunks(PANEL).zip(rest.chunks(PANEL)).enumerate();
    let others = panels.filter(|(other, _)| *other != panel);
    let open = |(near, rest): (&f64, &f64)| near.abs() + own * rest >= threshold - SLACK;
    others.filter(|(_, (near, rest))| near.iter().zip(*rest).any(open)).count()
}
