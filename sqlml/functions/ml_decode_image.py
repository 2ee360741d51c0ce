"""`ML.DECODE_IMAGE(data)`: an image out of the bytes of its file."""

from __future__ import annotations

from sqlglot import exp

from sqlml.errors import WrongType
from sqlml.functions.arguments import arguments
from sqlml.functions.base import Call, Context, Preprocessing
from sqlml.functions.binding import kind_of
from sqlml.functions.image_input import DECODE
from sqlml.templates import cast


class MlDecodeImage(Preprocessing):
    """Height, width and channels of an image, and its red, green and blue from 0 to 1, row by row.

        SELECT filename, ML.DECODE_IMAGE(content) AS image FROM read_blob('photos/*.jpg');

    Becomes:

        sqlml_decode_image(content, NULL, NULL, NULL)

    A BLOB of up to 10 MB: BMP, GIF (its first frame), JPEG, PNG or WEBP; transparency is left out. An image of more
    than 60 MB of numbers is made smaller. Needs Pillow: pip install 'sqlml[images]'. Raises InvalidData for bytes that
    are no image. Source: BigQuery ML, ML.DECODE_IMAGE.
    """

    name = "ml_decode_image"
    signature = "ML.DECODE_IMAGE(data)"

    def scalar(self, call: Call, context: Context) -> exp.Expr:
        """STRUCT(dims BIGINT[], data DOUBLE[])."""
        given = arguments(call, ("data",), needed=1, signature=self.signature)
        kind = kind_of(given["data"], context, call.node, struct=False)
        if kind not in (None, "BLOB", "NULL", '"NULL"'):
            raise WrongType(
                f"{call.name} takes the bytes of an image, a BLOB, not {kind}.",
                hint="read_blob('*.png') reads files; CAST(... AS BLOB) and from_base64(...) make one of text.",
            )
        size = [cast(exp.null(), "BIGINT"), cast(exp.null(), "BIGINT"), cast(exp.null(), "BOOLEAN")]
        return exp.Anonymous(this=DECODE, expressions=[cast(given["data"].copy(), "BLOB"), *size])
