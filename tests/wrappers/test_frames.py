"""Frames of pandas and sparse matrices as samples, series of texts as labels, under scikit-learn's tools."""

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from jkeras.wrappers.scikit_learn import KerasRegressor
from tests.wrappers.test_scikit_learn import X, Y, classifier, line_net


def frames():
    pd = pytest.importorskip("pandas")
    index = np.arange(90)[::-1] + 5  # rows are taken by place, not by what they are called
    return pd.DataFrame(X, columns=["a", "b", "c"], index=index), pd.Series(
        np.array(["zebra", "ant", "mole"])[Y], index=index
    )


def test_frames_and_series_of_texts():
    x, y = frames()
    found = classifier().fit(x, y)
    assert found.classes_.tolist() == ["ant", "mole", "zebra"]
    assert found.feature_names_in_.tolist() == ["a", "b", "c"]
    assert found.score(x, y) > 0.95
    np.testing.assert_array_equal(found.predict(x) == y.to_numpy(), found.predict(x) == y)
    assert classifier().fit(x, y.astype("category")).score(x, y) > 0.95
    assert cross_val_score(classifier(), x, y, cv=3).min() > 0.9
    search = GridSearchCV(classifier(), {"hidden": [2, 8]}, cv=2).fit(x, y)
    assert search.best_score_ > 0.9
    pipeline = make_pipeline(StandardScaler().set_output(transform="pandas"), classifier()).fit(x, y)
    assert pipeline.score(x, y) > 0.95
    line = KerasRegressor(line_net, nb_epoch=1, verbose=0).fit(x, x["a"])
    assert line.predict(x).shape == (90,) and line.score(x, x["a"]) < 0


def test_columns_are_compared_by_their_names():
    x, y = frames()
    found = classifier(nb_epoch=1).fit(x, y)
    for bad, message in (
        (x[["b", "a", "c"]], "must be in the same order as they were in fit"),
        (
            x.rename(columns={"a": "d"}),
            "unseen at fit time:\n- d\nFeature names seen at fit time, yet now missing:\n- a",
        ),
    ):
        with pytest.raises(ValueError, match=message):
            found.predict(bad)
    with pytest.warns(UserWarning, match="X does not have valid feature names, but KerasClassifier was fitted with"):
        found.predict(X)
    with pytest.warns(UserWarning, match="X has feature names, but KerasClassifier was fitted without"):
        classifier(nb_epoch=1).fit(X, y).predict(x)
    assert not hasattr(found.fit(X, Y), "feature_names_in_")


@pytest.mark.filterwarnings("ignore:.*is a sparse matrix:UserWarning")
def test_sparse_samples():
    sparse = pytest.importorskip("scipy.sparse")
    found = classifier().fit(sparse.csr_matrix(X), Y)
    assert found.score(sparse.csc_matrix(X), Y) > 0.95
    np.testing.assert_array_equal(found.predict(sparse.dok_matrix(X)), found.predict(X))
