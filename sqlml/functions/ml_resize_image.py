"""`ML.RESIZE_IMAGE(image, height, width, preserve_aspect_ratio)`: an image at another size."""

from __future__ import annotations

from sqlglot import exp

from sqlml.functions.arguments import arguments, flag, whole
from sqlml.functions.base import Call, Context, Preprocessing
from sqlml.functions.image_input import DECODE, RESIZE, WHOLE_IMAGE, image_of, is_whole
from sqlml.templates import cast

_LARGEST = 65_536


class MlResizeImage(Preprocessing):
    """The image at another size, by bilinear interpolation; with TRUE the largest of its own proportions within it.

        SELECT ML.RESIZE_IMAGE(ML.DECODE_IMAGE(content), 224, 224, FALSE) AS image FROM read_blob('photos/*.jpg');

    Becomes:

        sqlml_decode_image(content, 224, 224, false)

    so that each image is resized as it is decoded. Source: BigQuery ML, ML.RESIZE_IMAGE.
    """

    name = "ml_resize_image"
    signature = "ML.RESIZE_IMAGE(image, height, width, preserve_aspect_ratio)"

    def scalar(self, call: Call, context: Context) -> exp.Expr:
        """An image of the same form."""
        names = ("image", "target_height", "target_width", "preserve_aspect_ratio")
        given = arguments(call, names, needed=3, signature=self.signature)
        height, width = (whole(given, name, context, low=1, high=_LARGEST) for name in names[1:3])
        keep_ratio = flag(given, "preserve_aspect_ratio", context, default=False)
        size = [exp.Literal.number(height), exp.Literal.number(width), exp.Boolean(this=keep_ratio)]
        image = given["image"]
        if (
            isinstance(image, exp.Anonymous)
            and image.name == DECODE
            and not isinstance(image.expressions[1], exp.Literal)
        ):
            return exp.Anonymous(this=DECODE, expressions=[image.expressions[0].copy(), *size])
        resized = exp.Anonymous(this=RESIZE, expressions=[image_of(image, call, context), *size])
        return cast(resized, WHOLE_IMAGE) if is_whole(image, call, context) else resized
