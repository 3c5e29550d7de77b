"""What the networks share: where their input comes from, and their trained weights."""

import os
import warnings
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from jkeras.backend.config import image_dim_ordering
from jkeras.engine.expressions import _Expression
from jkeras.engine.input import Input
from jkeras.engine.model import Model
from jkeras.engine.node import KerasTensor, get_source_inputs
from jkeras.utils.data_utils import get_file

__all__ = ["Releases", "build", "image_shape"]


class Releases(NamedTuple):
    """The files of trained weights: ``(ordering, top?) -> URL``, and what checks them."""

    urls: Mapping[tuple[str, bool], str]
    trained: str = "imagenet"  # the word for them in the argument `weights`
    classes: int = 1000  # that they were trained for
    hashes: Mapping[str, str] = {}  # MD5 by URL, where it is known

    @classmethod
    def of(cls, th: str, th_no_top: str, tf: str, tf_no_top: str) -> "Releases":
        """Return the releases of a network that has a file for each ordering, with and without its top."""
        return cls({("th", True): th, ("th", False): th_no_top, ("tf", True): tf, ("tf", False): tf_no_top})


def image_shape(
    name: str, input_shape: Any, default: int, least: int, include_top: bool, ordering: str
) -> tuple[int | None, ...]:
    """Return the shape of one image.

    Args:
        name: of the network.
        input_shape: what the user gave, or ``None``.
        default: rows and columns of the images that the network was made for.
        least: the fewest rows and columns that it can take.
        include_top: whether the fully connected layers are there, which want images of that size.
        ordering: ``'th'`` or ``'tf'``.

    Raises:
        ValueError: `input_shape` does not fit.
    """
    channels_first = ordering == "th"

    def shape(size: int | None) -> tuple[int | None, ...]:
        return (3, size, size) if channels_first else (size, size, 3)

    if input_shape is None:
        return shape(default if include_top else None)
    given = tuple(input_shape)
    if include_top:
        if given != shape(default):
            raise ValueError(
                f"{name}: with include_top=True the images have shape {shape(default)}; got input_shape={given}. Other sizes need "
                "include_top=False."
            )
        return given
    if len(given) != 3 or given[0 if channels_first else -1] != 3:
        raise ValueError(
            f"{name}: input_shape is that of one image with 3 channels, {shape(default)} for dim_ordering {ordering!r}; "
            f"got {given}."
        )
    sizes = given[1:] if channels_first else given[:-1]
    if any(size is not None and size < least for size in sizes):
        raise ValueError(f"{name}: images have at least {least} rows and columns; got input_shape={given}.")
    return given


def build(
    name: str,
    layers: Callable[[KerasTensor], KerasTensor],
    shape: tuple[int | None, ...],
    weights: str | None,
    input_tensor: Any,
    include_top: bool,
    classes: int,
    releases: Releases,
    ordering: str | None = None,
) -> Model:
    """Return a network with its weights.

    Args:
        name: of the model.
        layers: make the output from the input.
        shape: of one image.
        weights: ``None`` for random ones, the word for the trained ones (such as ``'imagenet'``), or the path of a file.
        input_tensor: a tensor in place of a new `Input`.
        include_top, classes: as the user gave them.
        releases: the files of trained weights.
        ordering: of the images; default: `image_dim_ordering`.

    Raises:
        ValueError: `weights` is none of these, or the trained ones are for another number of classes.
        OSError: the file cannot be downloaded; the message says where to put it.
    """
    if weights not in (None, releases.trained) and not os.path.isfile(weights):
        raise ValueError(
            f"{name}: weights is None (random), {releases.trained!r} (trained) or the path of a file; there is no file {weights!r}."
        )
    if weights == releases.trained and include_top and classes != releases.classes:
        raise ValueError(
            f"{name}: the trained weights are for {releases.classes} classes; got classes={classes}. Use include_top=False and a "
            "layer of your own, or weights=None."
        )
    if isinstance(input_tensor, KerasTensor) and not isinstance(input_tensor.history[0], _Expression):
        image, source = input_tensor, get_source_inputs(input_tensor)  # a layer returned it
    else:
        image = Input(shape=shape) if input_tensor is None else Input(tensor=input_tensor)
        source = [image]
    model = Model(source, layers(image), name=name)
    if weights == releases.trained:
        ordering = ordering or image_dim_ordering()
        url = releases.urls[ordering, include_top]
        path = get_file(os.path.basename(url), url, cache_subdir="models", md5_hash=releases.hashes.get(url))
        model.load_weights(path)
    elif weights is not None:
        model.load_weights(weights)
    return model


def warn_channels_last(name: str) -> None:
    """Warn that a network takes images with channels last, whatever `image_dim_ordering` says."""
    warnings.warn(
        f"{name} is only there for images with the channels last, (rows, cols, 3), while image_dim_ordering is 'th': give it such "
        "images.",
        stacklevel=3,
    )
