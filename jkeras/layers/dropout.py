"""Dropout of single units and of whole feature maps."""

from typing import Any

from jkeras.backend import random
from jkeras.backend.config import image_dim_ordering
from jkeras.backend.random import key_scope
from jkeras.engine.contract import Context, InputSpec
from jkeras.engine.layer import Layer
from jkeras.errors import did_you_mean
from jkeras.layers.checks import check_probability, training_key
from jkeras.typing import Array, Params, Shape, State

__all__ = ["Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"]


class Dropout(Layer):
    """Sets a random share of its input to zero while training, and scales the rest by ``1 / (1 - p)``.

    Args:
        p: the share that is dropped, in [0, 1).
        noise_shape: shape of the random mask, broadcast to the input's; ``None`` in it is the input's size there.
            ``(None, 1, None)`` drops the same features at all time steps.
        seed: selects another random stream; the key of the training step counts all the same.

    Shapes: output as input.

    Source: Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", JMLR 15 (2014).
    """

    supports_masking = True

    def __init__(self, p: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any):
        self.p = check_probability(self, "p", p)
        self.noise_shape = None if noise_shape is None else tuple(noise_shape)
        self.seed = seed
        super().__init__(**kwargs)

    def mask_shape(self, shape: Shape) -> Any:
        """Return the shape of the random mask for an input of this shape; ``None`` for the input's own."""
        if self.noise_shape is None:
            return None
        fits = len(self.noise_shape) == len(shape) and all(
            noise in (None, 1, size) for noise, size in zip(self.noise_shape, shape, strict=False)
        )
        if not fits:
            raise ValueError(
                f"Layer {self.name!r} ({type(self).__name__}): noise_shape {self.noise_shape} does not fit an input of "
                f"shape {tuple(shape)}: each size, the batch's included, is 1, None or the input's."
            )
        return self.noise_shape

    def apply(self, params: Params, x: Array) -> Array:
        return x

    def apply_with_state(self, params: Params, state: State, x: Array, ctx: Context = Context()) -> tuple[Array, State]:  # noqa: B008
        if not ctx.train or self.p == 0:
            return x, state
        with key_scope(training_key(self, ctx)):
            return random.dropout(x, self.p, self.mask_shape(x.shape), self.seed), state

    def get_output_shape_for(self, input_shape: Shape) -> Shape:
        return input_shape


class SpatialDropout1D(Dropout):
    """Drops whole features of sequences: one decision for all time steps.

    Args:
        p: the share of features that is dropped, in [0, 1).

    Shapes: input and output ``(batch, time, features)``.

    Source: Tompson et al., "Efficient Object Localization Using Convolutional Networks", CVPR 2015.
    """

    input_spec = (InputSpec(ndim=3),)

    def __init__(self, p: float, **kwargs: Any):
        super().__init__(p, **kwargs)

    def mask_shape(self, shape: Shape) -> Any:
        return (None, 1, None)


class _SpatialDropout(Dropout):
    """Dropout of whole feature maps of images or volumes."""

    space = ""  # the sizes of a map, as the mask has them

    def __init__(self, p: float, dim_ordering: str = "default", **kwargs: Any):
        ordering = image_dim_ordering() if dim_ordering == "default" else dim_ordering
        if ordering not in ("th", "tf"):
            raise ValueError(
                f"{type(self).__name__}: dim_ordering is 'th', 'tf' or 'default'; got {dim_ordering!r}."
                + did_you_mean(str(dim_ordering), ("th", "tf", "default"))
            )
        self.dim_ordering = ordering
        super().__init__(p, **kwargs)

    def mask_shape(self, shape: Shape) -> Any:
        ones = (1,) * (len(shape) - 2)
        return (None, None, *ones) if self.dim_ordering == "th" else (None, *ones, None)


class SpatialDropout2D(_SpatialDropout):
    """Drops whole channels of images: one decision for all pixels.

    Args:
        p: the share of channels that is dropped, in [0, 1).
        dim_ordering: ``'th'``, ``'tf'`` or ``'default'``, which is `image_dim_ordering`.

    Shapes: input and output ``(batch, channels, rows, cols)`` ('th') or ``(batch, rows, cols, channels)`` ('tf').

    Source: Tompson et al., "Efficient Object Localization Using Convolutional Networks", CVPR 2015.
    """

    input_spec = (InputSpec(ndim=4),)

    def __init__(self, p: float, dim_ordering: str = "default", **kwargs: Any):
        super().__init__(p, dim_ordering, **kwargs)


class SpatialDropout3D(_SpatialDropout):
    """Drops whole channels of volumes: one decision for all voxels.

    Args:
        p: the share of channels that is dropped, in [0, 1).
        dim_ordering: ``'th'``, ``'tf'`` or ``'default'``, which is `image_dim_ordering`.

    Shapes: input and output ``(batch, channels, dim1, dim2, dim3)`` ('th') or
    ``(batch, dim1, dim2, dim3, channels)`` ('tf').
    """

    input_spec = (InputSpec(ndim=5),)

    def __init__(self, p: float, dim_ordering: str = "default", **kwargs: Any):
        super().__init__(p, dim_ordering, **kwargs)
