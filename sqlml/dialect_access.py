"""The grammar of access control: CREATE USER, GRANT, REVOKE, ALTER ... OWNER TO, SHOW GRANTS, SET ROLE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from sqlml import nodes, nodes_access

if TYPE_CHECKING:
    from sqlglot.parsers.duckdb import DuckDBParser as _Base
else:
    _Base = object

_PRINCIPALS = ("USER", "ROLE", "GROUP")
_SECURABLES = (
    "CATALOG",
    "DATABASE",
    "SCHEMA",
    "TABLE",
    "VIEW",
    "FUNCTION",
    "MODEL",
    "VOLUME",
    "CONNECTION",
    "ENDPOINT",
)
_OWNED = ("TABLE", "VIEW", "SCHEMA", "FUNCTION", "CATALOG", "DATABASE", "VOLUME")
_ALL_IN = ("TABLES", "VIEWS", "FUNCTIONS", "MODELS")
# Where a list of privileges ends, and where a name that looks like a kind is the name itself.
_PRIVILEGE_END = (TokenType.COMMA, TokenType.L_PAREN)
_AFTER_NAME = ("TO", "FROM", "FOR", ",", ".")
_CLAUSES = (
    ("PASSWORD",),
    ("SUPERUSER",),
    ("NOSUPERUSER",),
    ("VALID", "UNTIL"),
    ("IN", "ROLE"),
    ("IN", "GROUP"),
    ("COMMENT",),
)
_ALTERATIONS = (*_CLAUSES, ("RENAME", "TO"), ("SET", "LIMIT"), ("RESET", "LIMIT"), ("ADD", "USER"), ("DROP", "USER"))
_TOKEN_CLAUSES = (("VALID", "UNTIL"), ("EXPIRES", "IN"), ("COMMENT",))


class AccessStatements(_Base):
    """Mixed into the parser: each statement about principals and grants becomes a node of its own."""

    def _parse_access_statement(self) -> exp.Expr | None:
        index = self._index
        tree = (
            self._parse_about_principals()
            or self._parse_about_tokens()
            or self._parse_about_grants()
            or self._parse_set_role()
            or self._parse_alter_owner()
        )
        if tree is None:
            self._retreat(index)
        return tree

    def _words(self, *words: str) -> bool:
        """Whether these words stand here, none in quotes; goes behind them where they do."""
        index = self._index
        for word in words:
            if not self._at_word(word):
                self._retreat(index)
                return False
            self._advance()
        return True

    def _at_word(self, *words: str) -> bool:
        token = self._curr
        is_word = bool(token) and token.token_type not in (TokenType.IDENTIFIER, TokenType.STRING)
        return is_word and token.text.upper() in words

    def _one_of(self, words: tuple[str, ...]) -> str | None:
        if not self._at_word(*words):
            return None
        self._advance()
        return str(self._prev.text.upper())

    def _parse_about_principals(self) -> exp.Expr | None:
        index = self._index
        head = self._one_of(("CREATE", "ALTER", "DROP", "DESCRIBE", "DESC", "REASSIGN"))
        if head == "REASSIGN" and self._words("OWNED", "BY"):
            names = self._parse_csv(self._parse_principal)
            self._expect("TO")
            return nodes_access.ReassignOwned(expressions=names, to=self._parse_principal())
        kind = self._one_of(_PRINCIPALS) if head and head != "REASSIGN" else None
        # DESCRIBE may mean a table of that name.
        if kind is None or not self._curr or self._curr.token_type == TokenType.DOT:
            self._retreat(index)
            return None
        if head == "CREATE":
            return self._parse_create_principal(kind)
        if head == "ALTER":
            name = self._parse_principal()
            clauses = self._parse_clauses(_ALTERATIONS, "RENAME TO, PASSWORD, SUPERUSER, VALID UNTIL, SET LIMIT, ...")
            if not clauses:
                self.raise_error("Expected what to alter: PASSWORD, SUPERUSER, RENAME TO, SET LIMIT, ...")
            return nodes_access.AlterPrincipal(this=name, kind=exp.var(kind), clauses=clauses)
        if head == "DROP":
            exists = self._words("IF", "EXISTS")
            names = self._parse_csv(self._parse_principal)
            behaviour = self._parse_behaviour()
            return nodes_access.DropPrincipal(expressions=names, kind=exp.var(kind), exists=exists, behaviour=behaviour)
        return nodes_access.DescribePrincipal(this=self._parse_principal(), kind=exp.var(kind))

    def _parse_create_principal(self, kind: str) -> exp.Expr:
        exists = self._words("IF", "NOT", "EXISTS")
        name = self._parse_principal()
        self._words("WITH")
        clauses = self._parse_clauses(_CLAUSES, "PASSWORD, SUPERUSER, VALID UNTIL, IN ROLE or COMMENT")
        return nodes_access.CreatePrincipal(this=name, kind=exp.var(kind), exists=exists, clauses=clauses)

    def _parse_clauses(self, known: tuple[tuple[str, ...], ...], expected: str) -> list[exp.Expr]:
        found: list[exp.Expr] = []
        while self._curr:
            start = self._curr
            words = next((words for words in known if self._words(*words)), None)
            if words is None:
                self.raise_error(f"Expected {expected}")
            assert words is not None
            name = " ".join(words)
            # A limit is a setting, not a clause of the statement: it may be named again.
            if any(clause.name == name for clause in found):
                self.raise_error(f"{name} is given twice", start)
            clause = nodes_access.PrincipalClause(this=exp.var(name), expressions=self._parse_clause_values(words))
            nodes.set_span(clause, start.start, self._prev.end + 1)
            found.append(clause)
        return found

    def _parse_clause_values(self, words: tuple[str, ...]) -> list[Any]:
        if words[-1] in ("SUPERUSER", "NOSUPERUSER"):
            return []
        if words[-1] in ("ROLE", "GROUP", "USER"):
            return self._parse_csv(self._parse_principal)
        if words == ("RENAME", "TO"):
            return [self._parse_principal()]
        if words[-1] == "LIMIT":
            return self._parse_csv(self._parse_limit_setting if words[0] == "SET" else self._parse_limit_name)
        value = self._parse_primary() or self._parse_placeholder()
        if value is None:
            self.raise_error(f"Expected a value after {' '.join(words)}")
        return [value]

    def _parse_limit_name(self) -> exp.Expr | None:
        return self._parse_id_var(any_token=True)

    def _parse_limit_setting(self) -> exp.Expr:
        start = self._curr
        name = self._parse_limit_name()
        if name is None or not (self._match(TokenType.EQ) or self._words("TO")):
            self.raise_error("Expected a limit and its value, as in rows = 1000")
        value = self._parse_assignment()
        if value is None:
            self.raise_error("Expected a value after =")
        option = nodes.Option(this=name, expression=value)
        nodes.set_span(option, start.start, self._prev.end + 1)
        return option

    def _parse_principal(self) -> exp.Identifier:
        start = self._curr
        name = None
        if start and start.token_type not in (TokenType.STRING, TokenType.NUMBER):
            name = self._parse_id_var(any_token=False)
        if not isinstance(name, exp.Identifier):
            self.raise_error("Expected the name of a user, role or group", start)
        assert isinstance(name, exp.Identifier)
        nodes.set_span(name, start.start, self._prev.end + 1)
        return name

    def _parse_behaviour(self) -> exp.Var | None:
        word = self._one_of(("CASCADE", "RESTRICT"))
        return exp.var(word) if word else None

    def _expect(self, *words: str) -> None:
        if not self._words(*words):
            self.raise_error(f"Expected {' '.join(words)}")

    def _parse_about_tokens(self) -> exp.Expr | None:
        if self._words("CREATE", "TOKEN"):
            user = self._parse_principal() if self._words("FOR") else None
            clauses = self._parse_clauses(_TOKEN_CLAUSES, "FOR, VALID UNTIL, EXPIRES IN or COMMENT")
            return nodes_access.CreateToken(this=user, clauses=clauses)
        if self._words("DROP", "TOKEN"):
            exists = self._words("IF", "EXISTS")
            token = self._parse_string() or self._parse_placeholder() or self._parse_id_var(any_token=True)
            if token is None:
                self.raise_error("Expected the id of a token in quotes")
            return nodes_access.DropToken(this=token, exists=exists)
        return None

    def _parse_about_grants(self) -> exp.Expr | None:
        if self._words("GRANT"):
            return self._parse_granted()
        if self._words("REVOKE"):
            return self._parse_revoked()
        if self._words("SHOW", "GRANTS"):
            return self._parse_show_grants()
        return None

    def _parse_granted(self) -> exp.Expr:
        if not self._names_privileges():
            roles = self._parse_csv(self._parse_principal)
            self._expect("TO")
            principals = self._parse_csv(self._parse_principal)
            option = self._words("WITH", "ADMIN", "OPTION")
            return nodes_access.GrantRoles(expressions=roles, principals=principals, option=option)
        privileges = self._parse_csv(self._parse_granted_privilege)
        self._expect("ON")
        on = self._parse_securables()
        self._expect("TO")
        principals = self._parse_csv(self._parse_principal)
        option = self._words("WITH", "GRANT", "OPTION")
        return nodes_access.GrantPrivileges(privileges=privileges, on=on, principals=principals, option=option)

    def _parse_revoked(self) -> exp.Expr:
        option = self._words("GRANT", "OPTION", "FOR")
        admin = not option and self._words("ADMIN", "OPTION", "FOR")
        if admin or not (option or self._names_privileges()):
            roles = self._parse_csv(self._parse_principal)
            self._expect("FROM")
            principals = self._parse_csv(self._parse_principal)
            behaviour = self._parse_behaviour()
            return nodes_access.RevokeRoles(expressions=roles, principals=principals, option=admin, behaviour=behaviour)
        privileges = self._parse_csv(self._parse_granted_privilege)
        self._expect("ON")
        on = self._parse_securables()
        self._expect("FROM")
        principals = self._parse_csv(self._parse_principal)
        behaviour = self._parse_behaviour()
        return nodes_access.RevokePrivileges(
            privileges=privileges, on=on, principals=principals, option=option, behaviour=behaviour
        )

    def _names_privileges(self) -> bool:
        """Whether ON comes before TO or FROM: else it is roles that are granted."""
        for token in self._tokens[self._index :]:
            if token.token_type not in (TokenType.IDENTIFIER, TokenType.STRING):
                word = token.text.upper()
                if word in ("ON", "TO", "FROM"):
                    return bool(word == "ON")
        return True

    def _parse_granted_privilege(self) -> exp.Expr:
        start = self._curr
        words: list[str] = []
        while self._curr and self._curr.token_type not in _PRIVILEGE_END and not self._at_word("ON"):
            if self._curr.token_type in (TokenType.IDENTIFIER, TokenType.STRING, TokenType.NUMBER):
                self.raise_error("Expected a privilege")
            words.append(self._curr.text.upper())
            self._advance()
        if not words:
            self.raise_error("Expected a privilege")
        columns = None
        if self._curr and self._curr.token_type == TokenType.L_PAREN:
            columns = self._parse_wrapped_csv(self._parse_id_var)
        privilege = nodes_access.GrantedPrivilege(this=exp.var(" ".join(words)), expressions=columns)
        nodes.set_span(privilege, start.start, self._prev.end + 1)
        return privilege

    def _parse_securables(self) -> exp.Expr:
        index, start = self._index, self._curr
        on = nodes_access.OnSecurables()
        everything = self._one_of(_ALL_IN) if self._words("ALL") else None
        if everything and self._words("IN", "SCHEMA"):
            on.set("kind", exp.var(everything))
            on.set("all_in", exp.true())
            on.set("expressions", self._parse_csv(lambda: self._parse_securable_name("schema")))
        else:
            self._retreat(index)
            kind = self._one_of(_SECURABLES)
            if kind and self._curr and self._curr.text.upper() in _AFTER_NAME:
                if kind not in ("CATALOG", "DATABASE"):
                    # A table may be called model.
                    self._retreat(index)
                    kind = None
                elif self._curr.token_type == TokenType.DOT:
                    self._retreat(index)
                    kind = None
            if kind:
                on.set("kind", exp.var(kind))
            if not (kind in ("CATALOG", "DATABASE") and (not self._curr or self._at_word("TO", "FROM", "FOR"))):
                what = (kind or "table").lower()
                on.set("expressions", self._parse_csv(lambda: self._parse_securable_name(what)))
        nodes.set_span(on, start.start, self._prev.end + 1)
        return on

    def _parse_securable_name(self, what: str) -> exp.Table:
        if not self._curr or self._curr.token_type in (TokenType.STRING, TokenType.NUMBER):
            self.raise_error(f"Expected the name of a {what}")
        name: exp.Table = self._parse_name(what)  # type: ignore[attr-defined]
        return name

    def _parse_show_grants(self) -> exp.Expr | None:
        if self._curr and self._curr.token_type == TokenType.DOT:
            return None
        tree = nodes_access.ShowGrants()
        if self._curr and not self._at_word("ON", "TO", "FOR"):
            # As Databricks writes it: SHOW GRANTS ana ON TABLE t.
            tree.set("principal", self._parse_principal())
        if self._words("ON"):
            tree.set("on", self._parse_securables())
        if not tree.args.get("principal") and self._one_of(("TO", "FOR")):
            tree.set("principal", self._parse_principal())
        return tree

    def _parse_set_role(self) -> exp.Expr | None:
        reset = self._reset()
        if reset == "ROLE":
            return nodes_access.SetRole()
        if reset == "SQLML_AUDIT":
            return nodes_access.SetAudit()
        if self._words("SET", "SQLML_AUDIT"):
            if not self._match(TokenType.EQ) and not self._words("TO"):
                self.raise_error("Expected = or TO")
            return nodes_access.SetAudit(this=self._parse_primary() or self._parse_id_var())
        if reset == "SESSION AUTHORIZATION":
            return nodes_access.SetSessionAuthorization()
        if self._words("SET", "SESSION", "AUTHORIZATION"):
            name = None if self._words("DEFAULT") else self._parse_principal()
            return nodes_access.SetSessionAuthorization(this=name)
        if self._words("SET", "ROLE"):
            return nodes_access.SetRole(this=None if self._words("NONE") else self._parse_principal())
        return None

    def _reset(self) -> str | None:
        """What RESET ROLE resets: sqlglot's tokens have all behind RESET in one."""
        token = self._curr
        if not token or token.token_type != TokenType.COMMAND or token.text.upper() != "RESET" or not self._next:
            return None
        words = " ".join(self._next.text.upper().split())
        if words not in ("ROLE", "SESSION AUTHORIZATION", "SQLML_AUDIT"):
            return None
        self._advance(2)
        return words

    def _parse_alter_owner(self) -> exp.Expr | None:
        if not self._words("ALTER"):
            return None
        kind = self._one_of(_OWNED)
        if kind is None:
            return None
        exists = self._words("IF", "EXISTS")
        if not self._curr or self._curr.token_type in (TokenType.STRING, TokenType.NUMBER):
            return None
        name = self._parse_securable_name(kind.lower())
        if not self._words("OWNER", "TO"):
            return None
        owner = self._parse_principal()
        return nodes_access.AlterOwner(this=name, kind=exp.var(kind), owner=owner, exists=exists)
