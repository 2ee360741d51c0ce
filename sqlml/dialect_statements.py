"""The grammar of the statements about models: CREATE, DROP, ALTER, SHOW, DESCRIBE, EXPLAIN, EXPORT, IMPORT MODEL."""

from __future__ import annotations

from typing import TypeVar

from sqlglot import exp
from sqlglot.tokenizer_core import Token, TokenType

from sqlml import nodes
from sqlml.dialect_functions import FunctionStatements
from sqlml.dialect_gates import GateStatements
from sqlml.dialect_lineage import LineageStatements
from sqlml.dialect_vacuum import VacuumStatements

N = TypeVar("N", bound=exp.Expr)

_SHOWN = (
    "MODELS",
    "MODEL VERSIONS",
    "MODEL WARNINGS",
    "MODEL CONSTRAINTS",
    "MODEL TYPES",
    "MODEL FUNCTIONS",
    "RUNS",
    "EXPERIMENTS",
    "ENDPOINTS",
    "FUNCTIONS",
    "USERS",
    "ROLES",
    "GROUPS",
    "TOKENS",
    "VOLUMES",
    "TAGS",
)
_ALTERATIONS = (
    ("SET", "OPTIONS"),
    ("SET", "TAGS"),
    ("UNSET", "TAGS"),
    ("SET", "ALIAS"),
    ("DROP", "ALIAS"),
    ("RENAME", "TO"),
    ("OWNER", "TO"),
    ("ADD", "CONSTRAINT"),
    ("DROP", "CONSTRAINT"),
    ("SET", "COMMENT"),
)


class ModelStatements(FunctionStatements, GateStatements, LineageStatements, VacuumStatements):
    """Mixed into the parser: each statement about models becomes a node of its own, never a Command."""

    def _parse_statement(self) -> exp.Expr | None:
        start = self._curr
        tree = self._parse_model_statement()
        if tree is None:
            return super()._parse_statement()
        if self._curr:
            self.raise_error("Unexpected text after the statement")
        return self._spanned(tree, start)

    def _parse_model_statement(self) -> exp.Expr | None:
        access = (
            self._parse_access_statement()
            or self._parse_volume_statement()
            or self._parse_protection_statement()
            or self._parse_policy_statement()
            or self._parse_lineage_statement()
        )
        if access is not None:
            return access
        index = self._index
        if self._match_text_seq("CREATE"):
            replace = self._match_text_seq("OR", "REPLACE")
            if self._match_text_seq("MODEL"):
                return self._parse_create_model(replace)
            if self._match_text_seq("VECTOR", "INDEX"):
                return self._parse_vector_index(replace)
            function = self._parse_create_function(replace)
            if function is None:
                self._retreat(index)
            return function
        if self._match_text_seq("DROP", "MODEL"):
            return self._parse_drop_model()
        if self._match_text_seq("DROP", "FUNCTION"):
            return self._parse_drop_function()
        if self._match_text_seq("ALTER", "MODEL"):
            return self._parse_alter_model()
        if self._match_text_seq("COMMENT", "ON", "MODEL"):
            return self._parse_comment_on_model()
        moved = self._parse_moved_model() or self._parse_gate_statement()
        if moved is not None:
            return moved
        if self._match_text_seq("SHOW"):
            shown = self._parse_show_objects()
            if shown is None:
                self._retreat(index)
            return shown
        if self._match_texts(("DESCRIBE", "DESC")) and self._match_text_seq("MODEL") and self._curr:
            return self._parse_describe_model()
        self._retreat(index)
        if self._match_text_seq("EXPLAIN"):
            return self._parse_explain()
        if self._match_text_seq("CALL"):
            return nodes.Call(this=self._parse_function())
        return self._parse_prepared_statement()

    def _parse_moved_model(self) -> exp.Expr | None:
        if self._match_text_seq("EXPORT", "MODEL"):
            return self._parse_export_model()
        if self._match_text_seq("IMPORT", "MODEL"):
            return self._parse_import_model(replace=False)
        if self._match_text_seq("IMPORT", "OR", "REPLACE", "MODEL"):
            return self._parse_import_model(replace=True)
        if self._match_text_seq("VACUUM"):
            return self._parse_vacuum()
        if self._match_text_seq("REPRODUCE", "MODEL"):
            return nodes.ReproduceModel(this=self._parse_model_name())
        if self._match_text_seq("REFRESH", "MODEL"):
            return nodes.RefreshModel(this=nodes.ModelRef(this=self._parse_name("model")))
        return None

    def _parse_describe_model(self) -> nodes.DescribeModel | nodes.DescribeModelType:
        index = self._index
        if self._match_text_seq("TYPE") and self._curr:
            kind = self._parse_id_var() or self._parse_string()
            if kind and not self._curr:
                return nodes.DescribeModelType(this=kind)
        # A model may be called type.
        self._retreat(index)
        return nodes.DescribeModel(this=self._parse_model_name())

    def _parse_prepared_statement(self) -> exp.Expr | None:
        if self._match_text_seq("PREPARE"):
            return self._parse_prepare()
        if self._match_text_seq("DEALLOCATE"):
            self._match_text_seq("PREPARE")
            return nodes.Deallocate(this=self._parse_id_var())
        if self._match_text_seq("EXECUTE"):
            name = self._parse_id_var()
            values = self._parse_wrapped_csv(self._parse_lambda, optional=True) if self._curr else None
            return nodes.ExecutePrepared(this=name, expressions=values)
        return None

    def _parse_name(self, what: str) -> exp.Table:
        """A name of one to three parts; BigQuery's `project.dataset.name` in one pair of backticks is split."""
        token = self._curr
        if not self._curr or self._curr.token_type == TokenType.STRING:
            self.raise_error(f"Expected the name of a {what}")
        name = self._parse_table_parts(schema=True)
        if not isinstance(name, exp.Table) or not isinstance(name.this, exp.Identifier):
            self.raise_error(f"Expected the name of a {what}", token)
        assert isinstance(name, exp.Table)
        return self._split_backticks(name, token)

    def _split_backticks(self, name: exp.Table, token: Token) -> exp.Table:
        if self.sql[token.start : token.start + 1] == "`" and not name.args.get("db") and "." in name.name:
            parts = name.name.split(".")
            if len(parts) > 3 or not all(parts):
                self.raise_error("A name has one to three parts", token)
            *outer, last = [exp.to_identifier(part, quoted=True) for part in parts]
            name.set("this", last)
            for key, part in zip(("db", "catalog"), reversed(outer), strict=False):
                name.set(key, part)
        return self._spanned(name, token)

    def _parse_model_name(self) -> nodes.ModelRef:
        ref = nodes.ModelRef(this=self._parse_name("model"))
        if self._match_text_seq("VERSION"):
            ref.set("version", self._parse_number())
        elif self._curr.text == "@":
            self._advance()
            if self._curr.token_type == TokenType.NUMBER:
                ref.set("version", self._parse_number())
            else:
                ref.set("alias", self._parse_id_var())
        return ref

    def _parse_create_model(self, replace: bool | None) -> exp.Expr:  # noqa: FBT001 - what was matched
        tree = nodes.CreateModel(replace=bool(replace), exists=bool(self._match_text_seq("IF", "NOT", "EXISTS")))
        tree.set("stale", bool(self._match_text_seq("IF", "STALE")))
        tree.set("this", self._parse_name("model"))
        if not tree.args["stale"] and self._match_text_seq("COPY"):
            return nodes.CopyModel(
                this=tree.this,
                source=self._parse_model_name(),
                replace=tree.args["replace"],
                exists=tree.args["exists"],
            )
        while self._curr and not self._match(TokenType.ALIAS, advance=False):
            if self._match_text_seq("TRANSFORM"):
                tree.set("transform", self._parse_wrapped_csv(self._parse_expression))
            elif self._match_text_seq("INPUT"):
                tree.set("input", self._parse_wrapped_csv(self._parse_field_def))
            elif self._match_text_seq("OUTPUT"):
                tree.set("output", self._parse_wrapped_csv(self._parse_field_def))
            elif self._match_text_seq("REMOTE", "WITH", "CONNECTION"):
                tree.set("remote", self._parse_table_parts(schema=True))
            elif self._match_texts(("OPTIONS", "WITH")):
                tree.set("expressions", self._parse_wrapped_csv(self._parse_option))
            elif self._match(TokenType.FROM, advance=False):
                break
            else:
                self.raise_error("Expected TRANSFORM, OPTIONS, WITH, FROM or AS")
        self._parse_training_data(tree)
        return tree

    def _parse_training_data(self, tree: nodes.CreateModel) -> None:
        if not self._match(TokenType.ALIAS) and not self._curr:
            return
        start = self._curr
        if start.token_type == TokenType.L_PAREN and self._index + 2 < self._tokens_size:
            words = self._tokens[self._index + 2]
            if words.token_type == TokenType.ALIAS:
                tree.set("sources", self._parse_wrapped_csv(self._parse_named_query))
                return
        is_name = start.token_type in self.ID_VAR_TOKENS or start.token_type == TokenType.IDENTIFIER
        # `AS delete FROM t` is a statement, `AS delete` a table.
        is_statement = start.token_type in (*self.STATEMENT_PARSERS, TokenType.PIVOT, TokenType.UNPIVOT) and self._next
        if start.token_type in (TokenType.STRING, TokenType.TABLE) or (is_name and not is_statement):
            # AS t, AS TABLE t, AS 'file.parquet': the whole relation.
            is_bare = not self._match(TokenType.TABLE)
            query: exp.Expr | None = exp.select("*").from_(self._parse_table() or exp.table_(""))
            if is_bare and query:
                nodes.set_bare(query)
        else:
            query = super()._parse_statement()
        if query is None:
            self.raise_error("Expected a query after AS")
        assert query is not None
        tree.set("expression", self._spanned(query, start))

    def _parse_named_query(self) -> exp.Expr:
        alias = self._parse_id_var()
        self._match(TokenType.ALIAS)
        return exp.Subquery(this=self._parse_wrapped(self._parse_statement), alias=exp.TableAlias(this=alias))

    def _parse_drop_model(self) -> exp.Expr:
        exists = bool(self._match_text_seq("IF", "EXISTS"))
        ref = self._parse_model_name()
        behaviour = self._prev.text.upper() if self._match_texts(("CASCADE", "RESTRICT")) else None
        return nodes.DropModel(
            this=ref.this,
            version=ref.args.get("version"),
            exists=exists,
            behaviour=exp.var(behaviour) if behaviour else None,
        )

    def _parse_comment_on_model(self) -> exp.Expr:
        name = self._parse_name("model")
        if not self._match_text_seq("IS"):
            self.raise_error("Expected IS")
        return nodes.CommentOnModel(this=name, expression=self._parse_assignment())

    def _parse_alter_model(self) -> exp.Expr:
        exists = bool(self._match_text_seq("IF", "EXISTS"))
        ref = self._parse_model_name()
        actions = self._parse_csv(self._parse_alteration)
        return nodes.AlterModel(this=ref.this, version=ref.args.get("version"), exists=exists, actions=actions)

    def _parse_alteration(self) -> exp.Expr:
        for words in _ALTERATIONS:
            if self._match_text_seq(*words):
                action = nodes.AlterAction(this=exp.var(" ".join(words)))
                action.set("expressions", self._parse_alteration_values(words))
                action.set("force", words[1] == "ALIAS" and bool(self._match_text_seq("FORCE")))
                return action
        self.raise_error("Expected SET, UNSET, DROP, ADD, RENAME TO or OWNER TO")
        raise AssertionError

    def _parse_alteration_values(self, words: tuple[str, ...]) -> list[exp.Expr | None]:
        if words[1] == "CONSTRAINT":
            return [self._parse_added_constraint() if words[0] == "ADD" else self._parse_dropped_constraint()]
        if words == ("UNSET", "TAGS"):
            return self._parse_wrapped_csv(self._parse_assignment)
        if words[-1] in ("OPTIONS", "TAGS"):
            return self._parse_wrapped_csv(self._parse_option)
        if words == ("RENAME", "TO"):
            return [self._parse_name("model")]
        if words[-1] == "COMMENT":
            self._match(TokenType.EQ)
        if self._next.token_type in (TokenType.EQ, TokenType.FARROW):
            return [self._parse_option()]
        return [self._parse_assignment()]

    def _parse_export_model(self) -> exp.Expr:
        tree = nodes.ExportModel(this=self._parse_model_name())
        if self._match_text_seq("TO"):
            tree.set("target", self._parse_string())
        if self._curr.token_type == TokenType.L_PAREN:
            tree.set("expressions", self._parse_wrapped_csv(self._parse_copy_option))
        elif self._match_text_seq("OPTIONS"):
            tree.set("expressions", self._parse_wrapped_csv(self._parse_option))
        return tree

    def _parse_import_model(self, *, replace: bool) -> exp.Expr:
        tree = nodes.ImportModel(replace=replace, exists=bool(self._match_text_seq("IF", "NOT", "EXISTS")))
        tree.set("this", self._parse_name("model"))
        if not self._match(TokenType.FROM):
            self.raise_error("Expected FROM 'file'")
        source = self._parse_string()
        if source is None:
            self.raise_error("Expected a file in quotes after FROM")
        tree.set("source", source)
        while self._curr:
            if self._match_text_seq("INPUT"):
                tree.set("input", self._parse_wrapped_csv(self._parse_field_def))
            elif self._match_text_seq("OUTPUT"):
                tree.set("output", self._parse_wrapped_csv(self._parse_field_def))
            elif self._match_text_seq("OPTIONS"):
                tree.set("expressions", self._parse_wrapped_csv(self._parse_option))
            elif self._curr.token_type == TokenType.L_PAREN and not tree.expressions:
                tree.set("expressions", self._parse_wrapped_csv(self._parse_copy_option))
            else:
                self.raise_error("Expected INPUT, OUTPUT or OPTIONS")
        return tree

    def _parse_copy_option(self) -> exp.Expr:
        """`DIALECT 'postgres'`, `OVERWRITE`: as the options of COPY are written."""
        if self._next.token_type in (TokenType.EQ, TokenType.FARROW, TokenType.COLON_EQ):
            return self._parse_option()
        start = self._curr
        name = self._parse_id_var(any_token=True)
        is_alone = self._curr.token_type in (TokenType.COMMA, TokenType.R_PAREN)
        value = exp.true() if is_alone else self._parse_lambda()
        return self._spanned(nodes.Option(this=name, expression=value), start)

    def _parse_show_objects(self) -> exp.Expr | None:
        for shown in _SHOWN:
            if self._match_text_seq(*shown.split()):
                break
        else:
            return None
        tree = nodes.ShowObjects(this=exp.var(shown))
        while self._curr:
            if self._match_texts(("IN", "FROM")):
                tree.set("scope", self._parse_table_parts(schema=True))
            elif self._match_text_seq("LIKE"):
                pattern = self._parse_string()
                if pattern is None:
                    self.raise_error("Expected a pattern in quotes after LIKE")
                tree.set("like", pattern)
            else:
                self.raise_error(f"Expected IN or LIKE after SHOW {shown}")
        return tree

    def _parse_explain(self) -> exp.Expr:
        tree = nodes.Explain(analyze=bool(self._match_text_seq("ANALYZE")))
        if self._curr.token_type == TokenType.L_PAREN and self._next.text.upper() in (
            "FORMAT",
            "ANALYZE",
            "ANALYSE",
        ):
            tree.set("expressions", self._parse_wrapped_csv(self._parse_setting))
        start = self._curr
        if self._match_text_seq("MODEL"):
            tree.set("this", self._spanned(self._parse_model_name(), start))
        else:
            inner = self._parse_statement()
            if inner is None:
                self.raise_error("Expected a statement after EXPLAIN")
            tree.set("this", self._spanned(inner, start) if inner else None)
        return tree

    def _parse_setting(self) -> exp.Expr:
        words = [self._parse_var(any_token=True)]
        while self._curr and self._curr.token_type not in (TokenType.COMMA, TokenType.R_PAREN):
            words.append(self._parse_var(any_token=True))
        return exp.var(" ".join(w.name for w in words if w))

    def _parse_prepare(self) -> exp.Expr:
        name = self._parse_id_var()
        if name is None or not self._match(TokenType.ALIAS):
            self.raise_error("Expected PREPARE name AS")
        start = self._curr
        inner = self._parse_statement()
        return nodes.Prepare(this=name, expression=self._spanned(inner, start) if inner else None)

    def _parse_vector_index(self, replace: bool | None) -> exp.Expr:  # noqa: FBT001 - what was matched
        exists = bool(self._match_text_seq("IF", "NOT", "EXISTS"))
        tree = nodes.CreateVectorIndex(replace=bool(replace), exists=exists, this=self._parse_id_var())
        if not self._match(TokenType.ON):
            self.raise_error("Expected ON")
        tree.set("table", self._parse_name("table"))
        tree.set("columns", self._parse_wrapped_csv(self._parse_id_var))
        if self._match_text_seq("STORING"):
            tree.set("storing", self._parse_wrapped_csv(self._parse_id_var))
        if self._match(TokenType.PARTITION_BY):
            tree.set("partition", self._parse_csv(self._parse_assignment))
        if self._match_text_seq("OPTIONS"):
            tree.set("expressions", self._parse_wrapped_csv(self._parse_option))
        return tree

    def _spanned(self, node: N, start: Token) -> N:
        nodes.set_span(node, start.start, self._prev.end + 1)
        return node
