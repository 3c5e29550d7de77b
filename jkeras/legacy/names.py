"""Names of Keras 0.3 and before that Keras 1 has not: some work, the others say what to write in their place."""

from collections.abc import Callable
from typing import Any, NoReturn

__all__ = ["GONE", "old_names"]

GONE = {
    "AutoEncoder": "Put encoder and decoder into one Sequential and train it on (x, x); the code is what the model "
    "Model(input=model.input, output=encoder.output) predicts",
    "JZS1": "Use GRU",
    "JZS2": "Use GRU",
    "JZS3": "Use GRU",
    "MaskedLayer": "Extend Layer and set self.supports_masking = True",
    "Siamese": "Call one layer on each tensor and merge: shared = Dense(3); merge([shared(a), shared(b)], mode='concat'); or use "
    "Graph.add_shared_node",
    "SiameseHead": "Call one layer on each tensor, Model(input=[a, b], output=[shared(a), shared(b)]); or use "
    "Graph.add_shared_node",
    "SimpleDeepRNN": "Stack SimpleRNN layers with return_sequences=True",
    "WordContextProduct": "Use two Embedding layers and merge(mode='dot')",
    "add_shared_layer": "Call the layer on each tensor: [layer(tensor) for tensor in tensors]",
}
"""What to write in place of names that can be imported and not used."""

_WORK = ("LambdaMerge", "TimeDistributedMerge")


def old_names(module: str) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a module: what stands for a name of Keras 0.3.

    Args:
        module: its name.
    """

    def __getattr__(name: str) -> Any:
        if name in _WORK:
            from jkeras.legacy import layers

            return getattr(layers, name)
        if name in GONE:
            return _gone(name)
        raise AttributeError(f"module {module!r} has no attribute {name!r}")

    return __getattr__


def _gone(name: str) -> type:
    def refuse(self: Any, *args: Any, **kwargs: Any) -> NoReturn:
        raise NotImplementedError(f"{name} is of Keras 0.3, and Keras 1 has not got it. {GONE[name]}.")

    return type(name, (), {"__init__": refuse, "__doc__": f"{name} of Keras 0.3, which tells what to use instead."})
