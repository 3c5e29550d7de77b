"""Kinds "model" and "code": rebuild, set the weights, predict, evaluate, train, compare."""

import json
from typing import Any

import numpy as np

from tests.conformance.compare import assert_all_close, assert_close
from tests.conformance.manifest import Case
from tests.conformance.names import namespace


def replay_model(case: Case) -> None:
    """The protocol of golden/README.md, or the entry's own `sequence` of operations."""
    model = build(case.entry)
    model.set_weights(case.numbered("w"))
    compile_model(model, case.entry["compile"])
    _check_names(model, case.entry)
    if case.entry.get("sequence"):
        _replay_sequence(case, model)
    else:
        _replay_protocol(case, model)


def replay_code(case: Case) -> None:
    """The same for a model that Python code builds and compiles."""
    names = namespace()
    exec(case.entry["code"], names)
    model = names["model"]
    model.set_weights(case.numbered("w"))
    _check_names(model, case.entry)
    _replay_protocol(case, model)


def build(entry: dict[str, Any], key: str = "config") -> Any:
    """The model that an entry's config describes."""
    from jkeras.models import model_from_json

    model = model_from_json(json.dumps(entry[key]))
    for change in entry.get("after_build") or []:
        model.layers[change["layer_index"]].trainable = change["trainable"]
    return model


def compile_model(model: Any, spec: dict[str, Any]) -> None:
    """Compile as recorded."""
    from jkeras import optimizers

    optimizer = getattr(optimizers, spec["optimizer"]["class_name"])(**spec["optimizer"]["config"])
    model.compile(
        optimizer,
        spec["loss"],
        metrics=spec["metrics"],
        loss_weights=spec["loss_weights"],
        sample_weight_mode=spec["sample_weight_mode"],
    )


def one_or_list(arrays: list[Any]) -> Any:
    """One input or output is passed as an array, several as a list."""
    return arrays[0] if len(arrays) == 1 else arrays


def as_list(value: Any) -> list[Any]:
    """What predict or train_on_batch returned, as a list."""
    return list(value) if isinstance(value, (list, tuple)) else [value]


def integer_keys(weights: Any) -> Any:
    """JSON made texts of the class numbers of a class_weight: turn them back."""
    if not isinstance(weights, dict):
        return weights
    return {int(key) if key.isdigit() else key: integer_keys(value) for key, value in weights.items()}


def predict(model: Any, inputs: list[np.ndarray]) -> list[Any]:
    """Predictions for all rows as one batch."""
    return as_list(model.predict(one_or_list(inputs), batch_size=len(inputs[0])))


def train(case: Case, model: Any, steps: int) -> list[list[float]]:
    """What `steps` calls of train_on_batch returned."""
    weights = {}
    if case.numbered("sw"):
        weights["sample_weight"] = one_or_list(case.numbered("sw"))
    if case.entry.get("class_weight"):
        weights["class_weight"] = integer_keys(case.entry["class_weight"])
    x, t = one_or_list(case.numbered("x")), one_or_list(case.numbered("t"))
    return [as_list(model.train_on_batch(x, t, **weights)) for _ in range(steps)]


def flattened_layers(model: Any) -> list[Any]:
    """The layers that hold weights, in the order of get_weights: a Sequential's Merge is opened up."""
    layers = getattr(model, "flattened_layers", None) or model.layers
    return [layer for layer in layers if layer.weights]


def _check_names(model: Any, entry: dict[str, Any]) -> None:
    names = [[layer.name, [weight.name for weight in layer.weights]] for layer in flattened_layers(model)]
    recorded = entry["weight_names"]
    if entry.get("names_change_on_reload"):
        names, recorded = [weights for _, weights in names], [weights for _, weights in recorded]
    assert names == recorded
    assert model.metrics_names == entry["metrics_names"]


def _replay_protocol(case: Case, model: Any) -> None:
    entry, x = case.entry, case.numbered("x")
    assert_all_close("y", predict(model, x), case.numbered("y"), case.forward)
    if entry["evaluate"]:
        assert_close("eval", _evaluate(case, model), case.arrays["eval"], case.loss)
    if not entry["steps"]:
        return
    losses = train(case, model, entry["steps"])
    assert_close("losses", losses, case.arrays["losses"], case.loss)
    assert_all_close("v", model.get_weights(), case.numbered("v"), case.train)
    assert_all_close("z", predict(model, x), case.numbered("z"), case.train)
    if entry["evaluate"]:
        assert_close("eval_after", _evaluate(case, model), case.arrays["eval_after"], case.loss)


def _evaluate(case: Case, model: Any) -> list[float]:
    x, t, weights = case.numbered("x"), case.numbered("t"), case.numbered("sw")
    keywords = {"sample_weight": one_or_list(weights)} if weights else {}
    return as_list(model.evaluate(one_or_list(x), one_or_list(t), batch_size=len(x[0]), verbose=0, **keywords))


def _replay_sequence(case: Case, model: Any) -> None:
    trained = False
    for number, operation in enumerate(case.entry["sequence"]):
        what = f"operation {number} ({operation['op']})"
        x = [case.arrays[key] for key in operation.get("x", [])]
        t = [case.arrays[key] for key in operation.get("t", [])]
        match operation["op"]:
            case "predict":
                recorded = [case.arrays[key] for key in operation["y"]]
                assert_all_close(what, predict(model, x), recorded, case.train if trained else case.forward)
            case "train_on_batch" | "test_on_batch" as method:
                losses = as_list(getattr(model, method)(one_or_list(x), one_or_list(t)))
                assert_close(what, losses, np.atleast_1d(case.arrays[operation["loss"]]), case.loss)
                trained = trained or method == "train_on_batch"
            case "get_weights":
                assert_all_close(what, model.get_weights(), case.numbered(operation["w"]), case.train)
            case "reset_states":
                model.reset_states()
            case "set_trainable":
                model.get_layer(operation["layer"]).trainable = operation["value"]
            case "compile":
                compile_model(model, operation["compile"])
            case other:
                raise ValueError(f"{what}: unknown operation {other!r}")
