import jax
import numpy as np
import pytest

from jkeras import metrics, objectives
from jkeras.errors import UnknownNameError

sklearn_metrics = pytest.importorskip("sklearn.metrics", reason="the reference values are scikit-learn's")
RNG = np.random.RandomState(0)
NAMES = sorted({f.__name__ for f in metrics.registry.entries.values()})


@pytest.mark.parametrize("name", NAMES)
def test_each_is_one_finite_number_also_compiled(name):
    y_true, y_pred = RNG.randint(0, 2, (6, 8)).astype("float32"), RNG.rand(6, 8).astype("float32")
    if "sparse" in name:
        y_true = RNG.randint(0, 8, (6, 1)).astype("float32")
    elif name in ("cosine_proximity", "top_k_categorical_accuracy"):
        y_true = np.eye(8, dtype="float32")[:6]
    metric = metrics.get(name)
    made = metric(y_true, y_pred)
    assert metric.__name__ == name and made.shape == () and np.isfinite(made)
    np.testing.assert_allclose(jax.jit(metric)(y_true, y_pred), made, rtol=1e-5)


@pytest.mark.parametrize("name", sorted(set(NAMES) & {f.__name__ for f in objectives.registry.entries.values()}))
def test_namesakes_are_the_mean_of_the_objective(name):
    y_true, y_pred = RNG.rand(3, 5, 4), RNG.rand(3, 5, 4)
    if "sparse" in name:
        y_true = RNG.randint(0, 4, (3, 5, 1))
    expected = np.mean(objectives.get(name)(y_true, y_pred))
    np.testing.assert_allclose(metrics.get(name)(y_true, y_pred), expected, rtol=1e-5)


def test_accuracies():
    assert metrics.binary_accuracy(np.array([1, 0, 1, 0]), np.array([0.9, 0.5, 0.4, 0.1])).item() == 0.75
    scores = np.array([[0.1, 0.9, 0.0], [0.5, 0.2, 0.3]])
    assert metrics.categorical_accuracy(np.eye(3)[[1, 1]], scores).item() == 0.5
    for dtype in ("int32", "float32"):
        assert metrics.sparse_categorical_accuracy(np.array([[1], [2]], dtype), scores).item() == 0.5
    assert metrics.top_k_categorical_accuracy(np.eye(3)[[1, 2]], scores, k=2).item() == 1.0
    assert metrics.top_k_categorical_accuracy(np.eye(3)[[2, 1]], scores, k=2).item() == 0.0


def test_scores_of_binary_predictions():
    true, score = RNG.randint(0, 2, 200), RNG.rand(200).astype("float32")
    predicted = score > 0.5
    for made, expected in (
        (metrics.precision, sklearn_metrics.precision_score(true, predicted)),
        (metrics.recall, sklearn_metrics.recall_score(true, predicted)),
        (metrics.fmeasure, sklearn_metrics.f1_score(true, predicted)),
        (lambda t, p: metrics.fbeta_score(t, p, beta=2), sklearn_metrics.fbeta_score(true, predicted, beta=2)),
        (metrics.matthews_correlation, sklearn_metrics.matthews_corrcoef(true, predicted)),
    ):
        np.testing.assert_allclose(made(true, score), expected, rtol=1e-4)


def test_scores_without_positives_are_zero():
    zeros = np.zeros((4, 2), "float32")
    for name in ("precision", "recall", "fmeasure", "matthews_correlation"):
        assert metrics.get(name)(zeros, zeros).item() == 0.0


def test_a_negative_beta_is_refused():
    with pytest.raises(ValueError, match="must not be negative"):
        metrics.fbeta_score(np.ones(2), np.ones(2), beta=-1)


def test_aliases_and_unknown_names():
    for alias in ("mse", "MSE", "mae", "MAE", "mape", "MAPE", "msle", "MSLE", "cosine", "f1score", "fscore"):
        assert metrics.get(alias) is getattr(metrics, alias)
    assert metrics.get(np.add) is np.add
    with pytest.raises(UnknownNameError, match="Perhaps you meant 'precision'"):
        metrics.get("precison")
