"""Image files and arrays. Pillow (the extra ``[image]``) is imported where it is used."""

import os
from typing import Any

import numpy as np

from jkeras.backend.config import floatx, image_dim_ordering
from jkeras.errors import MissingExtraError

__all__ = ["array_to_img", "img_to_array", "list_pictures", "load_img", "resolve_dim_ordering"]


def resolve_dim_ordering(dim_ordering: str) -> str:
    """Return ``'th'`` or ``'tf'``; ``'default'`` stands for `image_dim_ordering`."""
    ordering = image_dim_ordering() if dim_ordering == "default" else dim_ordering
    if ordering not in ("th", "tf"):
        raise ValueError(f"dim_ordering is 'th' (channels first), 'tf' (channels last) or 'default'; got {ordering!r}.")
    return ordering


def array_to_img(x: Any, dim_ordering: str = "default", scale: bool = True) -> Any:
    """Return a Pillow image of an array.

    Args:
        x: an image of shape ``(channels, height, width)`` ('th') or ``(height, width, channels)`` ('tf'), with 1 channel
            (grey) or 3 (red, green, blue).
        dim_ordering: ``'th'``, ``'tf'`` or ``'default'``.
        scale: shift negative values up to zero, then stretch the largest value to 255; without it values are cut at 0 and 255.

    Raises:
        ValueError: the array is no single image, or has another number of channels.
    """
    x = np.array(x, dtype=np.float64)
    if x.ndim != 3:
        hint = " Take one image of the batch: x[0]." if x.ndim == 4 else ""
        raise ValueError(f"Expected a single image, an array of rank 3; got an array of shape {x.shape}.{hint}")
    if resolve_dim_ordering(dim_ordering) == "th":
        x = x.transpose(1, 2, 0)  # (height, width, channels)
    if x.shape[2] not in (1, 3):
        raise ValueError(
            f"Unsupported number of channels: {x.shape[2]}, in an image of shape {x.shape} (height, width, channels). Expected 1 "
            "or 3. Check dim_ordering if the channels stand elsewhere."
        )
    if scale:
        x += max(-np.min(x), 0)
        largest = np.max(x)
        x *= 255 / largest if largest != 0 else 1
    pixels = np.clip(x, 0, 255).astype("uint8")
    return _pillow("array_to_img").fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)


def img_to_array(img: Any, dim_ordering: str = "default") -> np.ndarray:
    """Return a Pillow image, or an array of shape ``(height, width[, channels])``, as an array of `floatx`.

    Args:
        img: the image.
        dim_ordering: ``'th'`` gives ``(channels, height, width)``, ``'tf'`` ``(height, width, channels)``.

    Raises:
        ValueError: `img` has another number of dimensions.
    """
    ordering = resolve_dim_ordering(dim_ordering)
    x = np.array(img, dtype=floatx())
    if x.ndim == 2:
        x = x[:, :, None]
    if x.ndim != 3:
        raise ValueError(f"Unsupported image shape: {x.shape}; expected (height, width) or (height, width, channels).")
    return x.transpose(2, 0, 1) if ordering == "th" else x


def load_img(path: Any, grayscale: bool = False, target_size: Any = None) -> Any:
    """Return the image in a file as a Pillow image.

    Args:
        path: of the file.
        grayscale: whether to make it grey; else it has three colours.
        target_size: ``(height, width)`` to resize to, by the nearest pixel.

    Raises:
        FileNotFoundError: there is no such file.
        OSError: the file holds no image, or only part of one; the message names it.
    """
    pillow = _pillow("load_img")
    if target_size and len(target_size) != 2:
        raise ValueError(f"target_size is (height, width); got {target_size!r}.")
    try:
        with pillow.open(path) as file:
            img = file.convert("L" if grayscale else "RGB")
    except (FileNotFoundError, IsADirectoryError):
        raise
    except (OSError, SyntaxError, ValueError) as error:  # Pillow's plugins raise all of these about damaged files
        raise OSError(f"{path} cannot be read as an image; is it damaged, or cut short? ({error})") from error
    if target_size:
        # Pillow's default was the nearest pixel when Keras 1 was written; it is another one now.
        img = img.resize((int(target_size[1]), int(target_size[0])), pillow.Resampling.NEAREST)
    return img


def list_pictures(directory: Any, ext: str = "jpg|jpeg|bmp|png") -> list[str]:
    """Return the paths of the image files in a folder and all folders below it, sorted.

    Args:
        directory: the folder.
        ext: endings of the files' names, with ``|`` between them; capital and small letters are the same.
    """
    endings = tuple(f".{ending.lower()}" for ending in ext.split("|"))
    return sorted(
        os.path.join(root, name)
        for root, _, names in os.walk(directory)
        for name in names
        if name.lower().endswith(endings)
    )


def _pillow(purpose: str) -> Any:
    try:
        from PIL import Image
    except ImportError:
        raise MissingExtraError("pillow", "image", purpose) from None
    return Image
