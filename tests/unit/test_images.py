"""Images: the kinds of files, what is refused, and the model of a folder of pictures."""

from __future__ import annotations

import io
import struct
import zlib
from contextlib import suppress

import numpy as np
import pytest
from PIL import Image

import sqlml
from sqlml import errors, images

RNG = np.random.default_rng(3)
SHADES = RNG.integers(0, 256, (9, 7, 3), dtype=np.uint8)


def saved(image: Image.Image, kind: str, **settings: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **settings)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "BMP", "WEBP"])
def test_files_without_loss_give_their_pixels(kind: str) -> None:
    found = images.decode(saved(Image.fromarray(SHADES), kind, **({"lossless": True} if kind == "WEBP" else {})))
    np.testing.assert_array_equal(found, SHADES / 255)


def test_grey_palettes_and_transparency_become_rgb() -> None:
    picture = Image.fromarray(SHADES)
    grey = images.decode(saved(picture.convert("L"), "PNG"))
    assert (grey[:, :, 0] == grey[:, :, 2]).all()
    assert images.decode(saved(picture.convert("P"), "GIF")).shape == (9, 7, 3)
    clear = picture.convert("RGBA")
    clear.putalpha(3)
    np.testing.assert_array_equal(images.decode(saved(clear, "PNG")), SHADES / 255)
    assert images.decode(saved(picture.convert("CMYK"), "JPEG")).shape == (9, 7, 3)


def test_16_bits_of_grey_are_not_cut_off() -> None:
    deep = np.array([[0, 30_000, 65_535]], dtype=np.uint16)
    np.testing.assert_allclose(images.decode(saved(Image.fromarray(deep), "PNG"))[0, :, 1], deep[0] / 65_535)


def test_resizing_is_pillows_where_it_enlarges() -> None:
    """Pillow smooths where it makes smaller, as TensorFlow does not; where it enlarges they agree."""
    channel = Image.fromarray(SHADES[:, :, 0].astype(np.float32))
    expected = np.asarray(channel.resize((21, 18), Image.Resampling.BILINEAR))
    np.testing.assert_allclose(images.resize(SHADES.astype(float), 18, 21)[:, :, 0], expected, rtol=1e-5, atol=1e-3)


def test_hsv_is_pythons() -> None:
    import colorsys

    shares = SHADES / 255
    expected = [[colorsys.rgb_to_hsv(*pixel) for pixel in row] for row in shares.tolist()]
    np.testing.assert_allclose(images.convert(shares, "HSV"), expected, atol=1e-12)


def test_large_images_are_made_smaller() -> None:
    found = images.decode(saved(Image.new("RGB", (4000, 1000)), "PNG"))
    assert found.nbytes <= 60_000_000
    assert found.shape[1] / found.shape[0] == pytest.approx(4, rel=0.01)


def test_what_claims_to_be_huge_is_refused() -> None:
    # A whole file whose head is that of a larger picture: signature, length and name of IHDR, width and height.
    body = bytearray(saved(Image.new("1", (8, 8)), "PNG"))
    body[16:24] = struct.pack(">II", 40_000, 40_000)
    body[29:33] = struct.pack(">I", zlib.crc32(body[12:29]))
    with pytest.raises(errors.InvalidData, match=r"40000 x 40000 pixels|no image that can be read"):
        images.decode(bytes(body))
    with pytest.raises(errors.InvalidData, match="at most 10,000,000"):
        images.decode(bytes(10_000_001))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP"])
def test_damaged_files_are_refused_or_read(kind: str) -> None:
    """Nothing but our error comes out of files with bytes changed and cut off."""
    whole = saved(Image.fromarray(SHADES), kind)
    for number in range(60):
        changed = bytearray(whole)
        for place in RNG.integers(0, len(changed), 4):
            changed[place] = RNG.integers(0, 256)
        body = bytes(changed[: RNG.integers(1, len(changed))] if number % 2 else changed)
        with suppress(errors.InvalidData):
            assert images.decode(body).ndim == 3


def test_a_model_of_pictures() -> None:
    with sqlml.connect() as con:
        con.execute("CREATE TABLE pictures (id INTEGER, picture BLOB, taken VARCHAR)")
        for i in range(60):
            shades = RNG.integers(0, 128, (8, 8, 3)) + 100 * (i % 2)
            body = saved(Image.fromarray(shades.astype(np.uint8)), "PNG")
            con.execute("INSERT INTO pictures VALUES (?, ?, ?)", [i, body, ("night", "day")[i % 2]])
        con.execute(
            "CREATE MODEL light TRANSFORM (ML.RESIZE_IMAGE(ML.DECODE_IMAGE(picture), 2, 2, FALSE).data AS pixels, taken)"
            " OPTIONS (model_type = 'logistic_reg', input_label_cols = ['taken'], l2_reg = 1) AS"
            " SELECT picture, taken FROM pictures"
        )
        [(right,)] = con.execute("SELECT count(*) FROM pictures AS p WHERE ml_predict('light', p) = p.taken").fetchall()
        assert right == 60
