"""Functions of K that come with a later version: convolution, pooling and what goes with them."""

from typing import Any

from jkeras.compat.later import later

__all__ = [
    "asymmetric_spatial_2d_padding",
    "atrous_conv2d",
    "conv1d",
    "conv2d",
    "conv3d",
    "ctc_batch_cost",
    "ctc_cost",
    "ctc_create_skip_idxs",
    "ctc_interleave_blanks",
    "ctc_path_probs",
    "ctc_update_log_p",
    "deconv2d",
    "pool2d",
    "pool3d",
    "resize_images",
    "resize_volumes",
    "separable_conv2d",
    "spatial_2d_padding",
    "spatial_3d_padding",
]


@later("convolution")
def conv1d(
    x: Any, kernel: Any, stride: int = 1, border_mode: str = "valid", image_shape: Any = None, filter_shape: Any = None
) -> Any:
    """Convolve sequences."""


@later("convolution")
def conv2d(
    x: Any,
    kernel: Any,
    strides: tuple[int, ...] = (1, 1),
    border_mode: str = "valid",
    dim_ordering: str = "default",
    image_shape: Any = None,
    filter_shape: Any = None,
    filter_dilation: Any = (1, 1),
) -> Any:
    """Convolve images."""


@later("convolution")
def conv3d(
    x: Any,
    kernel: Any,
    strides: tuple[int, ...] = (1, 1, 1),
    border_mode: str = "valid",
    dim_ordering: str = "default",
    volume_shape: Any = None,
    filter_shape: Any = None,
    filter_dilation: Any = (1, 1, 1),
) -> Any:
    """Convolve volumes."""


@later("convolution")
def atrous_conv2d(
    x: Any,
    kernel: Any,
    rate: int = 1,
    border_mode: str = "valid",
    dim_ordering: str = "default",
    image_shape: Any = None,
    filter_shape: Any = None,
) -> Any:
    """Convolve images with gaps between the taps of the filters."""


@later("convolution")
def deconv2d(
    x: Any,
    kernel: Any,
    output_shape: Any,
    strides: tuple[int, ...] = (1, 1),
    border_mode: str = "valid",
    dim_ordering: str = "default",
    image_shape: Any = None,
    filter_shape: Any = None,
) -> Any:
    """Convolve images, transposed."""


@later("convolution")
def separable_conv2d(
    x: Any,
    depthwise_kernel: Any,
    pointwise_kernel: Any,
    strides: tuple[int, ...] = (1, 1),
    border_mode: str = "valid",
    dim_ordering: str = "default",
) -> Any:
    """Convolve images depthwise, then pointwise."""


@later("pooling")
def pool2d(
    x: Any,
    pool_size: tuple[int, ...],
    strides: tuple[int, ...] = (1, 1),
    border_mode: str = "valid",
    dim_ordering: str = "default",
    pool_mode: str = "max",
) -> Any:
    """Pool images."""


@later("pooling")
def pool3d(
    x: Any,
    pool_size: tuple[int, ...],
    strides: tuple[int, ...] = (1, 1, 1),
    border_mode: str = "valid",
    dim_ordering: str = "default",
    pool_mode: str = "max",
) -> Any:
    """Pool volumes."""


@later("resizing of images")
def resize_images(X: Any, height_factor: int, width_factor: int, dim_ordering: str) -> Any:
    """Repeat rows and columns of images."""


@later("resizing of images")
def resize_volumes(X: Any, depth_factor: int, height_factor: int, width_factor: int, dim_ordering: str) -> Any:
    """Repeat slices of volumes along three axes."""


@later("padding of images")
def spatial_2d_padding(x: Any, padding: tuple[int, ...] = (1, 1), dim_ordering: str = "default") -> Any:
    """Put zeros around images."""


@later("padding of images")
def asymmetric_spatial_2d_padding(
    x: Any, top_pad: int = 1, bottom_pad: int = 1, left_pad: int = 1, right_pad: int = 1, dim_ordering: str = "default"
) -> Any:
    """Put zeros around images, on each side as many as told."""


@later("padding of images")
def spatial_3d_padding(x: Any, padding: tuple[int, ...] = (1, 1, 1), dim_ordering: str = "default") -> Any:
    """Put zeros around volumes."""


@later("the CTC loss")
def ctc_batch_cost(y_true: Any, y_pred: Any, input_length: Any, label_length: Any) -> Any:
    """Return the CTC loss of each sequence."""


@later("the CTC loss")
def ctc_cost(predict: Any, Y: Any) -> Any:
    """Return the CTC loss of one sequence."""


@later("the CTC loss")
def ctc_create_skip_idxs(Y: Any) -> Any:
    """Return where a path may skip a blank."""


@later("the CTC loss")
def ctc_interleave_blanks(Y: Any) -> Any:
    """Return labels with blanks between them."""


@later("the CTC loss")
def ctc_path_probs(predict: Any, Y: Any, alpha: float = 0.0001) -> Any:
    """Return the probabilities of the paths of one sequence."""


@later("the CTC loss")
def ctc_update_log_p(skip_idxs: Any, zeros: Any, active: Any, log_p_curr: Any, log_p_prev: Any) -> Any:
    """Return the log probabilities after one more step."""
