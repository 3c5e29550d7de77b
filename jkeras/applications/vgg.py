"""What VGG16 and VGG19 share: blocks of 3×3 convolutions, then fully connected layers."""

from collections.abc import Sequence
from typing import Any

from jkeras.applications import network
from jkeras.backend.config import image_dim_ordering
from jkeras.engine.model import Model
from jkeras.layers.convolutional import Convolution2D
from jkeras.layers.core import Dense, Flatten
from jkeras.layers.pooling import MaxPooling2D

__all__ = ["vgg"]

_FILTERS = (64, 128, 256, 512, 512)


def vgg(
    name: str,
    convolutions: Sequence[int],
    trained: network.Releases,
    include_top: bool,
    weights: str | None,
    input_tensor: Any,
    input_shape: Any,
    classes: int,
) -> Model:
    """Return a VGG network.

    Args:
        name: of the network.
        convolutions: in each of the five blocks.
        trained: the files of its trained weights.
        include_top, weights, input_tensor, input_shape, classes: as in `jkeras.applications.VGG16`.
    """
    shape = network.image_shape(name, input_shape, 224, 48, include_top, image_dim_ordering())

    def layers(x: Any) -> Any:
        for block, (count, filters) in enumerate(zip(convolutions, _FILTERS, strict=True), 1):
            for number in range(1, count + 1):
                conv = Convolution2D(
                    filters, 3, 3, activation="relu", border_mode="same", name=f"block{block}_conv{number}"
                )
                x = conv(x)
            x = MaxPooling2D((2, 2), strides=(2, 2), name=f"block{block}_pool")(x)
        if include_top:
            x = Flatten(name="flatten")(x)
            x = Dense(4096, activation="relu", name="fc1")(x)
            x = Dense(4096, activation="relu", name="fc2")(x)
            x = Dense(classes, activation="softmax", name="predictions")(x)
        return x

    return network.build(name.lower(), layers, shape, weights, input_tensor, include_top, classes, trained)
