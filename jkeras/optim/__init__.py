"""Optimisation algorithms as pure pairs ``init(params)``, ``update(grads, state, params)``.

They follow the protocol of gradient transformations: updates are added to the weights. They work on any pytree of
arrays and can be traced by `jax.jit`, `jax.vmap` and `jax.lax.scan`. The classes of Keras 1 are in `jkeras.optimizers`.

>>> import jax.numpy as jnp
>>> params = {"W": jnp.ones(2)}
>>> transformation = sgd(lr=0.5)
>>> state = transformation.init(params)
>>> updates, state = transformation.update({"W": jnp.array([1.0, 2.0])}, state, params)
>>> (params["W"] + updates["W"]).tolist()
[0.5, 0.0]
"""

from jkeras.optim.adadelta import adadelta
from jkeras.optim.adagrad import adagrad
from jkeras.optim.adam import adam
from jkeras.optim.adamax import adamax
from jkeras.optim.base import OptState, Transformation
from jkeras.optim.nadam import nadam
from jkeras.optim.rmsprop import rmsprop
from jkeras.optim.sgd import sgd

__all__ = ["OptState", "Transformation", "adadelta", "adagrad", "adam", "adamax", "nadam", "rmsprop", "sgd"]
