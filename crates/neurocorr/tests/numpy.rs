//! NumPy's corrcoef, after NeuroX's clean-up, as the fixture holds it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::cast_possible_truncation, reason = "a test may fail")]

use neurocorr::{Columns, Measure, NonFinite, correlations, error_bound};
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
