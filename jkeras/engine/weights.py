"""The weights of a layer: declared once, allocated when first needed, seen as pytrees and as Keras 1 variables."""

import zlib
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer

from jkeras.backend.config import floatx
from jkeras.backend.random import host_scope, key_scope
from jkeras.backend.variables import Variable, unwrap
from jkeras.distribute.hosts import readable
from jkeras.engine import rebuild, tree
from jkeras.engine.contract import Weight
from jkeras.engine.copies import own_copies
from jkeras.errors import did_you_mean
from jkeras.regularizers import on_weight
from jkeras.typing import Array, Key

if TYPE_CHECKING:
    from jkeras.engine.layer import Layer

__all__ = ["HasWeights", "WeightHandle", "stable_hash"]


def stable_hash(*names: object) -> int:
    """Return a number for `names` that is the same in every process: what random keys are folded with."""
    return zlib.crc32("/".join(map(str, names)).encode())


class WeightHandle(Variable):
    """A weight as Keras 1's scripts see it: a named variable whose value lives in its layer.

    Attributes:
        layer: the layer that owns the array.
        spec: the declaration.
    """

    def __init__(self, layer: "HasWeights", spec: Weight):
        self.layer = layer
        self.spec = spec
        self.name = layer.weight_name(spec)

    def load(self) -> Array:
        self.layer._lent = True  # the caller may keep the array: no step may take its buffer
        return self.layer.own_arrays(self.spec.trainable)[self.spec.name]

    def get_value(self, borrow: bool = False) -> np.ndarray:
        return np.array(readable(self.layer.own_arrays(self.spec.trainable)[self.spec.name]))

    def store(self, array: Any) -> None:
        self.layer.store_array(self.spec, array)

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.spec.shape)

    @property
    def dtype(self) -> np.dtype:
        return np.dtype(self.spec.dtype or floatx())

    def set_value(self, value: Any, borrow: bool = False) -> None:
        self.layer.store_array(self.spec, value)


# Taken apart as its array, and put together as a plain variable.
jax.tree_util.register_pytree_node(
    WeightHandle,
    lambda handle: ((handle.value,), None),
    lambda _, leaves: Variable(*leaves),  # type: ignore[arg-type]
)


class HasWeights:
    """The part of a layer that declares, allocates, reads and writes weights.

    What a layer owns itself stands in `_params` and `_state`, which stay ``None`` until somebody needs a number.
    """

    name: str
    trainable: bool
    built: bool
    built_shape: Any

    def __init__(self) -> None:
        self._weights: list[Weight] = []
        self._handles: dict[str, WeightHandle] = {}
        self._params: dict[str, Array] | None = None
        self._state: dict[str, Array] | None = None
        self._seed: int | None = None
        self._lent = False
        # Orders in which a custom layer lists its weights: {trainable: handles}.
        self._order: dict[bool, list[WeightHandle]] = {}
        # Keras 1's forms: a custom layer may put them here in build().
        self._constraints: dict[Any, Any] = {}
        self._regularizers: list[Any] = []

    # ---- declaration

    def weight_specs(self, input_shape: Any) -> Sequence[Weight]:
        """Declare the weights for inputs of this shape, in Keras 1's order; pure. A layer without weights declares none."""
        return ()

    def sublayers(self) -> "Sequence[Layer]":
        """Return the layers inside this one: a model's layers, a wrapper's inner layer."""
        return ()

    def named_sublayers(self) -> "list[tuple[str, Layer]]":
        """Return the layers inside this one, each with the key under which `params` and `state` have it."""
        return [(layer.name, layer) for layer in self.sublayers()]

    def weight_name(self, spec: Weight) -> str:
        """Return the name of a weight in Keras 1's files, such as ``dense_1_W``."""
        return f"{self.name}_{spec.name}"

    def declare(self, spec: Weight) -> WeightHandle:
        """Add one weight to the layer and return its handle."""
        if spec.name in self._handles:
            raise ValueError(
                f"Layer {self.name!r} has two weights named {spec.name!r}; weight names are unique in a layer."
            )
        if any(not isinstance(size, int | np.integer) or size <= 0 for size in spec.shape):
            raise ValueError(
                f"Layer {self.name!r}: weight {spec.name!r} would have shape {tuple(spec.shape)}. Every size of a weight must "
                f"be known and positive; the input shape was {self.built_shape}. Give the first layer a full input_shape."
            )
        if self._seed is None:
            self._seed = int(np.random.randint(0, 2**31 - 1))
        handle = WeightHandle(self, spec)
        if spec.regularizer is not None:
            handle.spec = spec = spec._replace(regularizer=on_weight(spec.regularizer, handle))
        self._weights.append(spec)
        self._handles[spec.name] = handle
        self._params = self._state = None
        return handle

    def redeclare(self, spec: Weight) -> None:
        """Give a weight of the layer another declaration, such as another shape, and its initial value."""
        params, state = self.sample_weights([spec], jax.random.key(0))
        arrays = {**self.own_arrays(True), **self.own_arrays(False), **params, **state}
        self._weights = [spec if old.name == spec.name else old for old in self._weights]
        self._handles[spec.name].spec = spec
        for trainable in (True, False):
            self.store_own({s.name: arrays[s.name] for s in self._weights if s.trainable is trainable}, trainable)

    def add_weight(
        self,
        shape: Sequence[int],
        initializer: Any,
        name: str | None = None,
        trainable: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
    ) -> WeightHandle:
        """Add a weight from inside `build`, as custom layers of Keras 1.2 do.

        Args:
            shape: all sizes known.
            initializer: name or function of `jkeras.initializations`.
            name: with or without the layer's name in front; a number is used where it is ``None``.
            trainable: whether gradients update it.
            regularizer, constraint: as in `jkeras.regularizers` and `jkeras.constraints`.
        """
        from jkeras import constraints, initializations, regularizers

        name = name or f"weight_{len(self._weights) + 1}"
        return self.declare(
            Weight(
                name.removeprefix(f"{self.name}_"),
                tuple(int(size) for size in shape),
                initializations.get(initializer),
                regularizers.get(regularizer),
                constraints.get(constraint),
                trainable,
            )
        )

    @property
    def owns_arrays(self) -> bool:
        """Whether this layer itself, without the layers in it, has weights or state."""
        return bool(self._weights)

    @property
    def weight_declarations(self) -> list[Weight]:
        """The layer's own weights as declared when it was built."""
        return self._weights

    @property
    def has_state(self) -> bool:
        """Whether this layer itself has an entry in `state`."""
        return any(not spec.trainable for spec in self._weights)

    def count_own(self) -> int:
        """Return the number of scalars in the layer's own weights."""
        return sum(int(np.prod(spec.shape)) for spec in self._weights if spec.saved)

    # ---- allocation

    def draw(self, key: Key) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return fresh ``(params, state)`` of this layer and of those in it; a pure function of `key`."""
        if not isinstance(key, jax.Array):
            raise TypeError(f"init of {self.name!r} takes a random key, such as jax.random.key(0); got {key!r}.")
        places = self.ledger.places
        drawn = {
            # Of the names on the way: layers that come or go change no other key.
            place.path: place.layer.fresh_arrays(
                jax.random.fold_in(key, stable_hash(*place.path)) if place.path else key
            )
            for place in places
        }
        return self.ledger.gather(lambda place: drawn[place.path][0]), self.ledger.gather(
            lambda place: drawn[place.path][1]
        )

    def fresh_arrays(self, key: Key | None) -> tuple[dict[str, Array], dict[str, Array]]:
        """Return initial values of the layer's own ``(params, state)``, without those of the layers in it; pure."""
        if key is not None and vars(self).get("_adopted"):
            rebuilt = rebuild.fresh_arrays(self, key)  # type: ignore[arg-type]
            if rebuilt is not None:
                return rebuilt
        return self.sample_weights(self._weights, key)

    def sample_weights(self, specs: Sequence[Weight], key: Key | None) -> tuple[dict[str, Array], dict[str, Array]]:
        """Return ``(params, state)`` with initial values for `specs`; a pure function of `key`.

        Without a key the numbers are those of the scope that the method is called in.
        """
        params: dict[str, Array] = {}
        state: dict[str, Array] = {}
        for spec in specs:
            with nullcontext() if key is None else key_scope(jax.random.fold_in(key, stable_hash(spec.name))):
                value = spec.init(tuple(spec.shape), name=self.weight_name(spec)) if callable(spec.init) else spec.init
            array = jnp.asarray(unwrap(value), dtype=spec.dtype or floatx())
            if array.shape != tuple(spec.shape):
                raise ValueError(
                    f"Layer {self.name!r}: the initializer of weight {spec.name!r} returned shape {array.shape}, "
                    f"the weight has shape {tuple(spec.shape)}."
                )
            (params if spec.trainable else state)[spec.name] = array
        return params, state

    def own_arrays(self, trainable: bool) -> dict[str, Array]:
        """Return the layer's own params (``trainable=True``) or state; allocates them on first use."""
        if self._params is None or self._state is None:
            # Not part of any trace: a weight read for the first time inside a traced function is still a number.
            with jax.ensure_compile_time_eval():
                self._params, self._state = self.initial_arrays()
        return self._params if trainable else self._state

    def initial_arrays(self) -> tuple[dict[str, Array], dict[str, Array]]:
        if not self.owns_arrays:
            return {}, {}
        # Drawn on the host: the programs that `init` would be compiled to, one for each shape, run once and never again.
        with host_scope(np.random.RandomState(self._seed)):
            return self.fresh_arrays(None)

    def store_array(self, spec: Weight, value: Any) -> None:
        """Replace one weight; the shape must be the declared one."""
        array = self._array(spec, value)
        arrays = self.own_arrays(spec.trainable)
        kept = {**arrays, spec.name: array}
        self.store_own(kept, spec.trainable)

    def _array(self, spec: Weight, value: Any) -> Array:
        # jnp.array copies: what a caller gave may be a buffer that it goes on to change.
        array = jnp.array(self._number(unwrap(value)), dtype=spec.dtype or floatx())
        if array.shape != tuple(spec.shape):
            raise ValueError(
                f"Layer {self.name!r}: weight {spec.name!r} has shape {tuple(spec.shape)}; the value given has shape {array.shape}."
            )
        return array

    def store_arrays(self, values: Mapping[str, Any]) -> None:
        """Replace several weights by their names; the shapes must be the declared ones. What is given is not drawn before."""
        given: dict[bool, dict[str, Array]] = {True: {}, False: {}}
        for spec in self._weights:
            if spec.name in values:
                given[spec.trainable][spec.name] = self._array(spec, values[spec.name])
        if self._params is None or self._state is None:
            rest = [spec for spec in self._weights if spec.name not in values]
            with jax.ensure_compile_time_eval(), host_scope(np.random.RandomState(self._seed)):
                self._params, self._state = self.sample_weights(rest, None)
        self._params, self._state = {**self._params, **given[True]}, {**self._state, **given[False]}

    def store_own(self, arrays: Mapping[str, Array], trainable: bool) -> None:
        """Take over all of the layer's own params or state."""
        self.own_arrays(trainable)
        if trainable:
            self._params = dict(arrays)
        else:
            self._state = dict(arrays)

    # ---- pytrees

    @property
    def ledger(self) -> tree.Ledger:
        """Where the arrays of this layer and of the layers in it stand in `params` and `state`."""
        return tree.survey(self)  # type: ignore[arg-type]

    @property
    def params(self) -> dict[str, Any]:
        """The current trainable arrays as a pytree; assignable."""
        self._lend()
        return self.ledger.gather(lambda place: place.layer.own_arrays(True))

    @params.setter
    def params(self, values: Mapping[str, Any]) -> None:
        self._assign(values, trainable=True)

    @property
    def state(self) -> dict[str, Any]:
        """The current running statistics and RNN states as a pytree; assignable."""
        self._lend()
        return self.ledger.gather(lambda place: place.layer.own_arrays(False))

    @state.setter
    def state(self, values: Mapping[str, Any]) -> None:
        self._assign(values, trainable=False)

    def _require_built(self) -> None:
        if not self.built:
            raise RuntimeError(
                f"Layer {self.name!r} ({type(self).__name__}) is not built yet, so its weights are not known: call it on a tensor, "
                "or give the first layer of the model input_shape=(…). Without a model: params, state = "
                "layer.init(key, input_shape)."
            )

    def _lend(self) -> None:
        self._require_built()
        # Arrays that a caller can hold must not be donated to a training step; see `reclaim`.
        for place in self.ledger.places:
            place.layer._lent = True

    def reclaim(self) -> None:
        """Give this layer and those in it buffers that nobody else holds, so that a step may overwrite them."""
        for place in self.ledger.places:
            layer = place.layer
            if layer._lent:
                layer._params = own_copies(layer.own_arrays(True))
                layer._state = own_copies(layer.own_arrays(False))
                layer._lent = False

    def _assign(self, values: Mapping[str, Any], trainable: bool) -> None:
        what = f"{'params' if trainable else 'state'} of {self.name!r}"
        if not isinstance(values, Mapping):
            raise TypeError(f"The {what} are a nested dict, as init() returns them; got {type(values).__name__}.")
        owners: dict[tuple[str, ...], tuple[Any, Array]] = {
            (*place.path, name): (place.layer, array)
            for place in self.ledger.places
            for name, array in place.layer.own_arrays(trainable).items()
        }
        given = dict(tree.leaves(values))
        for path in owners:
            if path not in given:
                raise ValueError(
                    f"The {what} lack {tree.shown(path)}; they need exactly {list(map(tree.shown, owners))}."
                )
        new: dict[Any, dict[str, Array]] = {}
        for path, value in given.items():
            if path not in owners:
                options = map(tree.shown, owners)
                raise ValueError(
                    f"The {what} have no entry {tree.shown(path)}.{did_you_mean(tree.shown(path), options)}"
                )
            layer, array = owners[path]
            if np.shape(value) != array.shape:
                raise ValueError(f"{tree.shown(path)} in the {what} has shape {array.shape}; got {np.shape(value)}.")
            new.setdefault(layer, {})[path[-1]] = jnp.asarray(self._number(value), array.dtype)
        for layer, arrays in new.items():
            layer.store_own(arrays, trainable)
            layer._lent = True

    def _number(self, value: Any) -> Any:
        """Return an array of numbers; a traced value must not be kept beyond its trace."""
        if isinstance(value, Tracer):
            raise ValueError(
                f"Weights of {self.name!r} are set inside a function that JAX traces, where they have no numbers. Pass them "
                "along: apply(params, x) returns the output, and a custom layer reports new values by add_update."
            )
        return unwrap(value)

    # ---- Keras 1's lists

    def own_handles(self, trainable: bool) -> list[WeightHandle]:
        return [h for h in self._handles.values() if h.spec.trainable is trainable and h.spec.saved]

    def listed(self, trainable: bool) -> list[WeightHandle]:
        """Return the handles of this layer and of those in it that are trainable, or are not, while this layer is not frozen."""
        weights = self.own_handles(trainable)
        for layer in self.sublayers():
            weights += layer.trainable_weights if trainable else layer.non_trainable_weights
        return weights

    @property
    def trainable_weights(self) -> list[WeightHandle]:
        """Handles of what gradients update; empty while the layer is frozen."""
        return self.listed(True) if self.trainable else []

    @property
    def non_trainable_weights(self) -> list[WeightHandle]:
        """Handles of running statistics, and of all weights while the layer is frozen."""
        return self.listed(False) if self.trainable else self.listed(True) + self.listed(False)

    @property
    def weights(self) -> list[WeightHandle]:
        """Handles of all weights: trainable ones, then the others."""
        return [*self.trainable_weights, *self.non_trainable_weights]

    def get_weights(self) -> list[np.ndarray]:
        """Return the values of all weights as copies, in the order of `weights`."""
        return [weight.get_value() for weight in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Set all weights from a list in the order of `get_weights`; nothing changes if one does not fit.

        Raises:
            ValueError: the number of arrays or a shape is wrong.
        """
        handles = self.weights
        if len(weights) != len(handles):
            raise ValueError(
                f"set_weights on {self.name!r}: expected {len(handles)} arrays ({_names(handles)}), got {len(weights)}."
            )
        for handle, value in zip(handles, weights, strict=True):
            if np.shape(value) != handle.shape:
                raise ValueError(
                    f"set_weights on {self.name!r}: weight {handle.name!r} has shape {handle.shape}, the array given for it "
                    f"has shape {np.shape(value)}."
                )
        for handle, value in zip(handles, weights, strict=True):
            handle.value = value

    def count_params(self) -> int:
        """Return the number of scalars in all weights.

        Raises:
            RuntimeError: the layer is not built, so its weights are not known.
        """
        self._require_built()
        return sum(int(np.prod(weight.shape)) for weight in self.weights)


def _names(handles: Sequence[WeightHandle]) -> str:
    return ", ".join(handle.name for handle in handles) or "none: the layer has no weights, or is not built yet"
