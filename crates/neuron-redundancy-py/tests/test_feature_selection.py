"""The estimator against scikit-learn's checks, and what it gives back."""

import numpy as np
import pytest
from conftest import grouped
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from neuron_redundancy import CorrelatedFeatures, cluster


@parametrize_with_checks(
    [CorrelatedFeatures(), CorrelatedFeatures(0.3, method="complete", representative="random", random_state=0)]
)
def test_scikit_learns_own_checks(estimator, check):
    check(estimator)


@given(grouped(), st.floats(0.05, 0.95), st.sampled_from(["medoid", "variance", "first", "random"]), st.booleans())
def test_clusters_are_those_of_cluster_and_lines_are_least_squares(x, threshold, representative, absolute):
    keep = CorrelatedFeatures(threshold, absolute=absolute, representative=representative, random_state=3).fit(x)
    assert np.array_equal(keep.labels_, cluster(x, threshold, absolute=absolute).labels)
    assert keep.n_clusters_ == keep.get_support().sum() == len(set(keep.labels_.tolist()))
    kept = keep.transform(x)
    assert np.array_equal(kept, x[:, np.sort(keep.representatives_)])
    back = keep.inverse_transform(kept)
    assert back.shape == x.shape and np.allclose(back[:, keep.representatives_], x[:, keep.representatives_])
    for feature in range(x.shape[1]):
        over = x[:, keep.representatives_[keep.labels_[feature] - 1]]
        slope, intercept = np.polyfit(over, x[:, feature], 1)
        assert np.allclose(back[:, feature], slope * over + intercept, atol=1e-8)


def test_frames_keep_their_names_and_kinds():
    import pandas
    import polars

    x = np.random.default_rng(0).normal(size=(50, 3))
    x = np.column_stack([x, x[:, 0]])
    names = ["a", "b", "c", "d"]
    for frame, kind in ((pandas.DataFrame(x, columns=names), "pandas"), (polars.DataFrame(x, schema=names), "polars")):
        keep = CorrelatedFeatures(representative="first").set_output(transform=kind).fit(frame)
        assert keep.get_feature_names_out().tolist() == ["a", "b", "c"]
        assert list(keep.transform(frame).columns) == ["a", "b", "c"]


def test_in_a_pipeline_that_is_searched():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, 5))
    x = np.column_stack([x, x + 0.1 * rng.normal(size=x.shape)])
    search = GridSearchCV(
        make_pipeline(CorrelatedFeatures(), Ridge()), {"correlatedfeatures__threshold": [0.1, 0.5]}
    ).fit(x, x[:, 0])
    assert search.best_score_ > 0.9


def test_what_is_not_of_its_shape_is_refused():
    keep = CorrelatedFeatures().fit(np.random.default_rng(0).normal(size=(20, 4)))
    with pytest.raises(ValueError, match="features were kept"):
        keep.inverse_transform(np.zeros((3, 1)))
    assert CorrelatedFeatures().fit(np.ones((5, 3))).labels_.tolist() == [1, 2, 3]
    assert CorrelatedFeatures().fit(np.arange(5.0)[:, None]).labels_.tolist() == [1]
