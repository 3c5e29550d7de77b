"""Models as estimators: scikit-learn's tools, labels of all kinds, parameters, words of both Keras versions, bad input."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import BaseEstimator, clone, is_classifier, is_regressor
from sklearn.ensemble import BaggingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from jkeras.callbacks import Callback
from jkeras.layers import Dense, Input, merge
from jkeras.models import Model, Sequential
from jkeras.wrappers.scikit_learn import BaseWrapper, KerasClassifier, KerasRegressor


def blobs(n=90, classes=3):
    """Points around as many corners as there are classes."""
    draw = np.random.RandomState(0)
    y = np.arange(n) % classes
    x = 3 * np.eye(classes)[y] + 0.3 * draw.normal(size=(n, classes))
    return x.astype("float32"), y


def softmax_net(hidden=8, loss="categorical_crossentropy", lr=None, outputs=3):
    model = Sequential([Dense(hidden, input_dim=3, activation="tanh"), Dense(outputs, activation="softmax")])
    model.compile("adam", loss)
    if lr is not None:
        model.optimizer.lr.set_value(lr)
    return model


def sigmoid_net():
    model = Sequential([Dense(8, input_dim=2, activation="tanh"), Dense(1, activation="sigmoid")])
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model


def line_net(hidden=4):
    model = Sequential([Dense(hidden, input_dim=3, activation="tanh"), Dense(1)])
    model.compile("adam", "mse")
    return model


FAST = {"batch_size": 15, "nb_epoch": 30, "verbose": 0, "lr": 0.05}
X, Y = blobs()


def classifier(**options):
    return KerasClassifier(softmax_net, **{**FAST, **options})


# ---- classifiers


@pytest.mark.parametrize("loss", ["categorical_crossentropy", "sparse_categorical_crossentropy", "mse"])
def test_integer_labels_for_every_loss(loss):
    found = classifier(loss=loss).fit(X, Y)
    assert found.score(X, Y) > 0.95
    assert found.predict(X).shape == (90,)
    probabilities = found.predict_proba(X)
    assert probabilities.shape == (90, 3)
    np.testing.assert_array_equal(probabilities.argmax(axis=1), found.predict(X))


def test_texts_as_labels():
    names = np.array(["zebra", "ant", "mole"])[Y]
    found = classifier().fit(X, names)
    assert found.classes_.tolist() == ["ant", "mole", "zebra"]
    assert set(found.predict(X)) <= {"ant", "mole", "zebra"}
    assert found.score(X, names) > 0.95
    assert found.predict_proba(X[:1]).argmax() == 2  # zebra


def test_numbers_with_gaps_as_labels():
    labels = np.array([10, -5, 7])[Y]
    found = classifier().fit(X, labels)
    assert found.classes_.tolist() == [-5, 7, 10]
    assert found.score(X, labels) > 0.95


def test_rows_as_labels():
    rows = np.eye(3)[Y]
    found = classifier().fit(X, rows)
    assert found.score(X, rows) == found.score(X, Y) > 0.95
    assert found.predict(X).shape == (90,)


def test_a_column_of_labels():
    assert classifier().fit(X, Y[:, None]).score(X, Y[:, None]) > 0.95


@pytest.mark.parametrize("labels", [[0, 1], ["no", "yes"], [False, True]])
def test_two_classes_and_one_output(labels):
    x, y = blobs(60, 2)
    y = np.array(labels)[y]
    found = KerasClassifier(sigmoid_net, nb_epoch=60, batch_size=10, verbose=0).fit(x, y)
    assert found.predict(x).shape == (60,) and found.predict(x).dtype == y.dtype
    probabilities = found.predict_proba(x)
    assert probabilities.shape == (60, 2)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    assert found.score(x, y) > 0.95
    np.testing.assert_allclose(found.score(x, y), found.model.evaluate(x, y == labels[1], verbose=0)[1], rtol=1e-6)


def test_several_labels_at_once():
    x, y = blobs(60, 3)
    rows = np.stack([y != 0, y != 1, y != 2], axis=1).astype(float)

    def net():
        model = Sequential([Dense(3, input_dim=3, activation="sigmoid")])
        model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
        return model

    found = KerasClassifier(net, nb_epoch=1, verbose=0).fit(x, rows)
    np.testing.assert_allclose(found.score(x, rows), found.model.evaluate(x, rows, verbose=0)[1], rtol=1e-6)


def test_a_part_of_the_data_that_lacks_a_class():
    some = Y != 1
    found = classifier().fit(X[some], Y[some])
    assert found.classes_.tolist() == [0, 1, 2]
    assert found.score(X[some], Y[some]) > 0.95


def test_class_weights_by_label():
    names = np.array(["a", "b", "c"])[Y]
    # All samples look the same: the weights decide.
    heavy = classifier(nb_epoch=5, class_weight={"a": 0.01, "b": 5.0, "c": 0.01}).fit(0 * X, names)
    assert set(heavy.predict(X[:1] * 0)) == {"b"}
    assert classifier(class_weight="balanced").fit(X, names).score(X, names) > 0.95


def test_sample_weights():
    names = np.array(["a", "b", "c"])[Y]
    weights = np.where(names == "b", 5.0, 0.01)
    found = classifier(nb_epoch=5).fit(0 * X, names, sample_weight=weights)
    assert set(found.predict(X[:1] * 0)) == {"b"}
    right = found.predict(X) == names
    assert found.score(X, names, sample_weight=weights) == pytest.approx(np.average(right, weights=weights))


def test_a_functional_model():
    def net():
        x = Input((3,))
        model = Model(x, Dense(3, activation="softmax")(Dense(8, activation="tanh")(x)))
        model.compile("adam", "categorical_crossentropy")
        model.optimizer.lr.set_value(0.05)
        return model

    assert KerasClassifier(net, nb_epoch=30, verbose=0).fit(X, Y).score(X, Y) > 0.95


def test_several_inputs():
    def net():
        a, b = Input((3,)), Input((3,))
        model = Model([a, b], Dense(3, activation="softmax")(merge([a, b], mode="concat")))
        model.compile("adam", "categorical_crossentropy")
        return model

    found = KerasClassifier(net, nb_epoch=1, verbose=0).fit([X, X], Y)
    assert found.predict([X[:5], X[:5]]).shape == (5,)


# ---- regressors


def test_regression():
    y = X @ [1.0, -2.0, 0.5]
    found = KerasRegressor(line_net, nb_epoch=3, verbose=0).fit(X, y)
    assert found.predict(X).shape == (90,)
    assert found.predict(X[:1]).shape == (1,)
    assert found.score(X, y) == -found.model.evaluate(X, y, verbose=0)
    weights = np.linspace(0.1, 1, 90)
    assert found.score(X, y, sample_weight=weights) == -found.model.evaluate(X, y, verbose=0, sample_weight=weights)


def test_several_targets():
    def net():
        model = Sequential([Dense(2, input_dim=3)])
        model.compile("sgd", "mse", metrics=["mae"])
        return model

    found = KerasRegressor(net, nb_epoch=1, verbose=0).fit(X, X[:, :2])
    assert found.predict(X).shape == (90, 2) and np.isscalar(found.score(X, X[:, :2]))


def test_grid_search_prefers_the_smaller_loss():
    y = X @ [1.0, -2.0, 0.5]
    search = GridSearchCV(KerasRegressor(line_net, batch_size=10, verbose=0), {"nb_epoch": [0, 40]}, cv=2)
    search.fit(X, y)
    assert search.best_params_ == {"nb_epoch": 40}


# ---- scikit-learn's tools


def test_what_scikit_learn_sees():
    assert is_classifier(classifier()) and is_regressor(KerasRegressor(line_net))
    assert isinstance(classifier(), BaseEstimator)
    assert repr(classifier(lr=0.1)) == (
        "KerasClassifier(batch_size=15, nb_epoch=30, verbose=0, lr=0.1, build_fn=softmax_net)"
    )


def test_clone_keeps_parameters_and_no_model():
    original = classifier(hidden=5, callbacks=[Callback()]).fit(X, Y)
    copy = clone(original)
    assert copy.build_fn is original.build_fn
    assert {**copy.get_params(), "callbacks": 0} == {**original.get_params(), "callbacks": 0}
    with pytest.raises(NotFittedError, match=r"call fit\(x, y\) first"):
        copy.predict(X)


def test_cross_validation_of_a_pipeline():
    scores = cross_val_score(make_pipeline(StandardScaler(), classifier()), X, np.array(["a", "b", "c"])[Y], cv=3)
    assert scores.shape == (3,) and scores.min() > 0.9


def test_grid_search_over_the_network_and_its_training():
    grid = {"kerasclassifier__hidden": [1, 8], "kerasclassifier__epochs": [2]}
    search = GridSearchCV(make_pipeline(StandardScaler(), classifier(nb_epoch=1)), grid, cv=2)
    search.fit(X, Y)
    best = search.best_estimator_[-1]
    assert best.get_params()["epochs"] == 2 and len(best.epoch) == 2
    assert best.model.layers[0].output_dim == search.best_params_["kerasclassifier__hidden"]


def test_an_ensemble_gives_weights_or_parts():
    ensemble = BaggingClassifier(classifier(nb_epoch=10), n_estimators=2, random_state=0).fit(X, Y)
    assert ensemble.score(X, Y) > 0.9


def test_a_fitted_estimator_survives_pickle():
    found = classifier().fit(X, Y)
    copy = pickle.loads(pickle.dumps(found))
    np.testing.assert_allclose(copy.predict_proba(X), found.predict_proba(X), rtol=1e-6)
    assert copy.score(X, Y) == found.score(X, Y)


# ---- parameters


def test_fit_gives_the_estimator_which_has_what_history_has():
    found = classifier(nb_epoch=2)
    result = found.fit(X, Y, validation_split=0.1)
    assert result is found
    assert sorted(result.history) == ["loss", "val_loss"] and result.epoch == [0, 1]
    assert result.history_.history is result.history


class Recorder:
    """In place of a model, where only what it is asked for matters."""

    loss, output_shape = "mse", (None, 3)

    def __init__(self, hidden=1):
        self.hidden = hidden

    def fit(self, x, y, **arguments):
        self.arguments = arguments


@pytest.mark.parametrize("word", ["nb_epoch", "epochs"])
def test_both_words_for_epochs(word):
    found = KerasClassifier(Recorder, verbose=0, **{word: 3})

    def epochs(**arguments):
        return found.fit(X, Y, **arguments).model.arguments

    assert found.get_params()[word] == 3
    assert epochs() == {"nb_epoch": 3, "verbose": 0}
    assert epochs(epochs=1)["nb_epoch"] == 1
    assert epochs(nb_epoch=2)["nb_epoch"] == 2
    found.set_params(epochs=4)
    assert epochs()["nb_epoch"] == 4
    found.set_params(nb_epoch=5)
    assert epochs()["nb_epoch"] == 5
    assert clone(found).fit(X, Y).model.arguments["nb_epoch"] == 5


def test_parameters_go_where_they_are_taken():
    found = classifier(hidden=3)
    assert found.filter_sk_params(softmax_net) == {"hidden": 3, "lr": 0.05}
    assert found.filter_sk_params(Sequential.fit) == {"batch_size": 15, "nb_epoch": 30, "verbose": 0}
    assert found.filter_sk_params(Sequential.predict, {"batch_size": 1}) == {"batch_size": 1, "verbose": 0}
    found.fit(X, Y, nb_epoch=1)
    assert found.predict(X, batch_size=7).shape == (90,)


def test_ways_to_make_a_model():
    class Maker:
        def __call__(self, hidden):
            return Recorder(hidden)

        def method(self, hidden):
            return Recorder(hidden)

    class Own(KerasClassifier):
        def __call__(self, hidden):
            return Recorder(hidden)

    def anything(**options):
        return Recorder(**options)

    for found in (
        KerasClassifier(Maker(), hidden=5),
        KerasClassifier(Maker().method, hidden=5),
        KerasClassifier(anything, hidden=5),
        Own(hidden=5),
    ):
        found.set_params(nb_epoch=1, verbose=0).fit(X, Y)
        assert found.model.hidden == 5


def test_set_params_takes_another_function():
    found = classifier().set_params(**clone(classifier()).get_params())
    assert found.set_params(build_fn=line_net) is found
    assert found.build_fn is line_net


def test_callbacks_of_the_parameters_are_not_changed():
    class Remembers(Callback):
        seen = 0

        def on_epoch_end(self, epoch, logs=None):
            self.seen += 1

    callback = Remembers()
    found = classifier(nb_epoch=2, callbacks=[callback]).fit(X, Y)
    assert callback.seen == 0 and callback.model is None
    found.fit(X, Y, callbacks=[callback])
    assert callback.seen == 2


def test_a_model_from_elsewhere():
    found = classifier()
    found.model = classifier().fit(X, Y).model
    assert found.predict(X).shape == (90,) and found.score(X, Y) > 0.95


# ---- bad input


@pytest.mark.parametrize(
    ("use", "error", "message"),
    [
        (lambda: classifier(hiden=3), ValueError, "hiden is not a legal parameter. Perhaps you meant 'hidden'"),
        (lambda: classifier().set_params(nb_epochs=3), ValueError, "nb_epochs is not a legal parameter.*'nb_epoch'"),
        (lambda: classifier().predict(X), NotFittedError, "has no model yet"),
        (lambda: classifier().history, NotFittedError, "has no model yet"),
        (lambda: KerasClassifier().fit(X, Y), TypeError, "give build_fn=, a function that returns a compiled model"),
        (lambda: KerasClassifier(3).fit(X, Y), TypeError, "got build_fn=3"),
        (lambda: KerasClassifier(lambda: None).fit(X, Y), TypeError, "it returned NoneType"),
        (
            lambda: classifier(outputs=2).fit(X, Y),
            ValueError,
            r"have 3 classes \(0, 1, 2\);.* has 2 outputs.*one for each",
        ),
        (lambda: classifier().fit(X, np.array(["a", "b"])[Y % 2]), ValueError, r"2 classes \(a, b\).*has 3 outputs"),
        (lambda: KerasClassifier(sigmoid_net).fit(X[:, :2], Y), ValueError, "3 classes.* has 1 outputs"),
        (lambda: classifier().fit(X, Y + 0.5), ValueError, "Unknown label type: continuous.*KerasRegressor"),
        (lambda: classifier().fit(X, None), ValueError, "requires y to be passed"),
        (lambda: classifier().fit(X, np.where(Y == 0, np.nan, 1.0)), ValueError, "Input y contains NaN"),
        (
            lambda: classifier().fit(X, Y.reshape(3, 5, 6)),
            ValueError,
            r"Labels have shape \(samples,\).*got \(3, 5, 6\)",
        ),
        (lambda: classifier().fit(X, Y[:5]), ValueError, "number of samples"),
        (lambda: classifier(class_weight="auto").fit(X, Y), ValueError, "'balanced', or a dict.*got 'auto'"),
        (lambda: classifier().fit(X, Y, sample_weight=np.zeros(90)), ValueError, "weights are all zero"),
        (
            lambda: classifier(nb_epoch=1).fit(X, Y).predict(X[:, :2]),
            ValueError,
            "X has 2 features, but .* expecting 3",
        ),
        (lambda: classifier(nb_epoch=1).fit(X, Y).predict(X[0]), ValueError, "Reshape your data"),
        (
            lambda: KerasRegressor(line_net).fit(X * np.inf, Y),
            ValueError,
            "Input X contains NaN|Input X contains infinity",
        ),
        (lambda: KerasRegressor(line_net).fit(X, np.array(["a"] * 90, object)), ValueError, "Unknown label type"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_wrong_use(use, error, message):
    with pytest.raises(error, match=message):
        use()


def test_without_scikit_learn():
    program = (
        "import sys\n"
        "for name in ('sklearn', 'sklearn.base', 'sklearn.exceptions'): sys.modules[name] = None\n"
        "import numpy as np\n"
        "from jkeras.layers import Dense\n"
        "from jkeras.models import Sequential\n"
        "from jkeras.wrappers.scikit_learn import KerasClassifier\n"
        "def net():\n"
        "    model = Sequential([Dense(2, input_dim=2, activation='softmax')])\n"
        "    model.compile('sgd', 'mse')\n"
        "    return model\n"
        "found = KerasClassifier(net, nb_epoch=1, verbose=0)\n"
        "try: found.predict(np.ones((1, 2)))\n"
        "except AttributeError as error: print('fit(x, y) first' in str(error))\n"
        "found.fit(np.ones((4, 2)), ['a', 'b', 'a', 'b'])\n"
        "print(found.predict(np.ones((3, 2))).shape, 0 <= found.score(np.ones((4, 2)), ['a', 'b', 'a', 'b']) <= 1)\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert run.stdout == "True\n(3,) True\n", run.stderr


def test_the_base_class_is_one():
    assert issubclass(KerasClassifier, BaseWrapper) and issubclass(KerasRegressor, BaseWrapper)
