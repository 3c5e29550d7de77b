"""From what a script passes (arrays, lists, dicts, weights by class) to lists of arrays that fit the model.

Every mistake is found here, before the first step, and named: which input, what was expected, what came.
"""

import math
import warnings
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, cast

import jax
import numpy as np

from jkeras import objectives
from jkeras.backend.config import floatx
from jkeras.engine.sources import Loading, Source, as_numbers, as_source, opened
from jkeras.errors import did_you_mean
from jkeras.typing import Shape

__all__ = [
    "as_list",
    "check_array_lengths",
    "check_loss_and_target_compatibility",
    "standardize_input_data",
    "standardize_sample_or_class_weights",
    "standardize_weights",
    "whole",
]


def standardize_input_data(
    data: Any,
    names: Sequence[str],
    shapes: Sequence[Shape | None] | None = None,
    check_batch_axis: bool = True,
    exception_prefix: str = "model input",
    dtypes: Sequence[Any] | None = None,
    refuse_nan: bool = False,
    loading: Loading = Loading.ALL,
) -> list[Any]:
    """Return one array, or `Source`, for each of `names`, with the batch dimension first.

    Args:
        data: an array, a list of arrays in the order of `names`, or a dict by name.
        names: of the inputs or outputs.
        shapes: expected shape of each, ``None`` for any; sizes that are ``None`` are not checked.
        check_batch_axis: whether the first size is checked too.
        exception_prefix: what is checked, for the messages.
        dtypes: dtype of each; default `floatx`.
        refuse_nan: whether NaN is an error.
        loading: what is loaded now. The rest becomes sources; what can only be seen in their numbers is checked as they are
            read.

    Raises:
        ValueError: something does not fit; the message names the input.
    """
    arrays = _as_arrays(data, list(names), exception_prefix)
    result = []
    for index, (name, array) in enumerate(zip(names, arrays, strict=True)):
        dtype = np.dtype(dtypes[index] if dtypes is not None else floatx())
        array = _numeric(array, name, exception_prefix, dtype, loading)
        if array.size == 0:
            raise ValueError(f"Error when checking {exception_prefix}: {name!r} is empty; its shape is {array.shape}.")
        given = array.shape
        if array.ndim == 1:  # a vector is one number a sample
            array = array.column() if isinstance(array, Source) else array[:, None]
        shape = shapes[index] if shapes is not None else None
        if shape is not None and not _fits(array.shape, shape, check_batch_axis):
            order = f" The order is {list(names)}." if len(names) > 1 and not isinstance(data, Mapping) else ""
            raise ValueError(
                f"Error when checking {exception_prefix}: expected {name!r} to have shape {tuple(shape)} but got an array with "
                f"shape {tuple(given)}.{_shape_hint(given, shape)}{order}"
            )
        if refuse_nan and np.issubdtype(array.dtype, np.floating):
            array = _without_nan(array, name, exception_prefix)
        result.append(array)
    return result


def _as_arrays(data: Any, names: list[str], prefix: str) -> list[Any]:
    """Return the entries of `data` in the order of `names`."""
    by_name = isinstance(data, Mapping) and not hasattr(data, "tocsr")  # one of scipy's sparse matrices is a dict
    if by_name:
        missing = [name for name in names if name not in data]
        if missing:
            raise ValueError(f"No data provided for {missing[0]!r} in {prefix}; it needs data for each of {names}.")
        unknown = [name for name in data if name not in names]
        if unknown:
            warnings.warn(
                f"{prefix}: the key {unknown[0]!r} is none of {names}; what it holds is not used.",
                stacklevel=2,
            )
        return [data[name] for name in names]
    if isinstance(data, list | tuple):
        if len(data) == len(names) and (len(names) > 1 or _is_array(data[0])):
            return list(data)
        if data and _is_array(data[0]) and not (len(names) == 1 and np.ndim(data[0]) == 0):
            raise ValueError(
                f"The list of arrays given as {prefix} has {len(data)} entries; the model expects {len(names)}: {names}."
                + (" To give many samples as one array use np.array(list)." if len(names) == 1 else "")
            )
        if len(data) == 0:
            raise ValueError(
                f"Error when checking {prefix}: no data were given (an empty list); expected arrays for {names}."
            )
        if len(names) == 1:
            return [data]
        raise ValueError(
            f"Error when checking {prefix}: the model expects a list of {len(names)} arrays ({names}); got {len(data)} entries."
        )
    if data is None:
        hint = " Without y, x is a loader that yields batches (x, y)." if prefix == "model target" else ""
        raise ValueError(f"Error when checking {prefix}: no data were given (None); expected arrays for {names}.{hint}")
    if len(names) != 1:
        raise ValueError(
            f"Error when checking {prefix}: the model expects {len(names)} arrays ({names}), as a list or as a dict; got one "
            f"{type(data).__name__} of shape {np.shape(cast(Any, data))}."
        )
    return [data]


def _is_array(value: Any) -> bool:
    return hasattr(value, "shape")


def _numeric(array: Any, name: str, prefix: str, dtype: np.dtype, loading: Loading) -> Any:
    """Return `array` as a numpy or JAX array of `dtype`, or as a source of it."""
    if isinstance(array, jax.Array):
        if array.dtype != dtype:
            _check_kind(array, name, prefix)
        return array if array.dtype == dtype else array.astype(dtype)
    if type(array) is not np.ndarray:
        array = opened(array, name, loading)
    if isinstance(array, Source):
        _check_kind(array, name, prefix)
        return array.converted(dtype)
    try:
        array = np.asarray(array)
    except ValueError as error:
        raise ValueError(
            f"Error when checking {prefix}: {name!r} is ragged, its rows have different lengths ({error})."
        ) from None
    array = as_numbers(array)
    _check_kind(array, name, prefix)
    if loading is Loading.NOTHING and array.ndim:
        return as_source(array).converted(dtype)
    return array if array.dtype == dtype else array.astype(dtype)


def _check_kind(array: Any, name: str, prefix: str) -> None:
    """Raise a `ValueError` unless an array's entries are numbers."""
    if array.dtype.kind in "biuf" or jax.numpy.issubdtype(array.dtype, np.floating):  # bfloat16 and such
        return
    what = f"Error when checking {prefix}: {name!r} has dtype {array.dtype}"
    if array.dtype.kind not in "USO":
        raise ValueError(f"{what}; expected real numbers.")
    some = list(array.flat[:100]) if isinstance(array, np.ndarray) and array.dtype == object else []
    if some and array.ndim == 0:
        raise ValueError(
            f"Error when checking {prefix}: {name!r} is an object of type {type(some[0]).__name__}; expected an array. A loader of "
            "batches (x, y) is given to fit without y."
        )
    texts = array.dtype != object or any(isinstance(entry, str) for entry in some)
    others = [entry for entry in some if not hasattr(entry, "__len__")]
    if not texts and others and len(others) == len(some):
        hint = f"There are entries of type {type(others[0]).__name__}."
    elif not texts:
        hint = "Rows of different lengths? Pad them: preprocessing.sequence.pad_sequences."
    elif "target" in prefix:
        hint = "Number the classes first: classes, y = numpy.unique(labels, return_inverse=True)."
    else:
        hint = "Encode text as integers first, for instance with preprocessing.text.Tokenizer."
    raise ValueError(f"{what}, not numbers. {hint}")


def _fits(given: Shape, shape: Shape, check_batch_axis: bool) -> bool:
    pairs = list(zip(shape, given, strict=False))
    return len(given) == len(shape) and all(
        want in (None, got) for want, got in (pairs if check_batch_axis else pairs[1:])
    )


def _shape_hint(given: tuple[int, ...], shape: Shape) -> str:
    """Return what is likely wrong with an array of shape `given` where `shape` is expected."""
    sizes, wanted = given[1:], shape[1:]
    if not given:
        return ""
    if len(given) == len(wanted) and _fits(given, wanted, True):
        return " A single sample needs a batch dimension: x[None]."
    if sorted(map(str, sizes)) == sorted(map(str, wanted)):
        return " The sizes are there in another order: transpose the array, or check dim_ordering for images."
    if len(sizes) != len(wanted):
        if len(wanted) == 1 and wanted[0] in (None, math.prod(sizes)):
            return " Flatten the samples: x.reshape(len(x), -1)."
        known = math.prod(size for size in wanted if size is not None)
        if wanted.count(None) == (math.prod(sizes) != known) and math.prod(sizes) % max(known, 1) == 0:
            sizes = ", ".join(str(-1 if size is None else size) for size in wanted)
            return f" The samples have as many numbers: x.reshape(len(x), {sizes}) gives them that shape, if it is what they mean."
        return f" It needs {len(shape)} axes, and has {len(given)}."
    wrong = [axis for axis, pair in enumerate(zip(sizes, wanted, strict=True), 1) if pair[1] not in (None, pair[0])]
    if wrong == [1] and len(wanted) == 2:
        return (
            f" Sequences must be {wanted[0]} steps long here: cut or pad them (preprocessing.sequence.pad_sequences, maxlen="
            f"{wanted[0]}), or build the model for any length, with None in place of {wanted[0]}."
        )
    if len(wrong) == 1:
        got, want = sizes[wrong[0] - 1], wanted[wrong[0] - 1]
        return f" Axis {wrong[0]} has {got} entries and the model was built for {want}: check the data, or build it for {got}."
    return ""


def _without_nan(array: Any, name: str, prefix: str) -> Any:
    """Return an array that was checked, or a source that checks the rows that it reads."""
    if isinstance(array, Source):
        return array.checked(lambda rows, where: _refuse_nan(rows, name, prefix, where))
    _refuse_nan(array, name, prefix)
    return array


def _refuse_nan(array: Any, name: str, prefix: str, where: Any = None) -> None:
    """Raise a `ValueError` if an array, which holds the rows `where` of a larger one, holds NaN."""
    # min() passes NaN on and needs no second array.
    if array.size and np.isnan(array.min()):
        found = np.argwhere(np.isnan(np.asarray(array)))
        first = [int(i) for i in found[0]]
        if where is not None:
            first[0] = where.start + first[0] if isinstance(where, slice) else int(where[first[0]])
        raise ValueError(
            f"Error when checking {prefix}: {name!r} holds NaN in {len(np.unique(found[:, 0]))} of "
            f"{len(array)} samples{'' if where is None else ' that were read'}, first at index {tuple(first)}. Training on NaN "
            "would turn every weight into NaN: remove or replace them."
        )


def standardize_sample_or_class_weights(given: Any, output_names: Sequence[str], weight_type: str) -> list[Any]:
    """Return one entry of `given` (``None`` where there is none) for each output.

    Args:
        given: ``None``, one value for a single output, a list, or a dict by output name.
        output_names: names of the outputs.
        weight_type: ``'sample_weight'`` or ``'class_weight'``.
    """
    names = list(output_names)
    if given is None or (isinstance(given, Mapping | list) and len(given) == 0):
        return [None] * len(names)
    if isinstance(given, Mapping) and set(given) <= set(names):
        return [given.get(name) for name in names]
    if len(names) == 1:
        if isinstance(given, list) and len(given) == 1 and (_is_array(given[0]) or isinstance(given[0], Mapping)):
            return given
        return [given]
    if isinstance(given, list | tuple):
        if len(given) != len(names):
            raise ValueError(
                f"{weight_type} is a list of {len(given)} entries; the model has {len(names)} outputs: {names}."
            )
        return list(given)
    if isinstance(given, Mapping):
        unknown = next(name for name in given if name not in names)
        raise ValueError(
            f"{weight_type} has the key {unknown!r}, which is no output.{did_you_mean(str(unknown), names)}"
        )
    raise TypeError(
        f"The model has {len(names)} outputs: {weight_type} is a list with one entry for each, or a dict by name."
    )


def standardize_weights(
    y: Any,
    sample_weight: Any = None,
    class_weight: Mapping[int, float] | None = None,
    sample_weight_mode: str | None = None,
) -> Any:
    """Return the weight of each sample (or of each time step) of one output, or ``None`` if all weigh the same.

    Args:
        y: targets, batch first.
        sample_weight: ``(samples,)``, or ``(samples, time)`` in mode ``'temporal'``; wins over `class_weight`.
        class_weight: weight by class number; the class is the argmax of `y`, or `y` itself where it has one column.
        sample_weight_mode: ``None`` or ``'temporal'``.
    """
    if sample_weight_mode not in (None, "temporal"):
        raise ValueError(f"sample_weight_mode is None or 'temporal'; got {sample_weight_mode!r}.")
    if sample_weight_mode == "temporal" and y.ndim < 3:
        raise ValueError(
            f"sample_weight_mode='temporal' needs targets of shape (samples, time, …); these have shape {y.shape}."
        )
    if sample_weight is not None:
        weight = np.asarray(opened(sample_weight, "sample_weight", Loading.ALL), dtype=floatx())
        if sample_weight_mode == "temporal":
            if weight.ndim != 2:
                raise ValueError(f"Temporal sample weights have shape (samples, time); got {weight.shape}.")
        elif weight.ndim != 1:
            raise ValueError(
                f"Sample weights have shape (samples,); got {weight.shape}. For a weight for each time step compile with "
                "sample_weight_mode='temporal'."
            )
        if weight.shape != y.shape[: weight.ndim]:
            raise ValueError(f"Sample weights of shape {weight.shape} do not fit targets of shape {y.shape}.")
        if np.isnan(weight.min()):
            raise ValueError("Sample weights hold NaN.")
        return weight
    if class_weight is not None and not isinstance(class_weight, Mapping):
        warnings.warn(
            f"class_weight={class_weight!r} has no effect, as in Keras 1, which looked at dicts only. Give a dict from class "
            "number to weight: class_weight={0: 1.0, 1: 5.0}; sklearn.utils.class_weight computes balanced ones.",
            stacklevel=2,
        )
    elif class_weight is not None:
        if isinstance(y, Source):
            return np.concatenate([_by_class(rows, class_weight) for rows in y.pieces()])
        return _by_class(np.asarray(y), class_weight)
    return None


def _by_class(y: np.ndarray, class_weight: Mapping[int, float]) -> np.ndarray:
    if y.ndim > 2:
        raise ValueError(
            f"class_weight does not work for targets of shape {y.shape}; use sample_weight with temporal mode."
        )
    classes = y.argmax(axis=1) if y.ndim == 2 and y.shape[1] > 1 else y.reshape(len(y)).astype(int)
    missing = sorted(set(classes.tolist()) - {int(label) for label in class_weight})
    if missing:
        raise ValueError(f"class_weight has no weight for class {missing[0]}; it has {sorted(class_weight)}.")
    table = {int(label): weight for label, weight in class_weight.items()}
    return np.asarray([table[label] for label in classes.tolist()], dtype=floatx())


def check_array_lengths(inputs: Sequence[Any], targets: Sequence[Any] = (), weights: Sequence[Any] = ()) -> None:
    """Raise a `ValueError` unless all arrays have the same number of samples."""
    lengths = {
        what: sorted({len(array) for array in arrays if array is not None})
        for what, arrays in (("inputs", inputs), ("targets", targets), ("sample weights", weights))
    }
    found = sorted({length for some in lengths.values() for length in some})
    if len(found) > 1:
        counts = ", ".join(f"{what}: {some}" for what, some in lengths.items() if some)
        raise ValueError(f"All arrays need the same number of samples. Number of samples in {counts}.")


def check_loss_and_target_compatibility(
    targets: Sequence[Any], losses: Sequence[Any], output_shapes: Sequence[Shape], names: Sequence[str] | None = None
) -> list[Any]:
    """Return the targets; those that are sources check what they read.

    Raises:
        ValueError: targets do not fit the loss that they are compared by.
    """
    result = []
    needs_same = (objectives.mean_squared_error, objectives.binary_crossentropy, objectives.categorical_crossentropy)
    for index, (y, loss, shape) in enumerate(zip(targets, losses, output_shapes, strict=True)):
        name = f" for {names[index]!r}" if names is not None else ""
        if loss is objectives.categorical_crossentropy and y.shape[-1] == 1 and shape[-1] != 1:
            raise ValueError(
                f"The targets{name} have shape {tuple(y.shape)}, but categorical_crossentropy compares with one-hot rows of "
                f"{shape[-1]} classes. Either convert integer labels with keras.utils.np_utils.to_categorical(y), or use the loss "
                "'sparse_categorical_crossentropy', which takes integers."
            )
        if loss is objectives.sparse_categorical_crossentropy and y.shape[-1] != 1 and y.ndim == len(shape):
            raise ValueError(
                f"The targets{name} have shape {tuple(y.shape)}, but sparse_categorical_crossentropy takes class numbers, of shape "
                f"{(*tuple(shape[:-1]), 1)}. For one-hot rows use the loss 'categorical_crossentropy'."
            )
        if loss is objectives.sparse_categorical_crossentropy and shape[-1] is not None:
            if isinstance(y, Source):
                y = y.checked(partial(_check_class_numbers, classes=shape[-1], name=name))
            else:
                _check_class_numbers(y, None, shape[-1], name)
        if loss in needs_same:
            for want, got in zip(shape[1:], y.shape[1:], strict=False):
                if want is not None and want != got:
                    raise ValueError(
                        f"Targets{name} of shape {tuple(y.shape)} were given for an output of shape {tuple(shape)}; the loss "
                        f"{loss.__name__} expects targets of the same shape as the output."
                    )
        result.append(y)
    return result


def _check_class_numbers(y: Any, where: Any, classes: int, name: str) -> None:
    """Raise a `ValueError` unless targets, which are the rows `where`, are numbers of classes."""
    low, high = float(y.min()), float(y.max())
    if low < 0 or high >= classes:
        raise ValueError(
            f"Targets{name} for sparse_categorical_crossentropy are class numbers from 0 to {classes - 1} (the output "
            f"has {classes} classes); got numbers from {low:g} to {high:g}."
        )


def target_shapes(losses: Sequence[Any], output_shapes: Sequence[Shape]) -> list[Shape | None]:
    """Return the shape that targets must have for each loss; ``None`` for losses of the user's own."""
    shapes: list[Shape | None] = []
    for loss, shape in zip(losses, output_shapes, strict=True):
        if loss is objectives.sparse_categorical_crossentropy:
            shapes.append((*shape[:-1], 1))
        elif getattr(objectives, getattr(loss, "__name__", ""), None) is loss:
            shapes.append(shape)
        else:
            shapes.append(None)
    return shapes


def as_list(data: Any) -> list[Any]:
    """Return a data set as Keras 1 gives it to callbacks: inputs, targets, and weights, 1 where none were given."""
    weights = [
        np.ones(len(target), target.dtype) if weight is None else weight
        for target, weight in zip(data.targets, data.weights, strict=True)
    ]
    return [*data.inputs, *data.targets, *weights]


def whole(**values: Any) -> int:
    """Return the only argument as an int; raise a `ValueError` that names it unless it is a positive whole number."""
    ((name, value),) = values.items()
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not number or value <= 0 or value != int(value):
        raise ValueError(f"{name} is a positive whole number; got {value!r}.")
    return int(value)
