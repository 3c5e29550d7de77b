"""A model on several devices: on which, and whether it was told in time."""

import math
import zlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import jax
import numpy as np

from jkeras.distribute import hosts
from jkeras.distribute.placement import Layout, Placement, current
from jkeras.engine import tree
from jkeras.engine.copies import on_one_device
from jkeras.engine.sources import Loading, loading_for

__all__ = ["RunsOnDevices"]


class RunsOnDevices:
    """The part of a model that knows its devices."""

    name: str
    _placement: Placement | None = None
    _layout: Layout | None = None
    _chosen = False  # by the script for this model, which counts more than a `with data_parallel()` around

    def distribute(self, mesh: Any, rules: Mapping[str, Any] | None = None) -> None:
        """Let the model work on a mesh of devices from now on: training goes on with the same weights and optimizer state.

        Batches are split over the mesh axis ``'batch'`` or ``'data'`` (over the first axis, if none is called so). Weights and
        what the optimizer remembers of them are copied to all devices, but for those that a rule splits.

        Args:
            mesh: a `jax.sharding.Mesh`; ``None``: back to one device.
            rules: ``{pattern: PartitionSpec}``. A pattern such as ``'embedding_*'`` fits names of layers, and is about those
                weights that have as many axes as the ``PartitionSpec`` has entries; with a slash, as in ``'dense_1/b'``, it fits
                one weight. Of several rules for a weight the last one counts.

        Raises:
            TypeError: `mesh` is no mesh, or `rules` are no dict of that form.
            ValueError: a rule fits no weight, or an axis of the mesh does not divide that of a weight.

        ::

            import jax
            from jax.sharding import PartitionSpec as P
            from jkeras.layers import Embedding, Flatten, Dense
            from jkeras.models import Sequential

            model = Sequential([Embedding(1000, 8, input_length=5, name="words"), Flatten(), Dense(2)])
            model.compile("adagrad", "mse")
            model.distribute(jax.make_mesh((1, 1), ("batch", "model")), {"words": P("model", None)})
        """
        model: Any = self
        chosen = None if mesh is None else Placement(mesh, rules)
        layout = None if chosen is None else self._layout_on(chosen)
        self._placement, self._layout, self._chosen, model._programs = chosen, layout, True, None
        if layout is None:
            for place in model.ledger.places:
                for trainable in (True, False):
                    place.layer.store_own(on_one_device(place.layer.own_arrays(trainable)), trainable)
        if model._trainer is not None:
            model._trainer.move(layout)

    def _place(self, mesh: Any, rules: Mapping[str, Any] | None) -> None:
        """Choose the devices when the model is compiled."""
        if mesh is None and rules is not None:
            raise ValueError("compile: rules say how weights are split over a mesh; give mesh= too.")
        if mesh is not None:
            placement = Placement(mesh, rules)
        else:
            kept = self._placement if self._chosen else None
            placement = kept or current() or self._placement
        # First made, then kept: a rule that does not fit leaves the model as it was.
        layout = None if placement is None else self._layout_on(placement)
        self._chosen = mesh is not None or (self._chosen and placement is self._placement)
        self._placement, self._layout = placement, layout

    def layout(self) -> Layout | None:
        """Return where the model's arrays are on its mesh of devices; ``None``: it works on one device."""
        if self._placement is not None and self._layout is None:
            self._layout = self._layout_on(self._placement)
        return self._layout

    def _layout_on(self, placement: Placement) -> Layout:
        """Return a new layout; where several processes work together, they get the weights of the first one."""
        model: Any = self
        layout = Layout(placement, model)
        if placement.rules:
            # What has no weights yet gets them on the host: one device may have no room for what is split over several.
            with _on_the_host():
                for place in model.ledger.places:
                    place.layer.own_arrays(True)
        if placement.many_hosts:
            named = [("/".join(path), np.shape(leaf)) for path, leaf in tree.leaves(model.ledger.gather(_own(True)))]
            layout.check_same(
                f"The models {self.name!r}", zlib.crc32(repr(named).encode()), "Build the same model in every process."
            )
            for trainable in (True, False):
                arrays = hosts.from_first(on_one_device(model.ledger.gather(_own(trainable))))
                tree.hand_back(model.ledger.places, arrays, partial(_keep, trainable))
            model._run_seed = int(hosts.from_first(model.seed))
        return layout

    def _loading(self, device_data: Any, *data: Any) -> Loading:
        """Return what `fit` loads onto the devices before it starts; see `sources.loading_for`."""
        layout, ways = self.layout(), list(Loading)
        if layout is None:
            return loading_for(device_data, *data)
        own = [device for device in layout.placement.mesh.devices.flat if device.process_index == hosts.index()]
        loading = loading_for(device_data, *data, copies=sum(device.platform == "cpu" for device in own) or 1)
        # How much memory is free is not the same for all processes.
        return ways[int(layout.agreed(ways.index(loading)))]

    def _check_division(self, samples: int, batch_size: int, method: str) -> None:
        """Raise where batches cannot be divided evenly among the devices; a last, short one may be."""
        parts = 1 if self._placement is None else self._placement.parts
        if batch_size % parts == 0 or samples < batch_size:
            return
        what = "is fewer samples than there are devices" if batch_size < parts else "cannot be divided evenly"
        near = sorted({max(1, batch_size // parts) * parts, -(-batch_size // parts) * parts})
        raise ValueError(
            f"{method}: batch_size={batch_size} {what}: the mesh axis {self._placement and self._placement.axis!r} has {parts}. "
            f"Let batch_size be a multiple of {parts}, such as {' or '.join(map(str, near))}, or take as many devices as divide "
            f"it: data_parallel({math.gcd(batch_size, parts)})."
        )

    def _check_same_data(self, method: str, data: Any) -> None:
        """Raise where the processes that work together were given arrays of different shapes."""
        layout = self.layout()
        if layout is not None and layout.placement.many_hosts:
            layout.check_same(
                f"The arrays given to {method}",
                [np.shape(leaf) for leaf in jax.tree.leaves(data)],
                "Every process is given all samples, the same in each. To give each a share of its own, pass a generator or a "
                "loader of batches.",
            )

    def check_not_moved(self, layout: Layout | None) -> None:
        """Raise where a callback has moved the model to other devices than `fit` has put the data on."""
        if self._placement != (None if layout is None else layout.placement):
            raise RuntimeError(
                f"Model {self.name!r} was moved to other devices, by distribute() or compile(), while it is trained. Do that "
                "between two calls of fit."
            )

    def _check_predicts(self, method: str) -> None:
        """As `_check_placement`, for what a model does without `compile`: its devices are chosen when it first predicts."""
        model: Any = self
        if model._trainer is not None or model._programs is not None:
            self._check_placement(method)

    def _check_placement(self, method: str) -> None:
        """Raise where a ``with data_parallel()`` was opened too late for this model."""
        wanted = current()
        if wanted is not None and wanted != self._placement and not self._chosen:
            now = "one device" if self._placement is None else repr(self._placement)
            raise RuntimeError(
                f"{method}: model {self.name!r} was compiled for {now}, before this `with data_parallel()` of {wanted!r} began. "
                "Compile it inside the block, or let it move: model.distribute(mesh), where mesh is what `with data_parallel() as "
                "mesh` gives."
            )

    def _placed(self, params: Any, state: Any) -> tuple[Any, Any]:
        """Return params and state where they belong, and let the layers keep them: what a script has set is moved once."""
        model: Any = self
        layout = self.layout()
        if layout is None:
            return params, state
        params, state = layout.place(params), layout.place(state)
        for arrays, trainable in ((params, True), (state, False)):
            tree.hand_back(model.ledger.places, arrays, partial(_keep, trainable))
        return params, state


def _on_the_host() -> AbstractContextManager[Any]:
    try:
        return jax.default_device(jax.local_devices(backend="cpu")[0])
    except RuntimeError:  # JAX was told to know no CPU
        return nullcontext()


def _own(trainable: bool) -> Callable[[tree.Place], Mapping[str, Any]]:
    return lambda place: place.layer.own_arrays(trainable)


def _keep(trainable: bool, layer: Any, arrays: Mapping[str, Any]) -> None:
    layer.store_own(arrays, trainable)
