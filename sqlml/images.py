"""Images as numbers: decoded, resized, in another color space; each an array of height x width x channels.

Sources: BigQuery ML, ML.DECODE_IMAGE and its kin; TensorFlow's tf.image, which they are made of; ITU-R BT.601 for
grey, YIQ and YUV; Smith, Color Gamut Transform Pairs, 1978, for HSV.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from sqlml.caught_warnings import caught_warnings
from sqlml.errors import InvalidData, NotSupported

if TYPE_CHECKING:
    from PIL.Image import Image

Pixels = npt.NDArray[np.float64]

_FORMATS = ("BMP", "GIF", "JPEG", "PNG", "WEBP")
# BigQuery's bounds: of the bytes, and of the numbers, beyond which an image is made smaller.
_MOST_BYTES, _MOST_NUMBERS = 10_000_000, 60_000_000 // 8
# A file of a few kB may claim any size.
_MOST_PIXELS = 100_000_000
_LARGEST_SIDE = 65_536

_FROM_RGB = {
    "GRAYSCALE": [[0.2989, 0.5870, 0.1140]],
    "YIQ": [[0.299, 0.587, 0.114], [0.59590059, -0.27455667, -0.32134392], [0.21153661, -0.52273617, 0.31119955]],
    "YUV": [[0.299, 0.587, 0.114], [-0.14714119, -0.28886916, 0.43601035], [0.61497538, -0.51496512, -0.10001026]],
}


def decode(data: bytes, height: int | None = None, width: int | None = None, *, keep_ratio: bool = False) -> Pixels:
    """The red, green and blue of an image in a file, each from 0 to 1; resized where a size is given.

    An image of more than 60 MB of numbers is made smaller, as BigQuery does. Raises InvalidData for what is no
    image, damaged or too large, and NotSupported without Pillow.
    """
    if len(data) > _MOST_BYTES:
        raise InvalidData(
            f"The image has {len(data):,} bytes; at most {_MOST_BYTES:,} are decoded.", hint="Save it smaller."
        )
    pixels = _read(data)
    if height is not None and width is not None:
        return resize(pixels, height, width, keep_ratio=keep_ratio)
    if pixels.size > _MOST_NUMBERS:
        scale = (_MOST_NUMBERS / pixels.size) ** 0.5
        pixels = resize(pixels, int(pixels.shape[0] * scale), int(pixels.shape[1] * scale), keep_ratio=True)
    return pixels


def _read(data: bytes) -> Pixels:
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        raise NotSupported(
            "ML.DECODE_IMAGE needs Pillow, which is not installed.", hint="pip install 'sqlml[images]'"
        ) from None
    try:
        # Pillow warns of large images, and of what is odd in a file that it can read all the same.
        with caught_warnings(), Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            if image.width * image.height > _MOST_PIXELS:
                raise InvalidData(
                    f"The image has {image.width} x {image.height} pixels; at most {_MOST_PIXELS:,} are decoded.",
                    hint="Save it smaller.",
                )
            return _rgb(image)
    except (UnidentifiedImageError, Image.DecompressionBombError):
        raise InvalidData(
            f"These {len(data):,} bytes are no image that can be read.", hint=f"It can be {', '.join(_FORMATS)}."
        ) from None
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise InvalidData(
            f"The image is damaged: {error}.", hint="Leave the row out, or save the image anew."
        ) from None


def _rgb(image: Image) -> Pixels:
    if image.mode.startswith("I"):
        # 16 bits of grey, which Pillow would cut off at 255.
        grey: Pixels = np.asarray(image, dtype=np.float64) / 65535
        return np.repeat(grey[:, :, None], 3, axis=2)
    return np.asarray(image.convert("RGB"), dtype=np.float64) / 255


def shaped(numbers: Pixels, dims: Sequence[int | None]) -> Pixels:
    """The numbers of an image as height x width x channels.

    Raises InvalidData where there are not as many as the dimensions say.
    """
    known = [side for side in dims if side is not None and side > 0]
    if len(known) != 3 or len(dims) != 3 or known[0] * known[1] * known[2] != len(numbers):
        raise InvalidData(
            f"{len(numbers)} numbers are no image of {' x '.join(map(str, dims))}.",
            hint="The dimensions are height, width and channels; there is a number for each.",
        )
    return numbers.reshape(known)


def resize(pixels: Pixels, height: int, width: int, *, keep_ratio: bool = False) -> Pixels:
    """The image at another size, by bilinear interpolation between the centres of pixels.

    With `keep_ratio` the largest of its own proportions within that size. Raises InvalidData for sizes below 1.
    """
    if not (1 <= height <= _LARGEST_SIDE and 1 <= width <= _LARGEST_SIDE):
        raise InvalidData(
            f"An image cannot be resized to {height} x {width}.", hint=f"Both are from 1 to {_LARGEST_SIDE}."
        )
    if keep_ratio:
        scale = min(height / pixels.shape[0], width / pixels.shape[1])
        height, width = (max(1, round(side * scale)) for side in pixels.shape[:2])
    return _along(_along(pixels, height, axis=0), width, axis=1)


def _along(pixels: Pixels, size: int, *, axis: int) -> Pixels:
    """Resized along one side."""
    before = pixels.shape[axis]
    if size == before:
        return pixels
    at = (np.arange(size) + 0.5) * before / size - 0.5
    below = np.floor(at).astype(np.int64)
    share = (at - below).reshape(-1, *[1] * (pixels.ndim - 1 - axis))
    low, high = (pixels.take(np.clip(i, 0, before - 1), axis=axis) for i in (below, below + 1))
    resized: Pixels = low * (1 - share) + high * share
    return resized


def convert(pixels: Pixels, space: str) -> Pixels:
    """An RGB image in another color space: GRAYSCALE with one channel, HSV, YIQ or YUV with three.

    Raises InvalidData for an image of other than three channels.
    """
    if pixels.shape[2] != 3:
        raise InvalidData(
            f"The image has {pixels.shape[2]} channels; those of RGB are three.", hint="Convert a decoded image."
        )
    return _hsv(pixels) if space == "HSV" else pixels @ np.array(_FROM_RGB[space]).T


def _hsv(pixels: Pixels) -> Pixels:
    value, low = pixels.max(axis=2), pixels.min(axis=2)
    spread = value - low
    divisor: Any = np.where(spread > 0, spread, 1.0)
    red, green, blue = (pixels[:, :, k] for k in range(3))
    hue = np.select(
        [spread == 0, value == red, value == green],
        [np.zeros_like(value), (green - blue) / divisor, 2 + (blue - red) / divisor],
        4 + (red - green) / divisor,
    )
    saturation = np.where(value > 0, spread / np.where(value > 0, value, 1.0), 0.0)
    return np.stack([hue / 6 % 1, saturation, value], axis=2)
