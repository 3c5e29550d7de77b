"""Kind "facts": keras.preprocessing, np_utils and the statistics of initializations."""

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.conformance.compare import assert_like
from tests.conformance.manifest import Case
from tests.conformance.names import FACTS, find


def replay_facts(case: Case) -> None:
    """Call the function as recorded; integers and texts must be equal, floats close."""
    name = case.entry["func"]
    if name == "initialization":
        _check_initialization(case)
        return
    recorded = case.entry["result"]
    got = _plain(CALLS.get(name, _call)(find(FACTS[name]), **case.entry["inputs"]))
    if "principal_components" in (recorded if isinstance(recorded, dict) else {}):
        got, recorded = (
            _within_the_images(got, case.entry["inputs"]),
            _within_the_images(recorded, case.entry["inputs"]),
        )
    if name in ("tokenizer", "image_generator"):  # of these, some cases recorded only a part
        got = {key: value for key, value in got.items() if key in recorded}
    assert_like(name, got, recorded, case.forward)


def _within_the_images(result: dict[str, Any], inputs: dict[str, Any]) -> dict[str, Any]:
    """The whitening matrix as it acts on the images that it was made of.

    There are fewer of them than pixels. In all other directions the matrix is the inverse of rounding errors, which are those of
    the machine and the LAPACK of the recording.
    """
    images = np.random.RandomState(inputs["seed"]).uniform(0, 255, inputs["shape"]).astype("float32")
    white = images.reshape(len(images), -1) @ np.asarray(result["principal_components"])
    return {**result, "principal_components": white.tolist()}


def _call(function: Callable[..., Any], *, args: Any = (), kwargs: Any = None, **inputs: Any) -> Any:
    return function(*args, **inputs, **(kwargs or {}))


def _call_on_array(function: Callable[..., Any], *, kwargs: Any = None, **inputs: Any) -> Any:
    """The first input is an array; its name in the data is not the argument's."""
    array, *rest = inputs.values()
    return function(np.asarray(array), *rest, **(kwargs or {}))


def _skipgrams(function: Callable[..., Any], *, sequence: Any, vocabulary_size: int, seed: int, kwargs: Any) -> Any:
    # Random words make the negative couples: only the positive ones and the counts are fixed.
    import random

    random.seed(seed)
    np.random.seed(seed)
    couples, labels = function(sequence, vocabulary_size, **kwargs)
    positive = [list(c) for c, label in zip(couples, labels, strict=True) if label == 1 or label == [0, 1]]
    return {
        "label_type": "list" if isinstance(labels[0], list) else "int",
        "n": len(couples),
        "n_label": len(labels),
        "n_positive": len(positive),
        "positive_couples_sorted": sorted(positive),
    }


def _one_hot_range(function: Callable[..., Any], *, text: str, n: int) -> Any:
    codes = function(text, n)
    return {
        "max_ok": max(codes) < n,
        "min_ok": min(codes) >= 1,
        "n_words": len(codes),
        "repeat_same": codes == function(text, n),
    }


def _tokenizer(function: Callable[..., Any], *, texts: Any, queries: Any, kwargs: Any) -> Any:
    tokenizer = function(**kwargs)
    tokenizer.fit_on_texts(texts)
    result = {name: getattr(tokenizer, name) for name in ("document_count", "word_counts", "word_docs", "word_index")}
    result["sequences"] = tokenizer.texts_to_sequences(queries)
    for mode in ("binary", "count", "freq", "tfidf"):
        result[f"matrix_{mode}"] = tokenizer.texts_to_matrix(queries, mode=mode)
    return result


def _image_generator(
    function: Callable[..., Any], *, seed: int, shape: Any, dim_ordering: str, fit: bool, batch_size: int, kwargs: Any
) -> Any:
    images = np.random.RandomState(seed).uniform(0, 255, shape).astype("float32")
    generator = function(dim_ordering=dim_ordering, **kwargs)
    if fit:
        generator.fit(images)
    flow = generator.flow(images, np.arange(len(images)), batch_size=batch_size, shuffle=False)
    batches = [next(flow) for _ in range(3)]
    result = {
        "flow_first": batches[0][0],
        "flow_labels": [labels for _, labels in batches],
        "flow_shapes": [[np.shape(x), np.shape(labels)] for x, labels in batches],
        "standardize_x0": generator.standardize(images[0].copy()),
    }
    for name in ("mean", "std", "principal_components"):
        statistic = getattr(generator, name, None)
        if statistic is not None:
            result |= {name: statistic, f"{name}_shape": np.shape(statistic)}
    return result


CALLS: dict[str, Callable[..., Any]] = {
    "skipgrams": _skipgrams,
    "one_hot_range": _one_hot_range,
    "tokenizer": _tokenizer,
    "image_generator": _image_generator,
    "normalize": _call_on_array,
    "probas_to_classes": _call_on_array,
    "categorical_probas_to_classes": _call_on_array,
    "convert_kernel": lambda function, k, dim_ordering: function(np.asarray(k), dim_ordering),
}


def _check_initialization(case: Case) -> None:
    """Statistics of `reps` draws: mean and deviation within 3 % of the spread; extremes where they are limits."""
    from jkeras import backend as K

    inputs, recorded = case.entry["inputs"], case.entry["result"]
    function = find(f"initializations.{inputs['init']}")
    draws = [K.get_value(function(tuple(inputs["shape"]), **inputs["kwargs"])) for _ in range(inputs["reps"])]
    values = np.stack(draws).astype("float64")
    assert values.shape == (inputs["reps"], *inputs["shape"])
    spread = recorded["max"] - recorded["min"]
    for name, got in {"mean": values.mean(), "std": values.std()}.items():
        assert abs(got - recorded[name]) <= 0.03 * spread, f"{name} {got}, recorded {recorded[name]}"
    if "uniform" in inputs["init"] or spread == 0:
        for name, got in {"min": values.min(), "max": values.max()}.items():
            assert abs(got - recorded[name]) <= 0.02 * spread, f"{name} {got}, recorded {recorded[name]}"


def _plain(value: Any) -> Any:
    """NumPy's values and tuples as JSON's."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    return value
