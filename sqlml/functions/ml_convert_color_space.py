"""`ML.CONVERT_COLOR_SPACE(image, 'GRAYSCALE')`: an RGB image in another color space."""

from __future__ import annotations

from sqlglot import exp

from sqlml.functions.arguments import arguments, choice
from sqlml.functions.base import Call, Context, Preprocessing
from sqlml.functions.image_input import CONVERT, IMAGE, image_of, is_whole
from sqlml.templates import cast, fill, once

SPACES = ("GRAYSCALE", "HSV", "YIQ", "YUV")
_SHARES = """
SELECT CASE WHEN ($image) IS NOT NULL
       THEN {'dims': ($image).dims, 'data': list_transform(($image).data, lambda sqlml_x: sqlml_x / 255)} END
"""


class MlConvertColorSpace(Preprocessing):
    """An image of red, green and blue in another color space: GRAYSCALE with one channel, HSV, YIQ or YUV with three.

        SELECT ML.CONVERT_COLOR_SPACE(ML.DECODE_IMAGE(content), 'GRAYSCALE') AS grey FROM read_blob('photos/*.jpg');

    Becomes:

        sqlml_convert_color_space(sqlml_decode_image(content, NULL, NULL, NULL), 'GRAYSCALE')

    Whole numbers from 0 to 255 count as shares of 255. Source: BigQuery ML, ML.CONVERT_COLOR_SPACE.
    """

    name = "ml_convert_color_space"
    signature = "ML.CONVERT_COLOR_SPACE(image, 'GRAYSCALE' | 'HSV' | 'YIQ' | 'YUV')"

    def scalar(self, call: Call, context: Context) -> exp.Expr:
        """STRUCT(dims BIGINT[], data DOUBLE[])."""
        given = arguments(call, ("image", "target_color_space"), needed=2, signature=self.signature)
        space = choice(given, "target_color_space", context, SPACES)
        image = image_of(given["image"], call, context)
        if is_whole(given["image"], call, context):
            image = cast(once(image, lambda each: fill(_SHARES, {"image": each})), IMAGE)
        return exp.Anonymous(this=CONVERT, expressions=[image, exp.Literal.string(space)])
