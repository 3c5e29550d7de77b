"""Import path of Keras 1: ``keras.wrappers.scikit_learn``. Models as scikit-learn's estimators.

The wrappers work alone; where scikit-learn (the extra ``[sklearn]``) is installed they extend its base classes, so that all of
it takes them: `clone`, `Pipeline`, `cross_val_score`, `GridSearchCV`.
"""

import copy
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from jkeras.errors import did_you_mean
from jkeras.models import Sequential
from jkeras.utils.np_utils import to_categorical
from jkeras.wrappers.columns import check_names, names_of
from jkeras.wrappers.labels import Labels

__all__ = ["BaseWrapper", "KerasClassifier", "KerasRegressor", "Sequential", "to_categorical"]

if TYPE_CHECKING:
    BaseEstimator: Any = object
    ClassifierMixin: Any = object
    RegressorMixin: Any = object
else:
    try:
        from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    except ImportError:

        class BaseEstimator:
            """Stands in for scikit-learn's class where it is not installed."""

        class ClassifierMixin:
            """Stands in for scikit-learn's class where it is not installed."""

        class RegressorMixin:
            """Stands in for scikit-learn's class where it is not installed."""


_WORDS = {"epochs": "nb_epoch"}  # Keras 2's word: Keras 1's


class BaseWrapper(BaseEstimator):
    """What `KerasClassifier` and `KerasRegressor` have in common (Keras 1).

    Args:
        build_fn: a function, or an object that can be called, which returns a compiled model. None where a subclass
            implements ``__call__``.
        **sk_params: arguments of `build_fn`, and of the model's `fit`, `predict` and `evaluate`, such as ``nb_epoch`` (or
            ``epochs``), ``batch_size`` and ``verbose``. All of them can be searched over.

    Attributes:
        model: the model of the last `fit`.
        history, epoch: what it recorded, as the attributes of `jkeras.callbacks.History`; `history_` is that object.
        n_features_in_: number of columns that `fit` got (None if it got no table); there before the model is made, for a
            ``__call__`` that needs it.
        feature_names_in_: their names, if `fit` got a frame whose columns have texts as names; those of other samples have to
            be the same.

    `fit` returns the estimator, as scikit-learn expects; Keras 1 returned the `History`, whose attributes `history` and
    `epoch` the estimator has too.
    """

    def __init__(self, build_fn: Callable[..., Any] | None = None, **sk_params: Any):
        self.build_fn = build_fn
        self.sk_params = sk_params
        self.check_params(sk_params)

    # ---- parameters

    def check_params(self, params: Iterable[str]) -> None:
        """Raise a `ValueError` for a name that neither `build_fn` nor the model's methods take."""
        builder = self.build_fn or self
        build = _arguments(builder) if callable(builder) else {}  # without one `fit` says what is missing
        if any(parameter.kind is parameter.VAR_KEYWORD for parameter in build.values()):
            return
        known = _words_of(*_METHODS) | (build.keys() - {"self"})
        for name in params:
            if name not in known:
                raise ValueError(f"{name} is not a legal parameter.{did_you_mean(name, known)}")

    def get_params(self, **params: Any) -> dict[str, Any]:
        """Return all parameters by name; none are nested, so that ``deep`` makes no difference."""
        return {**self.sk_params, "build_fn": self.build_fn}

    def set_params(self, **params: Any) -> "BaseWrapper":
        """Set parameters, and return the estimator.

        Raises:
            ValueError: nothing takes a parameter of that name.
        """
        if "build_fn" in params:
            self.build_fn = params.pop("build_fn")
        self.check_params(params)
        for name, value in params.items():
            self.sk_params.pop(name, None)  # what was set last wins over another word for the same
            self.sk_params[name] = value
        return self

    def filter_sk_params(self, fn: Callable[..., Any], override: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the parameters that a function takes, and those in `override`."""
        taken = _arguments(fn)
        result: dict[str, Any] = {}
        for name, value in [*self.sk_params.items(), *(override or {}).items()]:
            given = override is not None and name in override
            word = name if name in taken else _WORDS.get(name, name)
            if word in taken or given:
                result[word] = value
        if any(parameter.kind is parameter.VAR_KEYWORD for parameter in taken.values()) and fn not in _METHODS:
            others = {name: value for name, value in self.sk_params.items() if name not in _words_of(*_METHODS)}
            result = {**others, **result}
        return result

    def _builder(self) -> Callable[..., Any]:
        builder: Any = self.build_fn or self
        if not callable(builder):
            raise TypeError(
                f"{type(self).__name__} needs to know how to make a model: give build_fn=, a function that returns a compiled "
                f"model, or implement __call__ in a subclass; got build_fn={self.build_fn!r}."
            )
        return builder

    def __repr__(self, N_CHAR_MAX: int = 700) -> str:
        shown = ", ".join(
            f"{name}={getattr(value, '__name__', repr(value))}" for name, value in self.get_params().items()
        )
        return f"{type(self).__name__}({shown})"[:N_CHAR_MAX]

    # ---- the model

    @property
    def model(self) -> Any:
        """The model of the last `fit`; one that was loaded from a file can be set."""
        if "model_" not in vars(self):
            _raise_unfitted(self)
        return self.model_

    @model.setter
    def model(self, model: Any) -> None:
        self.model_ = model

    @property
    def history(self) -> dict[str, list[Any]]:
        """Values of the last training by name."""
        return self._recorded().history

    @property
    def epoch(self) -> list[int]:
        """Numbers of the epochs of the last training."""
        return self._recorded().epoch

    def _recorded(self) -> Any:
        if "history_" not in vars(self):
            _raise_unfitted(self)
        return self.history_

    def __sklearn_is_fitted__(self) -> bool:
        return "model_" in vars(self)

    def fit(self, x: Any, y: Any, sample_weight: Any = None, **kwargs: Any) -> Any:
        """Make a new model by `build_fn` and train it.

        Args:
            x: samples, as the model's `fit` takes them; also rows as lists.
            y: targets.
            sample_weight: weight of each sample.
            **kwargs: more arguments for the model's `fit`, which win over the parameters.

        Returns:
            The estimator; its attribute `history` holds what was recorded.
        """
        x, y = self._samples(x, fitting=True), self._targets(y)
        arguments = copy.deepcopy(self.filter_sk_params(Sequential.fit))  # callbacks remember what they saw
        arguments.update({_WORDS.get(name, name): value for name, value in kwargs.items()})
        build = self._builder()
        model = build(**self.filter_sk_params(build))
        if not hasattr(model, "fit"):
            raise TypeError(f"build_fn should return a compiled model; it returned {type(model).__name__}.")
        y, arguments = self._for_model(model, y, arguments)
        if sample_weight is not None:
            arguments["sample_weight"] = _weights(sample_weight)
        self.history_ = model.fit(x, y, **arguments)
        self.model_ = model
        return self

    def _samples(self, x: Any, fitting: bool = False) -> Any:
        """Return rows given as lists as an array, after the looks that scikit-learn expects; the rest is the model's."""
        if isinstance(x, list) and any(hasattr(entry, "shape") for entry in x):
            return x  # several inputs
        to_rows = getattr(x, "tocsr", None)
        if to_rows is not None:
            return self._checked_features(to_rows(), fitting)  # some of scipy's sparse matrices are dicts to Python
        if isinstance(x, list | np.ndarray) or (hasattr(x, "__array__") and not hasattr(x, "shape")):
            x = np.asarray(x)
            x = x.astype(np.float64) if x.dtype == object else x
            _check_numbers(x, "X")
        return self._checked_features(x, fitting)

    def _checked_features(self, x: Any, fitting: bool) -> Any:
        """Return samples after a look at the number of their columns, which `fit` sets."""
        shape = getattr(x, "shape", ())
        if len(shape) == 2 and shape[1] == 0:
            raise ValueError(f"Found array with 0 feature(s) (shape={tuple(shape)}) while a minimum of 1 is required.")
        if fitting:
            self.n_features_in_ = int(shape[1]) if len(shape) == 2 else None
            self.__dict__.pop("feature_names_in_", None)
            names = names_of(x)
            if names is not None:
                self.feature_names_in_ = names
            return x
        if hasattr(self, "n_features_in_"):
            check_names(x, getattr(self, "feature_names_in_", None), type(self).__name__)
        features = getattr(self, "n_features_in_", None)
        if features is not None and len(shape) == 1 and features > 1:
            raise ValueError(
                f"Expected 2D array, got 1D array instead. Reshape your data: x.reshape(-1, {features}), also for a single sample."
            )
        if features is not None and len(shape) == 2 and shape[1] != features:
            raise ValueError(
                f"X has {shape[1]} features, but {type(self).__name__} is expecting {features} features as input."
            )
        return x

    def _targets(self, y: Any) -> np.ndarray:
        """Return targets as an array, after a look at them."""
        if y is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None.")
        y = np.asarray(y)
        _check_numbers(y, "y")
        return y.ravel() if y.ndim == 2 and y.shape[1] == 1 else y

    def _for_model(self, model: Any, y: np.ndarray, arguments: dict[str, Any]) -> tuple[np.ndarray, dict[str, Any]]:
        """Return targets, and arguments of `fit`, as the model needs them."""
        return y, arguments

    def _outputs(self, x: Any, kwargs: Mapping[str, Any]) -> np.ndarray:
        model = self.model
        return np.asarray(model.predict(self._samples(x), **{**self.filter_sk_params(Sequential.predict), **kwargs}))


class KerasClassifier(ClassifierMixin, BaseWrapper):
    """A model as a classifier; arguments and attributes are those of `BaseWrapper`.

    Labels may be integers, texts, or rows with a column for each class. The model sees what its loss needs: rows (one-hot) if
    it has an output for each class, else numbers from 0.

    Attributes:
        classes_: the labels, in the order of the model's outputs.
    """

    def _targets(self, y: Any) -> np.ndarray:
        y = super()._targets(y)
        self._labels = Labels(y)
        self.classes_ = self._labels.classes
        return y

    def _for_model(self, model: Any, y: np.ndarray, arguments: dict[str, Any]) -> tuple[np.ndarray, dict[str, Any]]:
        outputs = model.output_shape[-1] if isinstance(model.output_shape, tuple) else None
        self._labels.fit_outputs(outputs)
        self.classes_ = self._labels.classes
        if "class_weight" in arguments:
            arguments["class_weight"] = self._labels.weights(y, arguments["class_weight"])
        return self._labels.encode(y, model.loss, outputs), arguments

    def predict(self, x: Any, **kwargs: Any) -> np.ndarray:
        """Return the most probable class of each sample, of shape ``(samples,)``.

        Args:
            x: samples.
            **kwargs: arguments of the model's `predict`, which win over the parameters.
        """
        return self._decode(self._outputs(x, kwargs))

    def predict_proba(self, x: Any, **kwargs: Any) -> np.ndarray:
        """Return the probability of each class, of shape ``(samples, classes)``; also for a model with one output."""
        outputs = self._outputs(x, kwargs)
        if "classes_" in vars(self) and len(self.classes_) == 1:
            return np.ones((len(outputs), 1), outputs.dtype)
        return np.hstack([1 - outputs, outputs]) if outputs.shape[-1] == 1 else outputs

    def score(self, x: Any, y: Any, sample_weight: Any = None, **kwargs: Any) -> float:
        """Return the share of samples whose class is predicted, whether or not the model is compiled with that metric.

        Args:
            x: samples.
            y: their labels, in any of the forms that `fit` takes.
            sample_weight: weight of each sample.
            **kwargs: arguments of the model's `predict`.
        """
        outputs, y = self._outputs(x, kwargs), np.asarray(y)
        if y.ndim == 2 and y.shape[1] > 1:
            several = y.shape[1] == outputs.shape[-1] and not np.all(y.sum(axis=1) == 1)
            right = ((outputs > 0.5) == (y > 0.5)).mean(axis=1) if several else self._decode(outputs) == self._decode(y)
        else:
            right = self._decode(outputs) == y.ravel()
        return float(np.average(right, weights=sample_weight))

    def _decode(self, outputs: np.ndarray) -> np.ndarray:
        if "classes_" not in vars(self):  # the model was set from outside
            self.classes_ = np.arange(max(outputs.shape[-1], 2))
        if len(self.classes_) == 1:
            return np.repeat(self.classes_, len(outputs))
        best = (outputs.ravel() > 0.5).astype(int) if outputs.shape[-1] == 1 else outputs.argmax(axis=-1)
        return self.classes_[best]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.non_deterministic = True
        tags.input_tags.sparse = True
        tags.classifier_tags.poor_score = True  # a few epochs of a small network
        return tags


class KerasRegressor(RegressorMixin, BaseWrapper):
    """A model as a regressor; arguments and attributes are those of `BaseWrapper`.

    Attributes:
        n_outputs_: number of targets of a sample; there before the model is made, for a ``__call__`` that needs it.
    """

    def _targets(self, y: Any) -> np.ndarray:
        y = super()._targets(y)
        if y.dtype == object:
            try:
                y = y.astype(np.float64)
            except (TypeError, ValueError) as error:
                raise ValueError(f"Unknown label type: a regressor is trained on numbers ({error}).") from error
        self.n_outputs_ = 1 if y.ndim == 1 else int(y.shape[-1])
        return y

    def predict(self, x: Any, **kwargs: Any) -> np.ndarray:
        """Return the prediction for each sample, of shape ``(samples,)``, or ``(samples, outputs)`` for several outputs.

        Args:
            x: samples.
            **kwargs: arguments of the model's `predict`, which win over the parameters.
        """
        outputs = self._outputs(x, kwargs)
        return outputs[..., 0] if outputs.shape[-1] == 1 else outputs

    def score(self, x: Any, y: Any, sample_weight: Any = None, **kwargs: Any) -> float:
        """Return the loss with a minus sign: scikit-learn takes the highest score for the best.

        Keras 1 returned the loss itself, so that `GridSearchCV` chose the worst model.

        Args:
            x: samples.
            y: targets.
            sample_weight: weight of each sample.
            **kwargs: arguments of the model's `evaluate`.
        """
        arguments = {"verbose": 0, **self.filter_sk_params(Sequential.evaluate), **kwargs}
        if sample_weight is not None:
            arguments["sample_weight"] = _weights(sample_weight)
        loss = self.model.evaluate(self._samples(x), np.asarray(y), **arguments)
        return -float(loss[0] if isinstance(loss, list) else loss)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.non_deterministic = True
        tags.input_tags.sparse = True
        tags.regressor_tags.poor_score = True
        tags.target_tags.multi_output = True
        return tags


_METHODS = (Sequential.fit, Sequential.predict, Sequential.predict_classes, Sequential.evaluate)


def _arguments(function: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(function).parameters


def _words_of(*functions: Callable[..., Any]) -> set[str]:
    """Return the names of the functions' arguments, and other words for them."""
    names = {name for function in functions for name in _arguments(function)} - {"self", "x", "y", "kwargs"}
    return names | {other for other, word in _WORDS.items() if word in names}


def _check_numbers(values: np.ndarray, name: str) -> None:
    """Raise a `ValueError` for complex numbers, NaN and infinity, in scikit-learn's words."""
    if values.dtype.kind == "c":
        raise ValueError(f"Complex data not supported: {name} has dtype {values.dtype}.")
    if values.dtype.kind == "f" and not np.all(np.isfinite(values)):
        what = "NaN" if np.any(np.isnan(values)) else f"infinity or a value too large for {values.dtype!r}"
        raise ValueError(f"Input {name} contains {what}.")


def _weights(sample_weight: Any) -> np.ndarray:
    weights = np.asarray(sample_weight)
    if not np.any(weights):
        raise ValueError("Sample weights are all zero: there is nothing to learn from.")
    return weights


def _raise_unfitted(estimator: Any) -> None:
    message = f"This {type(estimator).__name__} has no model yet: call fit(x, y) first."
    try:
        from sklearn.exceptions import NotFittedError
    except ImportError:
        raise AttributeError(message) from None
    raise NotFittedError(message)
