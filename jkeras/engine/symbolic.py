"""What comes out when a layer is called on symbolic tensors: shapes, dtypes and masks, found without computing a number."""

from typing import TYPE_CHECKING, Any

import jax

from jkeras.backend.config import floatx
from jkeras.backend.variables import Reads, reading
from jkeras.engine import infer
from jkeras.engine.bridge import CallError
from jkeras.engine.contract import Context
from jkeras.engine.node import KerasTensor, MaskTensor, as_list, one_or_list
from jkeras.errors import theano_hint
from jkeras.typing import Params, Shape, State

if TYPE_CHECKING:
    from jkeras.engine.layer import Layer

__all__ = ["mask_list", "output_tensors", "traced_shape"]


def output_tensors(layer: "Layer", tensors: list[KerasTensor]) -> list[KerasTensor]:
    """Return the outputs of a call of `layer` on `tensors`; the layer is built.

    Raises:
        ValueError: the layer cannot be applied to such inputs, or computes another shape than it says.
    """
    given = one_or_list([tensor._keras_shape for tensor in tensors])
    if layer.states_shape:
        stated = layer.get_output_shape_for(given)
        shapes = [tuple(shape) for shape in (stated if isinstance(stated, list) else [stated])]
        found, dtypes, masks = _traced(layer, tensors, len(shapes))
        if not all(map(_agree, shapes, found)):
            raise ValueError(
                f"{_title(layer)} says that inputs of shape {given} give outputs of shape {one_or_list(shapes)}, and computes "
                f"outputs of shape {one_or_list(found)}. Correct its get_output_shape_for or output_shape=."
            )
    else:
        shapes, dtypes, masks = _traced(layer, tensors)
    index = len(layer.inbound_nodes)
    name = f"{layer.name}_out" if index == 0 else f"{layer.name}_out_{index}"
    outputs = [
        KerasTensor(shape, dtype, name if position == 0 else f"{name}:{position}")
        for position, (shape, dtype) in enumerate(zip(shapes, dtypes, strict=True))
    ]
    for output, mask in zip(outputs, masks, strict=True):
        output.mask = None if mask is None else MaskTensor(mask, output)
    return outputs


def traced_shape(layer: "Layer", input_shape: Any) -> Any:
    """Return the shape (or list) of what a built layer computes from inputs of this shape (or list of shapes)."""
    shapes = input_shape if isinstance(input_shape, list) else [input_shape]

    def call(params: Params, state: State, *inputs: Any) -> Any:
        with reading(Reads.over({})):
            return layer.apply_with_state(params, state, one_or_list(inputs), _context())[0]

    outputs = infer.output_shapes(call, shapes, [floatx()] * len(shapes), fixed=layer.abstract_weights())
    return one_or_list([tuple(output.shape) for output in as_list(outputs)])


def _traced(
    layer: "Layer", tensors: list[KerasTensor], count: int | None = None
) -> tuple[list[Shape], list[Any], list[Shape | None]]:
    """Return shapes and dtypes of the outputs and the shapes of their masks.

    Args:
        layer: the layer.
        tensors: its inputs.
        count: the number of outputs, where it is known. Then a failure of a user's code is passed over: it may need to know
            all sizes, and meets the error again when the model runs.
    """

    def call(params: Params, state: State, *arrays: Any) -> Any:
        xs, masks = arrays[: len(tensors)], arrays[len(tensors) :]
        with reading(Reads.over({})):
            result = layer.run(params, state, one_or_list(xs), _context(one_or_list(masks)))
        values = as_list(result.value)
        return values, mask_list(result.mask, len(values))

    shapes: list[Any] = [tensor._keras_shape for tensor in tensors]
    mask_shapes = [None if tensor.mask is None else tensor.mask._keras_shape for tensor in tensors]
    dtypes = [*(tensor.dtype for tensor in tensors), *("bool" for _ in tensors)]
    try:
        values, masks = infer.output_shapes(call, shapes + mask_shapes, dtypes, fixed=layer.abstract_weights())
    except CallError:
        raise
    except (AttributeError, IndexError) as error:
        if hint := theano_hint(error):
            error.add_note(f"In {_title(layer)}.{hint}")
        raise
    except (TypeError, ValueError) as error:
        if any(shape is not None for shape in mask_shapes):
            layer.compute_mask_refusal(tensors)
        users = _holds_users_code(layer)
        if count is not None and users:
            return [()] * count, [floatx()] * count, [None] * count
        # JAX adds a note of its own about its traceback.
        where = " ".join(note for note in getattr(error, "__notes__", []) if note.startswith("In layer"))
        hint = "If it only fails while sizes are not known, give it a get_output_shape_for." if users else ""
        message = f"{_title(layer)} cannot be applied to inputs of shape {one_or_list(shapes)}: {error} {where} {hint}"
        raise ValueError(message.strip()) from error
    if count is not None and len(values) != count:
        raise ValueError(
            f"{_title(layer)} says that it has {count} outputs, and computes {len(values)}. Correct its get_output_shape_for."
        )
    return (
        [tuple(value.shape) for value in values],
        [value.dtype for value in values],
        [None if mask is None else tuple(mask.shape) for mask in masks],
    )


def _context(mask: Any = None) -> Context:
    # A key of its own: only shapes are asked for, the script's random numbers are not touched.
    return Context(key=jax.random.key(0), mask=mask)


def _title(layer: "Layer") -> str:
    return f"Layer {layer.name!r} ({type(layer).__name__})"


def _holds_users_code(layer: "Layer") -> bool:
    return not layer.infers_shape or any(map(_holds_users_code, layer.sublayers()))


def _agree(stated: Shape, found: Shape) -> bool:
    """Whether two shapes can be those of the same array; ``()`` is a shape that could not be found."""
    if not found:
        return True
    return len(stated) == len(found) and all(a == b or None in (a, b) for a, b in zip(stated, found, strict=True))


def mask_list(mask: Any, count: int) -> list[Any]:
    """Return the mask of each of so many outputs."""
    masks = as_list(mask)
    return masks if len(masks) == count else [masks[0]] * count
