"""A small net, its data, and how its training is looked at."""

from typing import Any

import numpy as np

from jkeras import backend as K
from jkeras.layers import Dense
from jkeras.models import Sequential

random = np.random.RandomState(0)
X, Y = random.randn(40, 3).astype("float32"), random.randn(40, 2).astype("float32")


def net(optimizer: Any, **dense: Any) -> Sequential:
    K.reset_uids()
    np.random.seed(0)
    model = Sequential([Dense(5, input_dim=3, activation="tanh", **dense), Dense(2)])
    model.compile(optimizer, "mse")
    return model


def fit(model: Sequential, epochs: int = 3, **kwargs: Any) -> list[float]:
    return model.fit(X, Y, nb_epoch=epochs, batch_size=16, verbose=0, shuffle=False, **kwargs).history["loss"]


def same(one: Any, other: Any, **tolerance: Any) -> None:
    for a, b in zip(one, other, strict=True):
        np.testing.assert_allclose(a, b, **({"rtol": 1e-6, "atol": 1e-7} | tolerance))


def programs(model: Sequential) -> list[int]:
    found = model._trainer.programs
    return [found.train_batch._compiled._cache_size(), found.train_batches._compiled._cache_size()]
