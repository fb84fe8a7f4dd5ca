//! Sums and differences of similar tokens: an orthonormal transform, so that products of columns stay what they are while most of what
//! they hold goes into few rows.

use crate::level::Work;
use std::f32::consts::FRAC_1_SQRT_2;

/// Tokens that are transformed together: five levels of pairs.
pub(super) const GROUP: usize = 32;

/// What the transform adds to the distance of a correlation from that of the values as they were (`NOTE.md`).
pub(super) const ERROR: f64 = 84.0 * (f32::EPSILON / 2.0) as f64;

/// The orthonormal Haar transform of each group of rows, in place; the last group may be short. The first row of a group then
/// holds what its rows have in common.
pub(super) struct Haar<'a, const N: usize>(pub(super) &'a mut [[f32; N]]);

impl<const N: usize> Work for Haar<'_, N> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for group in self.0.chunks_mut(GROUP) {
            let mut apart = 1;
            while apart < group.len() {
                for pair in group.chunks_mut(2 * apart) {
                    let (first, second) = pair.split_at_mut(apart.min(pair.len()));
                    if let (Some(a), Some(b)) = (first.first_mut(), second.first_mut()) {
                        for (a, b) in a.iter_mut().zip(b) {
                            (*a, *b) = ((*a + *b) * FRAC_1_SQRT_2, (*a - *b) * FRAC_1_SQRT_2);
                        }
                    }
                }
                apart *= 2;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Level;
    use crate::kernels::PANEL;

    fn dot(x: &[f64], y: &[f64]) -> f64 {
        x.iter().zip(y).map(|(a, b)| a * b).sum()
    }

    #[test]
    fn products_and_correlations_stay_within_the_error_for_groups_of_every_length_at_every_level() {
        for rows in (1..=2 * GROUP + 1).chain([1_000]) {
            let values = testkit::activations(rows, PANEL, 3, rows as u64);
            let exact: Vec<[f64; PANEL]> = values.as_chunks::<PANEL>().0.to_vec();
            #[expect(clippy::cast_possible_truncation, reason = "the rounding is part of the error")]
            let single: Vec<[f32; PANEL]> = exact.iter().map(|row| row.map(|value| value as f32)).collect();
            let mut first = None;
            for level in Level::available() {
                let mut turned = single.clone();
                level.run(Haar(&mut turned));
                assert!(first.get_or_insert_with(|| turned.clone()) == &turned, "{}", level.name());
            }
            let turned = first.unwrap();
            let before = |lane: usize| exact.iter().map(|row| row[lane]).collect::<Vec<f64>>();
            let after = |lane: usize| turned.iter().map(|row| f64::from(row[lane])).collect::<Vec<f64>>();
            for (a, b) in [(0, 0), (0, 1), (5, 47), (20, 21)] {
                let cosine = |x: &[f64], y: &[f64]| dot(x, y) / (dot(x, x) * dot(y, y)).sqrt();
                let (was, is) = (cosine(&before(a), &before(b)), cosine(&after(a), &after(b)));
                assert!((was - is).abs() <= ERROR, "{rows} rows: {was} {is}");
            }
        }
    }

    #[test]
    fn equal_rows_become_one() {
        let mut rows = vec![[3.0_f32; PANEL]; GROUP];
        Level::portable().run(Haar(&mut rows));
        #[expect(clippy::cast_precision_loss, reason = "32")]
        let all = 3.0 * (GROUP as f32).sqrt();
        assert!(rows[0].iter().all(|value| (value - all).abs() < 1e-4));
        assert!(rows[1..].iter().flatten().all(|value| *value == 0.0));
    }
}
