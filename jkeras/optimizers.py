"""Keras 1's optimizers: objects with settings that scripts read and change, over the pure algorithms of `jkeras.optim`.

An optimizer is itself a gradient transformation: ``state = optimizer.init(params)`` and
``updates, state = optimizer.update(grads, state, params)`` are pure. Its settings (``lr``, ``momentum``, …) are
variables whose values travel in the state, so that changing one compiles nothing anew. The other arguments
(``epsilon``, ``nesterov``, clipping) are constants of a compiled step: they are fixed when the step is first run.
"""

from collections.abc import Mapping
from typing import Any

from jkeras import optim, registry
from jkeras.errors import UnknownNameError
from jkeras.optim.base import Transformation, clip_norm
from jkeras.optim.shell import Optimizer, Setting
from jkeras.registry import Registry
from jkeras.utils.generic_utils import get_custom_objects, get_from_module

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "Adamax",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "TFOptimizer",
    "adadelta",
    "adagrad",
    "adam",
    "adamax",
    "clip_norm",
    "get",
    "get_custom_objects",
    "get_from_module",
    "nadam",
    "optimizer_from_config",
    "rmsprop",
    "sgd",
]

optimizers = Registry("optimizer", instantiate=True)


@optimizers.register("sgd")
class SGD(Optimizer):
    """Stochastic gradient descent, with momentum, decay of the learning rate and Nesterov momentum.

    Args:
        lr: learning rate.
        momentum: how much of the last velocity is kept.
        decay: update t (from 0) has the learning rate ``lr / (1 + decay · t)``.
        nesterov: whether to apply Nesterov momentum.
        **kwargs: clipping, see `Optimizer`.

    The equations are at `jkeras.optim.sgd`.
    """

    slots = ("v",)

    def __init__(
        self, lr: float = 0.01, momentum: float = 0.0, decay: float = 0.0, nesterov: bool = False, **kwargs: Any
    ):
        super().__init__(**kwargs)
        self.add_settings(lr=lr, momentum=momentum, decay=decay)
        self.add_constants(nesterov=nesterov)

    def transformation(self) -> Transformation:
        """Return `jkeras.optim.sgd` with this optimizer's constants."""
        return optim.sgd(**self.constants())


@optimizers.register("rmsprop")
class RMSprop(Optimizer):
    """RMSprop; a usual choice for recurrent networks.

    Args:
        lr: learning rate.
        rho: how slowly the mean square of the gradients forgets.
        epsilon: keeps the denominator from zero.
        decay: update t (from 0) has the learning rate ``lr / (1 + decay · t)``.
        **kwargs: clipping, see `Optimizer`.

    The equations are at `jkeras.optim.rmsprop`.
    """

    slots, counted = ("a",), False

    def __init__(self, lr: float = 0.001, rho: float = 0.9, epsilon: float = 1e-8, decay: float = 0.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.add_settings(lr=lr, rho=rho, decay=decay)
        self.add_constants(epsilon=epsilon)

    def transformation(self) -> Transformation:
        """Return `jkeras.optim.rmsprop` with this optimizer's constants."""
        return optim.rmsprop(**self.constants())


@optimizers.register("adagrad")
class Adagrad(Optimizer):
    """Adagrad.

    Args:
        lr: learning rate.
        epsilon: keeps the denominator from zero.
        decay: update t (from 0) has the learning rate ``lr / (1 + decay · t)``.
        **kwargs: clipping, see `Optimizer`.

    The equations are at `jkeras.optim.adagrad`.
    """

    slots, counted = ("a",), False

    def __init__(self, lr: float = 0.01, epsilon: float = 1e-8, decay: float = 0.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.add_settings(lr=lr, decay=decay)
        self.add_constants(epsilon=epsilon)

    def transformation(self) -> Transformation:
        """Return `jkeras.optim.adagrad` with this optimizer's constants."""
        return optim.adagrad(**self.constants())


@optimizers.register("adadelta")
class Adadelta(Optimizer):
    """Adadelta.

    Args:
        lr: learning rate; it is recommended to leave it at 1.
        rho: how slowly the mean squares forget.
        epsilon: makes the first steps possible.
        decay: update t (from 0) has the learning rate ``lr / (1 + decay · t)``.
        **kwargs: clipping, see `Optimizer`.

    The equations are at `jkeras.optim.adadelta`.
    """

    slots, counted = ("a", "d"), False

    def __init__(self, lr: float = 1.0, rho: float = 0.95, epsilon: float = 1e-8, decay: float = 0.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.add_settings(lr=lr, decay=decay)
        self.add_constants(rho=rho, epsilon=epsilon)

    def transformation(self) -> Transformation:
        """Return `jkeras.optim.adadelta` with this optimizer's constants."""
        return optim.adadelta(**self.constants())


@optimizers.register("adam")
class Adam(Optimizer):
    """Adam.

    Args:
        lr: learning rate.
        beta_1: how slowly the mean of the gradients forgets.
        beta_2: how slowly the mean of their squares forgets.
        epsilon: keeps the denominator from zero.
        decay: update t (from 0) has the learning rate ``lr / (1 + decay · t)``.
        **kwargs: clipping, see `Optimizer`.

    The equations are at `jkeras.optim.adam`.
    """

    slots = ("m", "v")

    def __init__(
        self,
        lr: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        decay: float = 0.0,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.add_settings(lr=lr, beta_1=beta_1, beta_2=beta_2, decay=decay)
        self.add_constants(epsilon=epsilon)

    def transformation(self) -> Transformation:
        """Return `jkeras.optim.adam` with this optimizer's constants."""
        return optim.adam(**self.constants())


@optimizers.register("adamax")
class Adamax(Optimizer):
    """Adamax: Adam with the largest gradient in place of the mean square.

    Args:
        lr: learning rate.
        beta_1: how slowly the mean of the gradients forgets.
        beta_2: how slowly the largest gradient fades.
        epsilon: keeps the denominator from zero.
        decay: update t (from 0) has the learning rate ``lr / (1 + decay · t)``.
        **kwargs: clipping, see `Optimizer`.

    The equations are at `jkeras.optim.adamax`.
    """

    slots = ("m", "u")

    def __init__(
        self,
        lr: float = 0.002,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        decay: float = 0.0,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.add_settings(lr=lr, beta_1=beta_1, beta_2=beta_2, decay=decay)
        self.add_constants(epsilon=epsilon)

    def transformation(self) -> Transformation:
        """Return `jkeras.optim.adamax` with this optimizer's constants."""
        return optim.adamax(**self.constants())


@optimizers.register("nadam")
class Nadam(Optimizer):
    """Nadam: Adam with Nesterov momentum.

    Args:
        lr: learning rate.
        beta_1: how slowly the mean of the gradients forgets.
        beta_2: how slowly the mean of their squares forgets.
        epsilon: keeps the denominator from zero.
        schedule_decay: how fast the momentum is warmed up.
        **kwargs: clipping, see `Optimizer`.

    The equations are at `jkeras.optim.nadam`. The variable `m_schedule` is part of the state, but as in Keras 1 not of
    `get_weights`.
    """

    slots = ("m", "v")

    def __init__(
        self,
        lr: float = 0.002,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        schedule_decay: float = 0.004,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.add_settings(lr=lr, beta_1=beta_1, beta_2=beta_2)
        self.add_constants(epsilon=epsilon, schedule_decay=schedule_decay)
        self.m_schedule = Setting(1.0, "m_schedule", self._link, "slots", "m_schedule")

    def transformation(self) -> Transformation:
        """Return `jkeras.optim.nadam` with this optimizer's constants."""
        return optim.nadam(**self.constants())


@optimizers.register("tfoptimizer")
class TFOptimizer(Optimizer):
    """Keras 1's wrapper for TensorFlow's optimizers, which cannot be made here."""

    def __init__(self, optimizer: Any) -> None:
        raise NotImplementedError(
            "TFOptimizer wraps an optimizer of TensorFlow, and jkeras computes with JAX. Use one of jkeras.optimizers, "
            "or pass a gradient transformation (an object with init and update, such as optax.adam(1e-3)) as it is."
        )

    @property
    def weights(self) -> Any:  # type: ignore[override]
        """Keras 1 has none of TensorFlow's."""
        raise NotImplementedError("TFOptimizer has no weights: TensorFlow keeps them.")


sgd, rmsprop, adagrad, adadelta = SGD, RMSprop, Adagrad, Adadelta
adam, adamax, nadam = Adam, Adamax, Nadam


def optimizer_from_config(config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Make an optimizer from ``{'class_name': ..., 'config': {...}}``.

    Args:
        config: the class's name, in any case, and its arguments.
        custom_objects: classes by name that win over jkeras's own.

    Raises:
        UnknownNameError: no optimizer has that name.
        ValueError: `config` has no class name.
    """
    if not isinstance(config, Mapping) or "class_name" not in config:
        got = f"a dict with the keys {sorted(map(str, config))}" if isinstance(config, Mapping) else repr(config)
        raise ValueError(f"An optimizer's config is {{'class_name': ..., 'config': {{...}}}}; got {got}.")
    cls = _lookup(config["class_name"], custom_objects)
    arguments = dict(config.get("config") or {})
    return cls.from_config(arguments) if hasattr(cls, "from_config") else cls(**arguments)


def get(identifier: Any, kwargs: Mapping[str, Any] | None = None) -> Any:
    """Return the optimizer that `identifier` names or is.

    Args:
        identifier: a name in any case; ``{'class_name': ..., 'config': {...}}``; an `Optimizer`; or any other gradient
            transformation, that is an object with methods ``init`` and ``update``, which is returned as it is, as is
            an object of Keras 1's style with ``get_updates``.
        kwargs: arguments for the constructor where one is called.

    Raises:
        UnknownNameError: no optimizer has that name.
        TypeError: `identifier` is none of the above.
    """
    if isinstance(identifier, str):
        return _lookup(identifier)(**(kwargs or {}))
    if isinstance(identifier, Mapping):
        config = dict(identifier)
        if "class_name" not in config and "name" in config:
            config = {"class_name": config.pop("name"), "config": config}
        if kwargs:
            config["config"] = {**(config.get("config") or {}), **kwargs}
        return optimizer_from_config(config)
    if isinstance(identifier, type) and issubclass(identifier, Optimizer):
        return identifier(**(kwargs or {}))
    if callable(getattr(identifier, "init", None)) and callable(getattr(identifier, "update", None)):
        return identifier
    if callable(getattr(identifier, "get_updates", None)) and not isinstance(identifier, type):
        return identifier
    raise TypeError(
        f"Could not interpret {identifier!r} as an optimizer: give a name such as 'sgd', a config dict, an Optimizer, "
        "or an object with the methods init(params) and update(grads, state, params)."
    )


def _lookup(name: Any, custom: Mapping[str, Any] | None = None) -> Any:
    for source, key in ((custom or {}, name), (registry.custom_objects, name), (optimizers.entries, str(name).lower())):
        if key in source:
            return source[key]
    options = [key for key in optimizers.entries if not key.islower() and key != "TFOptimizer"]
    raise UnknownNameError("optimizer", name, [*options, *registry.custom_objects, *(custom or {})])
