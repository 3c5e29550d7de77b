"""The list that ``model.layers`` is."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from jkeras.engine.layer import Layer

if TYPE_CHECKING:
    from jkeras.engine.container import Container

__all__ = ["LayerList"]


class LayerList(list[Layer]):
    """The layers of a model, to look at; ``pop()`` takes the last off the model, and no other change is followed."""

    def __init__(self, layers: Sequence[Layer], model: "Container"):
        super().__init__(layers)
        self._model = model

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise TypeError(
            "model.layers cannot be changed, the model would not follow. To leave out the last layers use model.layers.pop(), or "
            "make Model(input=model.input, output=model.layers[-2].output), which shares the weights."
        )

    def pop(self, index: Any = -1) -> Layer:
        """Take the last layer off the model: its output is the output of the layer before from now on."""
        if index != -1:
            self._refuse()
        self._model.drop_last()
        return super().pop()

    def __reduce__(self) -> Any:
        return list, (list(self),)

    append = extend = insert = remove = clear = reverse = _refuse
    sort = __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse  # type: ignore[assignment]
