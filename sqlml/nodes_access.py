"""The shapes of access control as sqlglot nodes: `CREATE USER`, `GRANT ... ON ... TO`, `SET ROLE`."""

from __future__ import annotations

from sqlglot import exp


class CreatePrincipal(exp.Expression):
    """`CREATE USER | ROLE | GROUP [IF NOT EXISTS] name [WITH] clause ...`."""

    arg_types = {"this": True, "kind": True, "exists": False, "clauses": False}


class AlterPrincipal(exp.Expression):
    """`ALTER USER | ROLE | GROUP name clause ...`."""

    arg_types = {"this": True, "kind": True, "clauses": True}


class PrincipalClause(exp.Expression):
    """One clause of CREATE or ALTER USER: its words and its values, as in `VALID UNTIL '2030-01-01'`."""

    arg_types = {"this": True, "expressions": False}


class DropPrincipal(exp.Expression):
    """`DROP USER | ROLE | GROUP [IF EXISTS] name [, ...] [CASCADE | RESTRICT]`."""

    arg_types = {"expressions": True, "kind": True, "exists": False, "behaviour": False}


class DescribePrincipal(exp.Expression):
    """`DESCRIBE USER | ROLE | GROUP name`."""

    arg_types = {"this": True, "kind": True}


class ReassignOwned(exp.Expression):
    """`REASSIGN OWNED BY a [, ...] TO b`."""

    arg_types = {"expressions": True, "to": True}


class GrantedPrivilege(exp.Expression):
    """`SELECT`, `SELECT (a, b)`, `ALL PRIVILEGES`: a privilege with the columns it is for."""

    arg_types = {"this": True, "expressions": False}


class OnSecurables(exp.Expression):
    """What stands behind ON: `TABLE a, b`, `MODEL m`, `ALL TABLES IN SCHEMA s`; `kind` may be left out."""

    arg_types = {"kind": False, "expressions": False, "all_in": False}


class GrantPrivileges(exp.Expression):
    """`GRANT privilege [, ...] ON securable TO principal [, ...] [WITH GRANT OPTION]`."""

    arg_types = {"privileges": True, "on": True, "principals": True, "option": False}


class RevokePrivileges(exp.Expression):
    """`REVOKE [GRANT OPTION FOR] privilege [, ...] ON securable FROM principal [, ...] [CASCADE | RESTRICT]`."""

    arg_types = {"privileges": True, "on": True, "principals": True, "option": False, "behaviour": False}


class GrantRoles(exp.Expression):
    """`GRANT role [, ...] TO principal [, ...] [WITH ADMIN OPTION]`."""

    arg_types = {"expressions": True, "principals": True, "option": False}


class RevokeRoles(exp.Expression):
    """`REVOKE [ADMIN OPTION FOR] role [, ...] FROM principal [, ...] [CASCADE | RESTRICT]`."""

    arg_types = {"expressions": True, "principals": True, "option": False, "behaviour": False}


class AlterOwner(exp.Expression):
    """`ALTER TABLE | VIEW | SCHEMA | FUNCTION | CATALOG name OWNER TO principal`."""

    arg_types = {"this": True, "kind": True, "owner": True, "exists": False}


class CreateToken(exp.Expression):
    """`CREATE TOKEN [FOR user] [VALID UNTIL '...' | EXPIRES IN '...'] [COMMENT '...']`."""

    arg_types = {"this": False, "clauses": False}


class DropToken(exp.Expression):
    """`DROP TOKEN [IF EXISTS] 'id'`."""

    arg_types = {"this": True, "exists": False}


class CreateVolume(exp.Expression):
    """`CREATE VOLUME [IF NOT EXISTS] name LOCATION '/folder' [COMMENT '...']`."""

    arg_types = {"this": True, "location": True, "comment": False, "exists": False}


class DropVolume(exp.Expression):
    """`DROP VOLUME [IF EXISTS] name`."""

    arg_types = {"this": True, "exists": False}


class DescribeVolume(exp.Expression):
    """`DESCRIBE VOLUME name`."""

    arg_types = {"this": True}


class ShowGrants(exp.Expression):
    """`SHOW GRANTS [principal] [ON securable] [TO | FOR principal]`."""

    arg_types = {"on": False, "principal": False}


class SetAudit(exp.Expression):
    """`SET sqlml_audit = mode`, without a mode `RESET sqlml_audit`."""

    arg_types = {"this": False}


class SetRole(exp.Expression):
    """`SET ROLE r`, without a role `SET ROLE NONE` and `RESET ROLE`."""

    arg_types = {"this": False}


class SetSessionAuthorization(exp.Expression):
    """`SET SESSION AUTHORIZATION u`, without a user `DEFAULT` and RESET."""

    arg_types = {"this": False}
