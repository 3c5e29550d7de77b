"""Keras 1.2.2's files: the HDF5 file of a case, and kind "format" with its JSON, YAML and HDF5 texts."""

import contextlib
import json
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from tests.conformance.compare import EXACT, assert_all_close, assert_close
from tests.conformance.manifest import Case
from tests.conformance.names import find, skip_if_waiting
from tests.conformance.replay_model import as_list, build, one_or_list, predict, train


def replay_h5(case: Case) -> None:
    """load_model gives the recorded weights, predictions, and goes on training as recorded.

    Files that Keras 1.2.2's own load_model rejects are read with load_weights into the rebuilt model.
    """
    path = str(case.path(case.entry["h5"]))
    with _theano_reported():
        if case.entry.get("h5_loadable") is False:
            model = build(case.entry)
            model.load_weights(path)
        else:
            from jkeras.models import load_model

            model = load_model(path)
    assert_all_close("weights of the file", model.get_weights(), _final_weights(case), EXACT)
    if case.entry.get("sequence"):  # states that the file does not hold decide the predictions
        return
    _check_predictions(case, model)
    if "resume_losses" in case.arrays:
        losses = train(case, model, steps=len(case.arrays["resume_losses"]))
        assert_close("resume_losses", losses, case.arrays["resume_losses"], case.loss)
        assert_all_close("r", model.get_weights(), case.numbered("r"), case.train)


@contextlib.contextmanager
def _theano_reported() -> Iterator[None]:
    """Let a file report in one line that its weights are Theano's, if the model has layers which that matters to."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    lines = [str(warning.message) for warning in caught]
    assert all("come from Theano" in line and "\n" not in line for line in lines), lines
    assert len(lines) <= 1


def replay_format(case: Case) -> None:
    """Architectures as texts, save_weights and save of one model; or load_weights(by_name=True)."""
    if case.entry.get("by_name"):
        _replay_by_name(case)
        return
    files = {key: case.path(file) for key, file in case.entry["files"].items()}
    from jkeras.models import model_from_json

    for key in ("json", "json_indent"):
        _check_architecture(case, model_from_json(files[key].read_text()))
    skip_if_waiting(name for name in ("load_model", "model_from_yaml") if find(f"models.{name}") is None)
    _check_architecture(case, find("models.model_from_yaml")(files["yaml"].read_text()))

    with _theano_reported():
        model = find("models.load_model")(str(files["full_h5"]))
    assert_all_close("weights of the file", model.get_weights(), case.numbered("v"), EXACT)
    assert_all_close("z", predict(model, case.numbered("x")), case.numbered("z"), case.train)
    recorded = case.arrays["losses_after_load"]
    assert_close("losses_after_load", train(case, model, steps=len(recorded)), recorded, case.loss)


def _replay_by_name(case: Case) -> None:
    path = str(case.path(case.entry["files"]["weights_h5"]))
    source = build(case.entry, key="source_config")
    source.load_weights(path)
    assert_all_close("weights of the file", source.get_weights(), case.numbered("a"), EXACT)
    model = build(case.entry)
    model.set_weights(case.numbered("w"))
    model.load_weights(path, by_name=True)
    assert_all_close("v", model.get_weights(), case.numbered("v"), EXACT)
    assert_all_close("y", predict(model, case.numbered("x")), case.numbered("y"), case.forward)


def _check_architecture(case: Case, model: Any) -> None:
    """A model made from a text takes the weights file, and its own config rebuilds it."""
    from jkeras.models import model_from_json

    for rebuilt in (model, model_from_json(json.dumps(json.loads(model.to_json())))):
        with _theano_reported():
            rebuilt.load_weights(str(case.path(case.entry["files"]["weights_h5"])))
        assert_all_close("weights of the file", rebuilt.get_weights(), case.numbered("w"), EXACT)
        assert_all_close("y", predict(rebuilt, case.numbered("x")), case.numbered("y"), case.forward)


def _check_predictions(case: Case, model: Any) -> None:
    """Whichever predictions with the file's weights were recorded."""
    if case.numbered("z") or (case.entry.get("steps") == 0 and case.numbered("y")):
        recorded = case.numbered("z") or case.numbered("y")
        assert_all_close("predictions", predict(model, case.numbered("x")), recorded, case.train)
    if case.entry["kind"] == "fit":
        x = one_or_list([case.arrays[key] for key in case.entry["fit"]["x"]])
        for k, batch_size in enumerate(case.entry["fit"].get("eval_batch_sizes") or []):
            predictions = as_list(model.predict(x, batch_size=batch_size))
            assert_all_close(f"p{k}_", predictions, case.numbered(f"p{k}_"), case.train)


def _final_weights(case: Case) -> list[np.ndarray]:
    """The weights when the file was written: the last ones that were recorded."""
    taken = [operation["w"] for operation in case.entry.get("sequence") or [] if operation["op"] == "get_weights"]
    return case.numbered(taken[-1] if taken else "v") or case.numbered("w")
