"""Training that survives its process: saved after epochs, and gone on with when the script is run again."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from jkeras.callbacks.base import Callback, Logs
from jkeras.distribute import hosts
from jkeras.errors import FileFormatError
from jkeras.utils.progbar import echo

if TYPE_CHECKING:
    from jkeras.engine.saving.native_files import Snapshot

__all__ = ["Resume"]

_DATA = {"nb_sample": "samples in an epoch", "batch_size": "samples in a batch", "do_validation": "validation"}


class Resume(Callback):
    """Lets a training go on where its process was killed: run the same script again, and it ends with the same weights.

    Args:
        path: of the file that the training is kept in, ``'training.jk'`` for example. It is replaced as a whole or not at all, so
            the process may be killed at any moment.
        period: save after every so-many-th epoch, and after the last.
        other_devices: whether to go on also on another number of devices than the file was written on. The numbers are then the
            same to within rounding only.

    Raises:
        ValueError: the file is of another model, of data of another size, or not of Resume; or `path` ends like that of an HDF5
            file.

    ::

        model.fit(x, y, nb_epoch=100, validation_split=0.1, callbacks=[EarlyStopping(), Resume("training.jk")])

    If the file is there, `fit` sets the model to what it was after the last epoch that was saved, and starts with the epoch after
    it: weights, states, optimizer, random keys, the state of ``np.random``, the history, and what the other callbacks remember
    (`Callback.remembers`). On a CPU the weights at the end are the same bit for bit as without the interruption. If nothing is left
    to do, `fit` returns the whole history at once. To train anew, delete the file; to train on, raise `nb_epoch`.

    Resume comes after all other callbacks, wherever it stands in the list. One object may be given to several calls of `fit` one
    after the other, such as in a loop with ``nb_epoch=1``: calls that were complete are skipped.

    What it cannot know: whether the *numbers* in `x` and `y` are the same as before; a script that makes them up should call
    ``np.random.seed`` first. A generator cannot be set back: `fit_generator` calls on it as the script made it. The weights at the
    end are the same if it yields the same in every epoch, or looks at `epoch` when it begins::

        def batches():
            for epoch in itertools.count(resume.epoch):
                for rows in np.random.RandomState(epoch).permutation(len(x)).reshape(-1, 32):
                    yield x[rows], y[rows]

    Attributes:
        epoch: how many epochs are done.
    """

    keeps_training = True

    def __init__(self, path: str | os.PathLike[str], period: int = 1, other_devices: bool = False):
        super().__init__()
        self.path = os.fspath(path)
        if self.path.lower().endswith((".h5", ".hdf5", ".keras")):
            raise ValueError(
                f"Resume writes jkeras's own format; {self.path!r} ends like an HDF5 file. Call it training.jk."
            )
        if int(period) != period or period < 1:
            raise ValueError(f"Resume: period is a number of epochs, 1 or more; got {period!r}.")
        self._file = os.path.abspath(self.path)  # also if the script goes to another folder
        self.period = int(period)
        self.other_devices = bool(other_devices)
        self.epoch = 0
        self._done: list[dict[str, Any]] = []  # histories of the calls of fit that ended
        self._others: list[Any] = []
        self._snapshot: Snapshot | None = None
        self._began: dict[str, Any] = {}

    # ---- the beginning

    def before_training(self, callbacks: Sequence[Any]) -> None:
        """Read the file, before any callback hears of the training."""
        from jkeras.engine.saving.native_files import read_snapshot

        self._others = [callback for callback in callbacks if callback is not self]
        if any(getattr(callback, "keeps_training", False) for callback in self._others):
            raise ValueError("callbacks has more than one Resume; one keeps the whole training.")
        for callback in self._others:
            self._check_path(callback)
        generator = np.random.get_state(legacy=False)["bit_generator"]
        if generator != "MT19937":
            raise ValueError(
                f"Resume keeps the state of np.random with the generator MT19937; the script has set {generator}. Leave "
                "np.random as numpy made it."
            )
        self._began = self._description()
        self._snapshot = None
        found = os.path.exists(self._file)
        hosts.same("The files of Resume", found, f"Put {self.path!r} on a disk that all of them share.")
        if found:
            snapshot = read_snapshot(self._file)
            self._check(snapshot)
            if self._call_of(snapshot) >= len(self._done):
                self._snapshot = snapshot
        for callback in self._others:
            if isinstance(callback, Callback):
                callback.resumes = self._snapshot is not None

    def _check_path(self, callback: Any) -> None:
        for name in ("filepath", "filename"):
            path = getattr(callback, name, None)
            if isinstance(path, str | os.PathLike) and os.path.abspath(path) == self._file:
                raise ValueError(
                    f"{type(callback).__name__} writes to {self.path!r} too, and Resume could not go on with its file. Give "
                    "Resume a path of its own."
                )

    def _description(self) -> dict[str, Any]:
        """Return what the file must agree with."""
        from jkeras.engine.saving.native_files import description

        model, training = description(self.model)
        fresh = not self.model.steps_done
        if not fresh and isinstance(training, dict):  # callbacks may have changed the optimizer's numbers
            training = {**training, "optimizer_config": training["optimizer_config"]["class_name"]}
        if self._done:  # of several calls the first one counts, which is the same in every run
            training, fresh = self._began["training"], self._began["fresh"]
        data = {name: self.params.get(name) for name in _DATA}
        layout = self.model.layout()
        data["devices"] = 1 if layout is None else layout.placement.mesh.size
        return {"model": model, "training": training, "fresh": fresh, "data": data}

    def _check(self, snapshot: "Snapshot") -> None:
        kept = snapshot.resume
        if kept is None:
            raise ValueError(
                f"Resume: {self.path!r} is a file of model.save, which is never replaced. Give Resume a path of its own."
            )
        match kept:
            case {
                "began": {"model": dict(), "training": _, "fresh": bool(), "data": dict()},
                "call": int(call), "stopped": bool(), "callbacks": [*memories], "done": [*done],
            } if 0 <= call <= len(done) and all(map(_is_memory, memories)) and all(map(_is_history, done)):  # fmt: skip
                pass
            case _:
                raise FileFormatError(
                    f"{self.path!r} was not written by Resume, or by another version of it. Delete it."
                )
        before, now = kept["began"], self._began
        self._check_devices(before["data"].pop("devices", 1), now["data"]["devices"])
        now = {**now, "data": {name: now["data"].get(name) for name in _DATA}}
        ways = ["model", *(["training"] if before["fresh"] == now["fresh"] else [])]
        if self._call_of(snapshot) == len(self._done):
            ways.append("data")
        for way in ways:
            for place, old, new in differences(before[way], now[way], way):
                raise ValueError(
                    f"Resume: {self.path!r} is of another training: {_said(place, old, new)}. To train anew delete the file, or "
                    "give Resume another path."
                )

    def _check_devices(self, before: Any, now: int) -> None:
        if before != now and not self.other_devices:
            raise ValueError(
                f"Resume: {self.path!r} was written on {before} devices, and this training has {now}. Train on as many as before, "
                "or give Resume other_devices=True: the numbers are then the same to within rounding, and not bit for bit."
            )

    @staticmethod
    def _call_of(snapshot: "Snapshot") -> int:
        return snapshot.resume["call"]

    def on_train_begin(self, logs: Logs | None = None) -> None:
        if self._snapshot is None:
            return
        self._snapshot.put_into(self.model)
        place = self.model.resumes_at
        if place is None:
            raise ValueError(f"Resume: {self.path!r} does not say how many epochs are done. Delete it to train anew.")
        np.random.set_state(place.random)
        self.epoch = place.epochs
        if self._call_of(self._snapshot) > len(self._done):
            self.model.history.set_memory(_own(self._snapshot.resume["done"][len(self._done)]))
        else:
            self._remind(self._snapshot.resume["callbacks"])

    def _remind(self, memories: list[Any]) -> None:
        """Give each callback its memory: of those of one class the first has the first."""
        kept = {(name, number): memory for name, number, memory in memories}
        for name, number, callback in _numbered(self._others):
            memory = kept.get((name, number))
            if memory and hasattr(callback, "set_memory"):
                callback.set_memory(_own(memory))

    def first_epoch(self, initial_epoch: int) -> int:
        """Return the epoch that training starts with; `fit` asks after `on_train_begin`."""
        snapshot, self._snapshot = self._snapshot, None
        if snapshot is None:
            self.epoch = initial_epoch
            return initial_epoch
        last = self.params["nb_epoch"]
        if self._call_of(snapshot) > len(self._done):
            return last
        if self.epoch < initial_epoch:
            raise ValueError(
                f"Resume: {self.path!r} has {self.epoch} epochs; fit was told initial_epoch={initial_epoch}, and would leave some "
                "out. Call fit without initial_epoch, or delete the file."
            )
        if snapshot.resume["stopped"] or self.epoch >= last:
            self.model.stop_training = bool(snapshot.resume["stopped"])
            why = f"has {self.epoch} of {last} epochs"
            if self.model.stop_training:
                why = f"was stopped after epoch {self.epoch}"
            echo(f"Resume: nothing to do, the training in {self.path!r} {why}. Delete the file to train anew.\n")
            return max(self.epoch, last)
        if self.params.get("verbose"):
            echo(f"Resume: goes on after epoch {self.epoch}/{last}, from {self.path!r}\n")
        return self.epoch

    # ---- saving

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch = epoch + 1
        stopped = bool(self.model.stop_training)
        if self.epoch % self.period == 0 or self.epoch >= self.params["nb_epoch"] or stopped:
            self._save(stopped)

    def _save(self, stopped: bool) -> None:
        from jkeras.engine.saving.atomic import replace_file
        from jkeras.engine.saving.native_files import model_parts

        resume = {
            "began": self._began,
            "call": len(self._done),
            "stopped": stopped,
            "callbacks": [
                [name, number, _memory(name, callback)] for name, number, callback in _numbered(self._others)
            ],
            "done": self._done,
        }
        replace_file(self._file, model_parts(self.model, resume))

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._done.append(self.model.history.get_memory())


def _numbered(callbacks: Sequence[Any]) -> Iterator[tuple[str, int, Any]]:
    """Yield callbacks with the name of their class, and how many of that name came before."""
    seen: Counter[str] = Counter()
    for callback in callbacks:
        name = type(callback).__name__
        yield name, seen[name], callback
        seen[name] += 1


def _memory(name: str, callback: Any) -> Any:
    from jkeras.engine.saving.pytree import from_tree

    memory = callback.get_memory() if hasattr(callback, "get_memory") else {}
    try:
        return from_tree(memory, f"{name}.get_memory()")
    except TypeError as error:
        raise TypeError(f"Resume cannot keep what a callback remembers: {error}") from None


def _is_memory(entry: Any) -> bool:
    return isinstance(entry, list) and list(map(type, entry)) == [str, int, dict]


def _is_history(entry: Any) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("history"), dict) and isinstance(entry.get("epoch"), list)


def _own(value: Any) -> Any:
    """Return a file's tree with arrays that do not hold the file in memory, and numpy's numbers as numbers."""
    match value:
        case dict():
            return {key: _own(entry) for key, entry in value.items()}
        case list() | tuple():
            return type(value)(map(_own, value))
        case np.ndarray():
            return np.array(value)[()]
    return value


def differences(old: Any, new: Any, way: str) -> Iterator[tuple[str, Any, Any]]:
    """Yield where two trees of JSON differ, and how."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys([*old, *new]):
            yield from differences(old.get(key), new.get(key), f"{way}.{key}")
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from differences(one, other, f"{way}[{number}]")
    elif old != new:
        yield way, old, new


def _said(place: str, old: Any, new: Any) -> str:
    where, _, name = place.partition(".")
    if where == "data":
        return f"it had {_DATA.get(name, name)}: {old}, and fit was given {new}"
    if isinstance(old, list) and isinstance(new, list):
        return f"{place} has {len(old)} entries in the file, and {len(new)} here"
    hint = ""
    if place.endswith(".name"):
        hint = (
            " (names are numbered on where one process makes a model twice: begin with jkeras.backend.reset_uids(), or give the "
            "layers names; random keys depend on them)"
        )
    return f"{place} is {_short(old)} in the file, and {_short(new)} here{hint}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
