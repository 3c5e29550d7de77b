"""Import path of Keras 1: ``keras.preprocessing.image``. Images as arrays, and their augmentation."""

from typing import Any

from jkeras.compat.later import later

__all__ = [
    "DirectoryIterator",
    "ImageDataGenerator",
    "Iterator",
    "NumpyArrayIterator",
    "apply_transform",
    "array_to_img",
    "flip_axis",
    "img_to_array",
    "list_pictures",
    "load_img",
    "random_channel_shift",
    "random_rotation",
    "random_shear",
    "random_shift",
    "random_zoom",
    "transform_matrix_offset_center",
]


@later("image preprocessing")
class ImageDataGenerator:
    """Batches of images, changed at random."""

    def __init__(
        self,
        featurewise_center: bool = False,
        samplewise_center: bool = False,
        featurewise_std_normalization: bool = False,
        samplewise_std_normalization: bool = False,
        zca_whitening: bool = False,
        rotation_range: float = 0.0,
        width_shift_range: float = 0.0,
        height_shift_range: float = 0.0,
        shear_range: float = 0.0,
        zoom_range: float = 0.0,
        channel_shift_range: float = 0.0,
        fill_mode: str = "nearest",
        cval: float = 0.0,
        horizontal_flip: bool = False,
        vertical_flip: bool = False,
        rescale: Any = None,
        preprocessing_function: Any = None,
        dim_ordering: str = "default",
    ) -> None: ...

    def fit(self, x: Any, augment: bool = False, rounds: int = 1, seed: Any = None) -> Any: ...

    def flow(
        self,
        X: Any,
        y: Any = None,
        batch_size: int = 32,
        shuffle: bool = True,
        seed: Any = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "jpeg",
    ) -> Any: ...

    def flow_from_directory(
        self,
        directory: Any,
        target_size: Any = (256, 256),
        color_mode: str = "rgb",
        classes: int | None = None,
        class_mode: str = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: Any = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "jpeg",
        follow_links: bool = False,
    ) -> Any: ...

    def random_transform(self, x: Any) -> Any: ...

    def standardize(self, x: Any) -> Any: ...


@later("image preprocessing")
class Iterator:
    """What endless iterators over batches have in common."""

    def __init__(self, n: int, batch_size: int, shuffle: bool, seed: Any) -> None: ...

    def reset(self) -> Any: ...


@later("image preprocessing")
class NumpyArrayIterator(Iterator):
    """Batches from arrays."""

    def __init__(
        self,
        x: Any,
        y: Any,
        image_data_generator: Any,
        batch_size: int = 32,
        shuffle: bool = False,
        seed: Any = None,
        dim_ordering: str = "default",
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "jpeg",
    ) -> None: ...

    def next(self) -> Any: ...


@later("image preprocessing")
class DirectoryIterator(Iterator):
    """Batches from folders of image files."""

    def __init__(
        self,
        directory: Any,
        image_data_generator: Any,
        target_size: Any = (256, 256),
        color_mode: str = "rgb",
        dim_ordering: str = "default",
        classes: int | None = None,
        class_mode: str = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: Any = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "jpeg",
        follow_links: bool = False,
    ) -> None: ...

    def next(self) -> Any: ...


@later("image preprocessing")
def apply_transform(
    x: Any, transform_matrix: Any, channel_axis: int = 0, fill_mode: str = "nearest", cval: float = 0.0
) -> Any:
    """Return the image under an affine transformation."""


@later("image preprocessing")
def array_to_img(x: Any, dim_ordering: str = "default", scale: bool = True) -> Any:
    """Return an image of the image library."""


@later("image preprocessing")
def flip_axis(x: Any, axis: int) -> Any:
    """Return the image mirrored along an axis."""


@later("image preprocessing")
def img_to_array(img: Any, dim_ordering: str = "default") -> Any:
    """Return an image as an array."""


@later("image preprocessing")
def list_pictures(directory: Any, ext: str = "jpg|jpeg|bmp|png") -> Any:
    """Return the paths of the image files in a folder."""


@later("image preprocessing")
def load_img(path: str, grayscale: bool = False, target_size: Any = None) -> Any:
    """Return the image in a file."""


@later("image preprocessing")
def random_channel_shift(x: Any, intensity: float, channel_axis: int = 0) -> Any:
    """Return the image with shifted channels."""


@later("image preprocessing")
def random_rotation(
    x: Any,
    rg: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
) -> Any:
    """Return the image rotated."""


@later("image preprocessing")
def random_shear(
    x: Any,
    intensity: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
) -> Any:
    """Return the image sheared."""


@later("image preprocessing")
def random_shift(
    x: Any,
    wrg: float,
    hrg: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
) -> Any:
    """Return the image moved."""


@later("image preprocessing")
def random_zoom(
    x: Any,
    zoom_range: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
) -> Any:
    """Return the image zoomed."""


@later("image preprocessing")
def transform_matrix_offset_center(matrix: Any, x: Any, y: Any) -> Any:
    """Return the transformation about the centre of the image."""
