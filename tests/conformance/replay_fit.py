"""Kind "fit": whole runs of fit and fit_generator, then evaluate and predict in batches of several sizes."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from tests.conformance.compare import assert_all_close, assert_close
from tests.conformance.manifest import Case
from tests.conformance.replay_model import as_list, build, compile_model, integer_keys, one_or_list


def replay_fit(case: Case) -> None:
    """Fit as recorded; compare the history, the learning rates, the weights and what comes out."""
    entry = case.entry
    model = build(entry)
    model.set_weights(case.numbered("w"))
    compile_model(model, entry["compile"])
    assert model.metrics_names == entry["metrics_names"]

    rates = _record_learning_rates()
    callbacks = [*_callbacks(entry["fit"].get("callbacks") or []), rates]
    history = (_fit_generator if "generator" in entry["fit"] else _fit)(case, model, callbacks)

    assert list(history.epoch) == entry["epochs"]
    assert len(history.epoch) == entry["n_epochs_run"]
    assert sorted(history.history) == sorted(entry["history"])
    for key, values in entry["history"].items():
        assert_close(f"history[{key!r}]", history.history[key], values, case.loss)
    assert_close("lr_after_epoch", rates.seen, entry["lr_after_epoch"], case.forward)
    assert_all_close("v", model.get_weights(), case.numbered("v"), case.train)
    _check_batch_sizes(case, model)


def _fit(case: Case, model: Any, callbacks: list[Any]) -> Any:
    spec = case.entry["fit"]
    keywords = dict(spec["kwargs"])
    if spec.get("sample_weight"):
        keywords["sample_weight"] = _arrays(case, spec["sample_weight"])
    if spec.get("class_weight"):
        keywords["class_weight"] = integer_keys(spec["class_weight"])
    if spec.get("validation_data"):
        keywords["validation_data"] = tuple(_arrays(case, keys) for keys in spec["validation_data"])
    return model.fit(_arrays(case, spec["x"]), _arrays(case, spec["t"]), callbacks=callbacks, verbose=0, **keywords)


def _fit_generator(case: Case, model: Any, callbacks: list[Any]) -> Any:
    spec = case.entry["fit"]
    generator, keywords = spec["generator"], dict(spec["kwargs"])
    if spec.get("class_weight"):
        keywords["class_weight"] = integer_keys(spec["class_weight"])
    if generator.get("val"):
        x, t, batch_size = generator["val"]
        keywords["validation_data"] = _cycle(case.arrays[x], case.arrays[t], batch_size)
        keywords["nb_val_samples"] = len(case.arrays[x])
    batches = _cycle(case.arrays[generator["x"]], case.arrays[generator["t"]], generator["batch_size"])
    return model.fit_generator(
        batches,
        samples_per_epoch=generator["samples_per_epoch"],
        max_q_size=1,
        callbacks=callbacks,
        verbose=0,
        **keywords,
    )


def _check_batch_sizes(case: Case, model: Any) -> None:
    spec = case.entry["fit"]
    x, t = _arrays(case, spec["x"]), _arrays(case, spec["t"])
    keywords = {"sample_weight": _arrays(case, spec["sample_weight"])} if spec.get("sample_weight") else {}
    for k, batch_size in enumerate(spec.get("eval_batch_sizes") or []):
        losses = as_list(model.evaluate(x, t, batch_size=batch_size, verbose=0, **keywords))
        assert_close(f"eval{k}", losses, case.arrays[f"eval{k}"], case.loss)
        predictions = as_list(model.predict(x, batch_size=batch_size))
        assert_all_close(f"p{k}_", predictions, case.numbered(f"p{k}_"), case.train)


def _callbacks(specs: list[dict[str, Any]]) -> list[Any]:
    from jkeras import callbacks

    made = []
    for spec in specs:
        config = dict(spec.get("config") or {})
        if "table" in spec:
            config["schedule"] = spec["table"].__getitem__
        made.append(getattr(callbacks, spec["class_name"])(**config))
    return made


def _record_learning_rates() -> Any:
    """A callback whose ``seen`` is the optimizer's rate at each epoch's end; it goes after the others."""
    from jkeras import backend as K
    from jkeras.callbacks import Callback

    class Rates(Callback):
        def __init__(self):
            super().__init__()
            self.seen = []

        def on_epoch_end(self, epoch, logs=None):
            self.seen.append(float(K.get_value(self.model.optimizer.lr)))

    return Rates()


def _arrays(case: Case, keys: list[str]) -> Any:
    return one_or_list([case.arrays[key] for key in keys])


def _cycle(x: np.ndarray, t: np.ndarray, batch_size: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Consecutive slices for ever; the last one of a round may be short."""
    while True:
        for start in range(0, len(x), batch_size):
            yield x[start : start + batch_size], t[start : start + batch_size]
