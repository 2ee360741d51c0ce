"""`is_account_group_member('analysts') -> BOOLEAN`: Databricks' other name of is_member."""

from __future__ import annotations

from .is_member import IsMember


class IsAccountGroupMember(IsMember):
    """Whether the session's user is in a group; FALSE where nobody governs.

    CREATE MACRO mask_ssn(ssn) AS CASE WHEN is_account_group_member('hr') THEN ssn ELSE '***' END;
    """

    name = "is_account_group_member"
