"""One effect of one call of a layer, as a symbolic tensor; see `jkeras.engine.effects`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from jkeras.backend.config import floatx
from jkeras.engine import tree
from jkeras.engine.contract import Context, Result
from jkeras.engine.expressions import _Expression
from jkeras.engine.node import KerasTensor, MaskTensor, Node, as_list, one_or_list
from jkeras.engine.symbolic import mask_list
from jkeras.typing import Array, Params, State

if TYPE_CHECKING:
    from jkeras.engine.layer import Layer

__all__ = ["Effect"]


class Effect(_Expression):
    """The penalty of a call, the new value of one entry of the state, or the mask of an output.

    The call is computed once more; in a compiled function that computes its output too, the compiler sees that they are one.

    Args:
        node: the call.
        change: the path of the entry in the state of the layer; ``None``: the penalty.
        mask: in place of these, the mask of one of the outputs.
    """

    def __init__(self, node: Node, change: tuple[str, ...] | None = None, mask: MaskTensor | None = None):
        what = "mask" if mask is not None else "penalty" if change is None else "update"
        super().__init__(f"{node.outbound_layer.name}_{what}")
        self.call_node, self.change, self.masked = node, change, None
        if mask is not None:
            self.masked = mask.owner.history[2]
            self.tensor = self.enter(node.input_tensors, [mask])[0]
            return
        shape, dtype = (), floatx()
        if change is not None:
            array = tree.find(node.outbound_layer.abstract_weights()[1], change)
            shape, dtype = array.shape, array.dtype
        self.tensor: KerasTensor = self.connect(node.input_tensors, [(shape, dtype)])[0]

    @classmethod
    def of_mask(cls, mask: MaskTensor) -> "Effect":
        """Give a mask its place in the graph."""
        return cls(mask.owner.node, mask=mask)

    def listed(self, trainable: bool) -> list[Any]:
        return []  # the weights are those of the layer that is called

    def sublayers(self) -> "Sequence[Layer]":
        return [self.call_node.outbound_layer]

    def run(self, params: Params, state: State, x: Array | list[Array], ctx: Context) -> Result:
        layer = self.call_node.outbound_layer
        masks = ctx.mask if isinstance(ctx.mask, list) else [ctx.mask]
        inner = ctx._replace(mask=one_or_list(masks), updates=self.change is not None)
        result = layer.run(params.get(layer.name, {}), state.get(layer.name, {}), one_or_list(as_list(x)), inner)
        if self.masked is not None:
            return Result(mask_list(result.mask, len(as_list(result.value)))[self.masked], None, {}, 0.0)
        return Result(result.penalty if self.change is None else tree.find(result.state, self.change), None, {}, 0.0)
