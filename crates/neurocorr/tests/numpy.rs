//! NumPy's corrcoef, after NeuroX's clean-up, as the fixture holds it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation, reason = "a test may fail")]

use neurocorr::{Columns, Dense, Measure, Moments, NonFinite, average_ranks, correlations, error_bound};
use testkit::Fixture;

#[test]
fn correlations_are_numpys_within_the_derived_bound_constants_copies_and_all() {
    let fixture = Fixture::open("correlation");
    let &[tokens, neurons] = fixture.shape("x") else { panic!() };
    let x = fixture.floats("x");
    let r = correlations(&Columns::row_major(&x, tokens, neurons).unwrap(), NonFinite::Error).unwrap();
    let r = r.into_square(Measure::Correlation);
    // NumPy centres by a mean rounded once and divides by two norms: twice our bound covers both.
    for (place, (ours, numpy)) in r.iter().zip(fixture.floats("corrcoef")).enumerate() {
        let (i, j) = (place / neurons, place % neurons);
        assert!((ours - numpy).abs() <= 2.0 * error_bound(tokens), "({i}, {j}): {ours} {numpy}");
    }
}

#[test]
fn ranks_and_rank_correlations_are_scipys() {
    let fixture = Fixture::open("ranks");
    let &[tokens, neurons] = fixture.shape("x") else { panic!() };
    let x = fixture.floats("x");
    let ranks = average_ranks::<f64, _>(&Columns::row_major(&x, tokens, neurons).unwrap()).unwrap();
    for (place, rank) in fixture.floats("ranks").into_iter().enumerate() {
        assert_eq!(ranks.columns().get(place / neurons, place % neurons), Some(rank), "place {place}");
    }
    let r = Dense::new().square(&ranks.columns(), Measure::Correlation).unwrap();
    for (place, (ours, scipy)) in r.iter().zip(fixture.floats("spearman")).enumerate() {
        assert!((ours - scipy).abs() <= 2.0 * error_bound(tokens), "place {place}: {ours} {scipy}");
    }
}

#[test]
fn weighted_correlations_are_numpys_within_the_bound_of_the_weights() {
    let fixture = Fixture::open("ranks");
    let &[tokens, neurons] = fixture.shape("x") else { panic!() };
    let (x, weights) = (fixture.floats("x"), fixture.floats("weights"));
    let columns = Columns::row_major(&x, tokens, neurons).unwrap();
    let r = Dense::new().weights(&weights).square(&columns, Measure::Correlation).unwrap();
    let mut moments = Moments::new(neurons);
    moments.push_weighted(&columns, &weights).unwrap();
    let constants = Moments::of(&columns).constants();
    for (place, (ours, numpy)) in r.iter().zip(fixture.floats("weighted")).enumerate() {
        let (i, j) = (place / neurons, place % neurons);
        if i != j && (constants.contains(&i) || constants.contains(&j)) {
            // NumPy divides noise by noise there.
            assert_eq!(*ours, 0.0);
            continue;
        }
        assert!((ours - numpy).abs() <= 2.0 * moments.error_bound_in::<f64>(), "({i}, {j}): {ours} {numpy}");
    }
}
