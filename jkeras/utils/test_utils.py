"""Import path of Keras 1: ``keras.utils.test_utils``. Data and a check for tests of layers."""

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from jkeras.backend.config import floatx
from jkeras.engine.input import Input
from jkeras.engine.model import Model
from jkeras.models import Sequential, model_from_json

__all__ = ["Input", "Model", "Sequential", "get_test_data", "keras_test", "layer_test", "model_from_json"]

Split = tuple[np.ndarray, np.ndarray]


def get_test_data(
    nb_train: int = 1000,
    nb_test: int = 500,
    input_shape: tuple[int, ...] = (10,),
    output_shape: tuple[int, ...] = (2,),
    classification: bool = True,
    nb_class: int = 2,
) -> tuple[Split, Split]:
    """Return random data that a model can learn: ``(X_train, y_train), (X_test, y_test)``.

    The numbers are those of Keras 1 for the same ``np.random.seed``.

    Args:
        nb_train, nb_test: how many samples.
        input_shape, output_shape: of one sample.
        classification: whether the targets are class numbers; else arrays of `output_shape`.
        nb_class: how many classes.
    """
    samples = nb_train + nb_test
    X = np.zeros((samples, *input_shape))
    if classification:
        y = np.random.randint(0, nb_class, size=(samples,))
        for i in range(samples):
            X[i] = np.random.normal(loc=y[i], scale=0.7, size=input_shape)
    else:
        centres = np.random.random((samples,))
        y = np.zeros((samples, *output_shape))
        for i in range(samples):
            X[i] = np.random.normal(loc=centres[i], scale=0.7, size=input_shape)
            y[i] = np.random.normal(loc=centres[i], scale=0.7, size=output_shape)
    return (X[:nb_train], y[:nb_train]), (X[nb_train:], y[nb_train:])


def keras_test(func: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator for tests: let layer names count from 1 again after the test."""

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        from jkeras.backend.session import clear_session

        try:
            return func(*args, **kwargs)
        finally:
            clear_session()

    return wrapper


def layer_test(
    layer_cls: Any,
    kwargs: Mapping[str, Any] = {},
    input_shape: tuple[int | None, ...] | None = None,
    input_dtype: str | None = None,
    input_data: Any = None,
    expected_output: Any = None,
    expected_output_dtype: str | None = None,
    fixed_batch_size: bool = False,
) -> np.ndarray:
    """Put a layer through its weights, both ways of building a model, configs and a training step.

    Args:
        layer_cls: the class.
        kwargs: the constructor's arguments.
        input_shape: with the batch dimension; random data of this shape are made, 1 to 3 long where it has ``None``.
        input_dtype: default `floatx`.
        input_data: in place of random data.
        expected_output: what the layer must compute from `input_data`.
        expected_output_dtype: the dtype that the symbolic output must have; default that of the input.
        fixed_batch_size: whether the batch size is part of the model.

    Returns:
        What the layer computes.

    Raises:
        AssertionError: something does not hold.
    """
    if input_data is None:
        if input_shape is None:
            raise ValueError("layer_test needs input_shape or input_data.")
        sizes = [np.random.randint(1, 4) if size is None else size for size in input_shape]
        input_data = (10 * np.random.random(sizes)).astype(input_dtype or floatx())
    input_data = np.asarray(input_data)
    shape = tuple(input_shape or input_data.shape)
    dtype = input_dtype or str(input_data.dtype)

    def connect(layer: Any) -> tuple[Any, Any]:
        if fixed_batch_size:
            x = Input(batch_shape=(len(input_data), *shape[1:]), dtype=dtype)
        else:
            x = Input(shape=shape[1:], dtype=dtype)
        return x, layer(x)

    layer = layer_cls(**kwargs)
    x, y = connect(layer)
    weights = layer.get_weights()
    layer.set_weights(weights)
    if weights:  # another layer of the kind takes them as its initial ones
        connect(layer_cls(**{**kwargs, "weights": weights}))
    _require(y.dtype == (expected_output_dtype or dtype), f"the output has dtype {y.dtype}")

    model = Model(input=x, output=y)
    output = model.predict(input_data)
    _require_shape(layer.get_output_shape_for(shape), output)
    if expected_output is not None:
        np.testing.assert_allclose(output, expected_output, rtol=1e-3)

    functions = {
        layer.name if argument in ("function", "mode") else f"{layer.name}_{argument}": value
        for argument, value in kwargs.items()
        if callable(value)
    }
    for found in (model, _stacked(layer, shape, dtype, fixed_batch_size, len(input_data))):
        rebuilt = model_from_json(found.to_json(), {**functions, layer_cls.__name__: layer_cls})
        rebuilt.set_weights(weights)
        np.testing.assert_allclose(rebuilt.predict(input_data), output, rtol=1e-3, atol=1e-6)
        rebuilt.compile("rmsprop", "mse")
        rebuilt.train_on_batch(input_data, output)
    return output


def _stacked(layer: Any, shape: tuple[int | None, ...], dtype: str, fixed: bool, batch: int) -> Sequential:
    """Return a Sequential of one layer with the config of `layer`."""
    config = layer.get_config()
    config["batch_input_shape"] = (batch if fixed else None, *shape[1:])
    config["input_dtype"] = dtype
    return Sequential([type(layer).from_config(config)])


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise AssertionError(message)


def _require_shape(stated: Any, output: np.ndarray) -> None:
    sizes = list(zip(stated, output.shape, strict=False))
    _require(
        len(stated) == output.ndim and all(want in (None, got) for want, got in sizes[1:]),
        f"the layer says that its output has shape {tuple(stated)}; it has shape {output.shape}",
    )
