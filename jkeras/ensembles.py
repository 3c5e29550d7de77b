"""Ensembles: one architecture trained n times in one program, with other seeds or other hyper-parameters.

What the members are built from is in `jkeras.engine.member_models`, the compiled loops are in `jkeras.engine.members`, and what
calls them in `jkeras.engine.member_training`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh

from jkeras.callbacks import BaseLogger, CallbackList, History, ProgbarLogger
from jkeras.compat.keras2 import accepts_keras2
from jkeras.engine import data as standard
from jkeras.engine import stateful
from jkeras.engine.loaders import is_loader
from jkeras.engine.loop import chunks
from jkeras.engine.member_models import build, check_alike
from jkeras.engine.member_training import Clocks, Training, evaluate, held_back, inference_seeds
from jkeras.engine.members import MemberPrograms, member_of, mesh_for, on_host, stacked
from jkeras.engine.model import Model
from jkeras.engine.node import one_or_list
from jkeras.engine.sources import Loading, is_streamed, loading_for
from jkeras.engine.step import Batch
from jkeras.errors import did_you_mean
from jkeras.utils.progbar import Progbar, echo

__all__ = ["Ensemble", "ensemble"]


def ensemble(
    model_fn: Callable[[], Any],
    n: int | None = None,
    *,
    seeds: Sequence[int] | None = None,
    devices: Sequence[Any] | int | None = None,
    **hyper: Sequence[float],
) -> "Ensemble":
    """Make n models that are trained together, in one compiled program.

    Member i is what ``np.random.seed(seeds[i]); model = model_fn(); model.fit(…)`` gives in a process of its own: it has the
    same names of layers, initial weights, dropout masks and order of samples. The members differ in their arrays and in nothing
    else. The state of ``np.random`` is left as it was.

    Args:
        model_fn: a function without arguments that returns a new compiled model each time.
        n: how many members; may be left out where `seeds` or a hyper-parameter tell.
        seeds: of ``np.random``, one for each member; default 0, 1, 2, …, and 0 for all where hyper-parameters are given.
        devices: how many of JAX's devices, or which; each works on the same number of members. Default: all of this process, if
            they divide n, and else one.
        **hyper: values of hyper-parameters of the optimizer, one for each member: ``lr=[0.1, 0.01]``.

    Returns:
        The `Ensemble`.

    Raises:
        TypeError: `model_fn` is no function, or returns no model.
        ValueError: numbers of members differ; a hyper-parameter is not known; the models differ in more than their arrays, or
            share parts.
        NotImplementedError: the models have an optimizer with `get_updates` of its own, or are spread over a mesh of devices.

    >>> from jkeras.layers import Dense
    >>> from jkeras.models import Sequential
    >>> def model_fn():
    ...     model = Sequential([Dense(3, input_dim=4)])
    ...     model.compile("sgd", "mse")
    ...     return model
    >>> ensemble(model_fn, 3).seeds
    [0, 1, 2]
    >>> runs = ensemble(model_fn, lr=[0.1, 0.01])
    >>> runs.params["dense_1"]["W"].shape
    (2, 4, 3)
    """
    if not callable(model_fn) or isinstance(model_fn, Model):
        raise TypeError(
            f"ensemble: model_fn is a function without arguments that returns a new compiled model; got {model_fn!r}."
        )
    for name, values in hyper.items():
        if not hasattr(values, "__len__") or isinstance(values, str):
            raise TypeError(f"ensemble: {name} is a list of one value for each member; got {values!r}.")
    given = {"seeds": seeds, **hyper}
    counts = {name: len(values) for name, values in given.items() if values is not None}
    if n is not None:
        counts = {"n": standard.whole(n=n), **counts}
    if not counts:
        raise TypeError(
            "ensemble: give n, the number of members; or seeds, or a hyper-parameter such as lr=[0.1, 0.01]."
        )
    count = next(iter(counts.values()))
    if count == 0 or len(set(counts.values())) > 1:
        told = ", ".join(f"{name} has {size}" if name != "n" else f"n is {size}" for name, size in counts.items())
        raise ValueError(f"ensemble: the number of members is not clear: {told}. Each is a value for each member.")
    chosen = list(range(count)) if seeds is None and not hyper else [0] * count if seeds is None else list(seeds)
    for seed in chosen:
        if not isinstance(seed, int | np.integer) or isinstance(seed, bool) or not 0 <= seed < 2**32:
            raise ValueError(f"ensemble: seeds are whole numbers from 0 to 2**32 - 1; got {seed!r}.")
    return Ensemble(model_fn, chosen, hyper, mesh_for(count, devices))


class Ensemble:
    """Models of one architecture that are trained together; made by `ensemble`.

    The arrays belong to the models: they are gathered when a method begins, and handed back when it ends, also when it is
    interrupted. Between two calls each model may be used, saved and trained like any other.

    Args:
        model_fn: returns a new compiled model.
        seeds: one for each member.
        hyper: values for each member, by the names of hyper-parameters.
        mesh: of the devices, with the one axis ``'member'``; ``None``: one device.

    Attributes:
        models: the n models.
        seeds: of ``np.random``, which each was built and trained from.
        hyper: the values of hyper-parameters that were given.
        histories: the n histories of the last `fit`; none before.
        random: what each member has in place of ``np.random``, which shuffles its samples: after
            ``np.random.set_state(runs.random[i].get_state())`` a ``runs.models[i].fit(…)`` goes on as the single run would.
    """

    def __init__(
        self, model_fn: Callable[[], Any], seeds: Sequence[int], hyper: Mapping[str, Any], mesh: Mesh | None = None
    ):
        self.seeds, self.hyper, self._mesh = list(seeds), dict(hyper), mesh
        self.models, self.random = build(model_fn, self.seeds, self.hyper)
        self.histories: list[History] = []
        self._known = [model._trainer for model in self.models]
        self._members: MemberPrograms | None = None
        self._clocks = Clocks()

    def __len__(self) -> int:
        return len(self.models)

    def __repr__(self) -> str:
        devices = 1 if self._mesh is None else self._mesh.size
        return f"<ensemble of {len(self)} members like {self.models[0]!r} on {devices} device{'s' * (devices > 1)}>"

    @property
    def params(self) -> dict[str, Any]:
        """The trainable arrays of all members as one pytree: ``{layer: {weight: (n, …)}}``."""
        return jax.tree.map(jax.numpy.asarray, stacked([model.gather()[0] for model in self.models]))

    @property
    def state(self) -> dict[str, Any]:
        """The running statistics and RNN states of all members as one pytree, members first."""
        return jax.tree.map(jax.numpy.asarray, stacked([model.gather()[1] for model in self.models]))

    def best(self, metric: str = "val_loss", mode: str = "auto") -> int:
        """Return the number of the member that was best after the last epoch.

        Args:
            metric: a name in the histories.
            mode: ``'min'``, ``'max'``, or ``'auto'``: ``'max'`` where `metric` contains ``acc`` or starts with ``fmeasure``.

        Raises:
            RuntimeError: nothing was trained yet.
            ValueError: the histories have no such metric, or all values are NaN.
        """
        if mode not in ("auto", "min", "max"):
            raise ValueError(f"best: mode is 'auto', 'min' or 'max'; got {mode!r}.")
        known = self.histories[0].history if self.histories else {}
        if not known:
            raise RuntimeError("best: call fit first; there are no histories yet.")
        if metric not in known:
            raise ValueError(
                f"best: the histories have no {metric!r}.{did_you_mean(metric, known)} They have {sorted(known)}."
            )
        values = np.array([history.history[metric][-1] for history in self.histories], float)
        if np.isnan(values).all():
            raise ValueError(f"best: {metric!r} is NaN for all members.")
        grows = mode == "max" or (mode == "auto" and ("acc" in metric or metric.startswith("fmeasure")))
        return int(np.nanargmax(values) if grows else np.nanargmin(values))

    # ---- training

    @accepts_keras2
    def fit(
        self,
        x: Any,
        y: Any = None,
        batch_size: int = 32,
        nb_epoch: int = 10,
        verbose: int = 1,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool | str = True,
        class_weight: Any = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        **kwargs: Any,
    ) -> list[History]:
        """Train all members on the same data, each in an order of its own.

        Interrupted, the members keep the weights after the last steps that were done.

        Args:
            x, y: arrays, lists of arrays, or dicts by name, in memory; see `Model.fit`.
            batch_size: samples for each update of the weights.
            nb_epoch: the last epoch (counted from 1); training starts after `initial_epoch`.
            verbose: 0 silent, 1 a progress bar, 2 a line an epoch; means over the members are shown.
            validation_split, validation_data, shuffle, class_weight, sample_weight: as in `Model.fit`.
            initial_epoch: where to go on with an earlier training.
            **kwargs: none are known here.

        Returns:
            The `History` of each member.

        Raises:
            TypeError: a keyword is not known; callbacks are for single models.
            ValueError: the data do not fit the models.
            NotImplementedError: the data are a loader, or would be streamed.
        """
        _refuse(kwargs)
        members, model = self._programs(), self.models[0]
        batch_size = standard.whole(batch_size=batch_size)
        if isinstance(shuffle, str) and shuffle != "batch":
            raise ValueError(f"shuffle is True, False or 'batch'; got {shuffle!r}.")
        if (y is None and is_loader(x, lists=True)) or is_loader(validation_data):
            raise NotImplementedError(
                "An ensemble trains on arrays, not on a loader of batches. Train the models one by one."
            )
        loading = loading_for("auto", x, y, validation_data)
        data = model._batch(x, y, sample_weight, class_weight, loading=loading)
        data, validation = model._validation(data, validation_split, validation_data, loading)
        for arrays in (data, validation):
            if arrays is not None and is_streamed(arrays):
                raise NotImplementedError(
                    "An ensemble trains on arrays in memory; these are read from a file, sparse, or larger than half of the free "
                    "memory. Load them first (x[:], x.toarray()), or train the models one by one."
                )
            if arrays is not None:
                stateful.check_batches(model, len(arrays.inputs[0]), batch_size, "fit")
        samples = len(data.inputs[0])
        settings = {"batch_size": batch_size, "nb_epoch": int(nb_epoch), "nb_sample": samples}
        told = [one._listeners(None, 0, validation is not None, **settings) for one in self.models]
        everyone = [callbacks for _, callbacks in told]
        self.histories = [one.history for one in self.models]  # type: ignore[misc]
        if verbose:
            bar = CallbackList([BaseLogger(), ProgbarLogger()])
            bar.set_params({**everyone[0].callbacks[0].params, "verbose": verbose})
            everyone.append(bar)
            if validation is not None:
                echo(f"Train on {samples} samples, validate on {len(validation.inputs[0])} samples\n")
        training = Training(
            self.models, members, self.random, data, validation, batch_size, shuffle, told[0][0], everyone, self._clocks
        )
        training.run(int(initial_epoch), int(nb_epoch))
        return self.histories

    # ---- inference

    def evaluate(self, x: Any, y: Any, batch_size: int = 32, verbose: int = 1, sample_weight: Any = None) -> np.ndarray:
        """Return loss and metrics of all members, averaged over the samples.

        Args:
            x, y, sample_weight: as in `fit`.
            batch_size: samples in a batch.
            verbose: 1 shows a bar.

        Returns:
            An array ``(n, values)``, in the order of ``runs.models[0].metrics_names``.
        """
        members, batch_size, model = self._programs(), standard.whole(batch_size=batch_size), self.models[0]
        data = model._batch(x, y, sample_weight, method="evaluate", loading=Loading.ALL)
        stateful.check_batches(model, len(data.inputs[0]), batch_size, "evaluate")
        bar = Progbar(len(data.inputs[0])) if verbose == 1 else None
        params, state = self._arrays(members)
        held_out = held_back(members, data, batch_size)
        state, values = evaluate(self.models, members, params, state, held_out, self._clocks, bar)
        self._keep(state)
        return values

    def predict(self, x: Any, batch_size: int = 32, verbose: int = 0) -> Any:
        """Return the outputs of all members for all samples.

        Args:
            x: inputs as in `fit`.
            batch_size: samples in a batch.
            verbose: 1 shows a bar.

        Returns:
            An array ``(n, samples, …)``, or a list of arrays for several outputs.
        """
        members, batch_size, model = self._programs(), standard.whole(batch_size=batch_size), self.models[0]
        inputs = model._inputs(x, loading=Loading.ALL)
        samples = len(inputs[0])
        stateful.check_batches(model, samples, batch_size, "predict")
        bar = Progbar(samples) if verbose == 1 else None
        params, state = self._arrays(members)
        row_bytes = len(self) * model.programs.output_bytes(*model.gather(), inputs, min(batch_size, samples))
        found: list[list[np.ndarray]] = []
        for block in held_back(members, Batch(inputs), batch_size, row_bytes):
            seeds, numbers = inference_seeds(self.models, block.batches)
            for first, stop in chunks(block, self._clocks["predict", block.size], bar):
                state, outputs = members.predict(
                    params, state, block.data, first, stop, seeds, numbers + np.int32(first)
                )
                done = [np.asarray(output)[:, first:stop] for output in outputs]
                found.append([rows.reshape(len(self), -1, *rows.shape[3:]) for rows in done])
        self._keep(state)
        return one_or_list([np.concatenate(pieces, axis=1) for pieces in zip(*found, strict=True)])

    # ---- the models

    def _programs(self) -> MemberPrograms:
        """Return the compiled programs; after the models were compiled anew, others."""
        now = [model._compiled("ensemble") for model in self.models]
        if now != self._known:
            for index, model in enumerate(self.models[1:], 1):
                check_alike(self.models[0], model, index)
            self._known = now
        single = now[0].programs
        if self._members is None or self._members.single is not single:
            self._members = MemberPrograms(single, self._mesh)
        return self._members

    def _arrays(self, members: MemberPrograms) -> tuple[Any, Any]:
        """Return stacked params and states on the devices."""
        params, state = zip(*(model.gather() for model in self.models), strict=True)
        return members.split(stacked(params)), members.split(stacked(state))

    def _keep(self, state: Any) -> None:
        """Give the models their states after an inference."""
        state = on_host(state)
        for index, model in enumerate(self.models):
            model.keep_state(member_of(state, index))


def _refuse(keywords: Mapping[str, Any]) -> None:
    """Raise a `TypeError` for a keyword that `Ensemble.fit` does not have."""
    known = [
        "batch_size",
        "nb_epoch",
        "verbose",
        "validation_split",
        "validation_data",
        "shuffle",
        "class_weight",
        "sample_weight",
    ]
    for name in keywords:
        if name == "callbacks":
            raise TypeError(
                "An ensemble's fit takes no callbacks: they are written for one model. Between epochs there is a place for "
                "whatever they do: for epoch in range(20): runs.fit(x, y, initial_epoch=epoch, nb_epoch=epoch + 1)."
            )
        raise TypeError(f"fit of an ensemble: unknown keyword argument {name!r}.{did_you_mean(name, known)}")
