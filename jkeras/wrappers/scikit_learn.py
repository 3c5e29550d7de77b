"""Import path of Keras 1: ``keras.wrappers.scikit_learn``. Models as estimators."""

from typing import Any

from jkeras.compat.later import later
from jkeras.models import Sequential
from jkeras.utils.np_utils import to_categorical

__all__ = ["BaseWrapper", "KerasClassifier", "KerasRegressor", "Sequential", "to_categorical"]


@later("the scikit-learn interface")
class BaseWrapper:
    """What the estimators have in common."""

    def __init__(self, build_fn: Any = None, **sk_params: Any) -> None: ...

    def check_params(self, params: Any) -> Any: ...

    def filter_sk_params(self, fn: Any, override: Any = None) -> Any: ...

    def fit(self, x: Any, y: Any, **kwargs: Any) -> Any: ...

    def get_params(self, **params: Any) -> Any: ...

    def set_params(self, **params: Any) -> Any: ...


@later("the scikit-learn interface")
class KerasClassifier(BaseWrapper):
    """A model as a classifier."""

    def predict(self, x: Any, **kwargs: Any) -> Any: ...

    def predict_proba(self, x: Any, **kwargs: Any) -> Any: ...

    def score(self, x: Any, y: Any, **kwargs: Any) -> Any: ...


@later("the scikit-learn interface")
class KerasRegressor(BaseWrapper):
    """A model as a regressor."""

    def predict(self, x: Any, **kwargs: Any) -> Any: ...

    def score(self, x: Any, y: Any, **kwargs: Any) -> Any: ...
