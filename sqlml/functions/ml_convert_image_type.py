"""`ML.CONVERT_IMAGE_TYPE(image)`: an image with whole numbers from 0 to 255."""

from __future__ import annotations

from sqlglot import exp

from sqlml.functions.arguments import arguments
from sqlml.functions.base import Call, Context, Preprocessing
from sqlml.functions.image_input import WHOLE_IMAGE, image_of
from sqlml.templates import cast, fill, once

# 255.5, so that k / 255 is k again.
_WHOLE = """
SELECT CASE WHEN ($image) IS NOT NULL THEN {
    'dims': ($image).dims,
    'data': list_transform(($image).data, lambda sqlml_x: least(greatest(floor(sqlml_x * 255.5), 0), 255)::BIGINT)
} END
"""


class MlConvertImageType(Preprocessing):
    """An image whose numbers, from 0 to 1, become whole ones from 0 to 255.

        SELECT ML.CONVERT_IMAGE_TYPE(ML.DECODE_IMAGE(content)) AS image FROM read_blob('photos/*.png');

    Is roughly:

        {'dims': image.dims, 'data': list_transform(image.data, lambda x: floor(x * 255.5)::BIGINT)}

    Source: BigQuery ML, ML.CONVERT_IMAGE_TYPE.
    """

    name = "ml_convert_image_type"
    signature = "ML.CONVERT_IMAGE_TYPE(image)"

    def scalar(self, call: Call, context: Context) -> exp.Expr:
        """STRUCT(dims BIGINT[], data BIGINT[])."""
        given = arguments(call, ("image",), needed=1, signature=self.signature)
        image = image_of(given["image"], call, context)
        return cast(once(image, lambda each: fill(_WHOLE, {"image": each})), WHOLE_IMAGE)
