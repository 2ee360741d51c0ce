"""Code that runs inside the engine, once per vector: Arrow in, Arrow out. One line each.

A file is named after its function and holds a class with `name`, `parameters` (DuckDB types, None for any), `returns`
(a DuckDB type), `has_side_effects` and `__call__`; the files of a user's own folder are written the same way. Ours are
handed what they take.
"""

from sqlml_udfs.is_account_group_member import IsAccountGroupMember
from sqlml_udfs.is_member import IsMember
from sqlml_udfs.sqlml_answer import SqlmlAnswer
from sqlml_udfs.sqlml_audit_parts import SqlmlAuditParts
from sqlml_udfs.sqlml_audit_rows import SqlmlAuditRows
from sqlml_udfs.sqlml_convert_color_space import SqlmlConvertColorSpace
from sqlml_udfs.sqlml_decode_image import SqlmlDecodeImage
from sqlml_udfs.sqlml_explain import SqlmlExplain
from sqlml_udfs.sqlml_explain_unfolded import SqlmlExplainUnfolded
from sqlml_udfs.sqlml_predict import SqlmlPredict
from sqlml_udfs.sqlml_predict_unfolded import SqlmlPredictUnfolded
from sqlml_udfs.sqlml_resize_image import SqlmlResizeImage
from sqlml_udfs.sqlml_rewrite import SqlmlRewrite
from sqlml_udfs.sqlml_train import SqlmlTrain

UDFS = [
    IsAccountGroupMember,
    IsMember,
    SqlmlAuditParts,
    SqlmlAuditRows,
    SqlmlConvertColorSpace,
    SqlmlDecodeImage,
    SqlmlExplain,
    SqlmlExplainUnfolded,
    SqlmlPredict,
    SqlmlPredictUnfolded,
    SqlmlResizeImage,
]
# What the functions of sqlml.load call; only connections that were loaded have them.
LOADED = [SqlmlAnswer, SqlmlRewrite, SqlmlTrain]
