"""The grammar of tags and of policies over them: SET TAG ON, ALTER ... SET TAGS, CREATE POLICY, SHOW POLICIES."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from sqlml import nodes, nodes_policies
from sqlml.dialect_protection import ProtectionStatements

_TAGGED = ("CATALOG", "DATABASE", "SCHEMA", "TABLE", "VIEW", "COLUMN", "MODEL")
_PLACES = ("CATALOG", "DATABASE", "SCHEMA", "TABLE")
# What follows the place of a policy: a catalog may be left unnamed.
_AFTER_PLACE = ("COMMENT", "ROW", "COLUMN")


class PolicyStatements(ProtectionStatements):
    """Mixed into the parser: each statement about tags and policies becomes a node of its own."""

    def _parse_policy_statement(self) -> exp.Expr | None:
        index = self._index
        tree = self._parse_about_tags() or self._parse_about_policies()
        if tree is None:
            self._retreat(index)
        return tree

    def _parse_about_tags(self) -> exp.Expr | None:
        for head in ("SET", "UNSET"):
            if self._words(head, "TAG", "ON"):
                return self._parse_tag_on(is_set=head == "SET")
        if not self._words("ALTER"):
            return None
        kind = self._one_of(_TAGGED[:5])
        if kind is None or not self._curr or self._curr.token_type in (TokenType.STRING, TokenType.NUMBER):
            return None
        name, column = self._parse_securable_name(kind.lower()), None
        if kind in ("TABLE", "VIEW") and self._words("ALTER"):
            self._words("COLUMN")
            column = self._parse_id_var()
        for head, node in (("SET", nodes_policies.SetTags), ("UNSET", nodes_policies.UnsetTags)):
            if self._words(head, "TAGS"):
                read = self._parse_tag if head == "SET" else self._parse_tag_name
                tags = self._parse_wrapped_csv(read, optional=False)
                return node(this=name, kind=exp.var("COLUMN" if column else kind), column=column, expressions=tags)
        return None

    def _parse_tag_on(self, *, is_set: bool) -> exp.Expr:
        kind = self._one_of(_TAGGED)
        if kind is None:
            self.raise_error(f"Expected {', '.join(_TAGGED)}")
        assert kind is not None
        name, column = self._parse_securable_name(kind.lower()), None
        tag = self._parse_tag(is_valued=False) if is_set else self._parse_tag_name()
        if kind == "MODEL":
            # Tags of models are kept with the models.
            action = nodes.AlterAction(this=exp.var("SET TAGS" if is_set else "UNSET TAGS"), expressions=[tag])
            return nodes.AlterModel(this=name, actions=[action])
        if kind == "COLUMN":
            column = name.this
            if not name.args.get("db"):
                self.raise_error("Expected table.column")
            name = exp.Table(this=name.args["db"], db=name.args.get("catalog"))
        node = nodes_policies.SetTags if is_set else nodes_policies.UnsetTags
        return node(this=name, kind=exp.var(kind), column=column, expressions=[tag])

    def _parse_tag(self, *, is_valued: bool = True) -> exp.Expr:
        start = self._curr
        name = self._parse_tag_name()
        value: exp.Expr | None = None
        if self._match(TokenType.EQ):
            value = self._parse_string() or self._parse_number() or self._parse_placeholder() or self._parse_tag_word()
            if value is None:
                self.raise_error("Expected a value after =")
        elif is_valued:
            self.raise_error("Expected = and a value")
        option = nodes.Option(this=name, expression=value or exp.Literal.string(""))
        nodes.set_span(option, start.start, self._prev.end + 1)
        return option

    def _parse_tag_word(self) -> exp.Expr | None:
        word = self._parse_id_var(any_token=False)
        return exp.Literal.string(word.name) if word is not None else None

    def _parse_tag_name(self) -> exp.Expr:
        start = self._curr
        text = self._parse_string()
        name = exp.to_identifier(text.name, quoted=True) if text is not None else self._parse_id_var(any_token=False)
        if name is None:
            self.raise_error("Expected the name of a tag")
        assert name is not None
        nodes.set_span(name, start.start, self._prev.end + 1)
        return name

    def _parse_about_policies(self) -> exp.Expr | None:
        if self._words("CREATE"):
            replace = self._words("OR", "REPLACE")
            return self._parse_create_policy(replace=replace) if self._words("POLICY") else None
        if self._words("DROP", "POLICY"):
            exists = self._words("IF", "EXISTS")
            return nodes_policies.DropPolicy(this=self._parse_policy(), place=self._parse_place(), exists=exists)
        if self._words("DESCRIBE", "POLICY") or self._words("DESC", "POLICY"):
            # DESCRIBE may mean a table of that name.
            if not self._curr or self._curr.token_type == TokenType.DOT:
                return None
            return nodes_policies.DescribePolicy(this=self._parse_policy(), place=self._parse_place())
        effective = self._words("SHOW", "EFFECTIVE", "POLICIES")
        if not effective and not self._words("SHOW", "POLICIES"):
            return None
        if self._curr and self._curr.token_type == TokenType.DOT:
            return None
        place = self._parse_place() if self._curr else None
        return nodes_policies.ShowPolicies(place=place, effective=effective)

    def _parse_policy(self) -> exp.Expr:
        start = self._curr
        name = None
        if start and start.token_type not in (TokenType.STRING, TokenType.NUMBER):
            name = self._parse_id_var(any_token=False)
        if name is None:
            self.raise_error("Expected the name of a policy")
        assert name is not None
        nodes.set_span(name, start.start, self._prev.end + 1)
        return name

    def _parse_place(self) -> exp.Expr:
        self._expect("ON")
        start = self._curr
        kind = self._one_of(_PLACES)
        if kind is None:
            self.raise_error("Expected CATALOG, SCHEMA or TABLE")
        assert kind is not None
        kind = "CATALOG" if kind == "DATABASE" else kind
        is_unnamed = kind == "CATALOG" and (not self._curr or self._at_word(*_AFTER_PLACE))
        name = None if is_unnamed else self._parse_securable_name(kind.lower())
        place = nodes_policies.PolicyPlace(kind=exp.var(kind), this=name)
        nodes.set_span(place, start.start, self._prev.end + 1)
        return place

    def _parse_create_policy(self, *, replace: bool) -> exp.Expr:
        tree = nodes_policies.CreatePolicy(this=self._parse_policy(), place=self._parse_place(), replace=replace)
        if self._words("COMMENT"):
            tree.set("comment", self._parse_string())
        action = next((w for w in (("ROW", "FILTER"), ("COLUMN", "MASK")) if self._words(*w)), None)
        if action is None:
            self.raise_error("Expected ROW FILTER or COLUMN MASK")
        assert action is not None
        tree.set("action", exp.var(" ".join(action)))
        tree.set("function", self._parse_securable_name("function"))
        self._expect("TO")
        tree.set("principals", self._parse_csv(self._parse_principal))
        if self._words("EXCEPT"):
            tree.set("except_principals", self._parse_csv(self._parse_principal))
        self._expect("FOR", "TABLES")
        if self._words("WHEN"):
            tree.set("when", self._parse_condition())
        if self._words("MATCH", "COLUMNS"):
            tree.set("match", self._parse_csv(self._parse_matched))
        if self._words("ON", "COLUMN"):
            tree.set("column", self._parse_id_var())
        if self._words("USING", "COLUMNS"):
            tree.set("using", self._parse_hidden_by())
        return tree

    def _parse_condition(self) -> exp.Expr:
        start = self._curr
        found = self._parse_disjunction()
        if found is None:
            self.raise_error("Expected has_tag('name') or has_tag_value('name', 'value')")
        assert isinstance(found, exp.Expression)
        if nodes.span_of(found) is None:
            nodes.set_span(found, start.start, self._prev.end + 1)
        return found

    def _parse_matched(self) -> exp.Expr:
        condition = self._parse_condition()
        self._match(TokenType.ALIAS)
        return exp.Alias(this=condition, alias=self._parse_policy())


Write = Callable[[Any, Any], str]


def _tagged(gen: Any, node: exp.Expr) -> str:
    kind, name = node.text("kind"), gen.sql(node, "this")
    return f"{'TABLE' if kind == 'COLUMN' else kind} {name}" + (
        f" ALTER COLUMN {gen.sql(node, 'column')}" if node.args.get("column") else ""
    )


def _set_tags(gen: Any, node: exp.Expr) -> str:
    tags = ", ".join(f"{gen.sql(tag, 'this')} = {gen.sql(tag, 'expression')}" for tag in node.expressions)
    return f"ALTER {_tagged(gen, node)} SET TAGS ({tags})"


def _unset_tags(gen: Any, node: exp.Expr) -> str:
    return f"ALTER {_tagged(gen, node)} UNSET TAGS ({gen.expressions(node, flat=True)})"


def _place(gen: Any, node: exp.Expr) -> str:
    return " ".join(part for part in ("ON", node.text("kind"), gen.sql(node, "this")) if part)


def _create(gen: Any, node: exp.Expr) -> str:
    parts = ["CREATE OR REPLACE POLICY" if node.args.get("replace") else "CREATE POLICY"]
    parts += [gen.sql(node, "this"), gen.sql(node, "place")]
    for words, key in (("COMMENT", "comment"), (node.text("action"), "function")):
        if node.args.get(key):
            parts += [words, gen.sql(node, key)]
    parts += ["TO", gen.expressions(node, key="principals", flat=True)]
    if node.args.get("except_principals"):
        parts += ["EXCEPT", gen.expressions(node, key="except_principals", flat=True)]
    parts.append("FOR TABLES")
    if node.args.get("when"):
        parts += ["WHEN", gen.sql(node, "when")]
    if node.args.get("match"):
        parts += ["MATCH COLUMNS", gen.expressions(node, key="match", flat=True)]
    if node.args.get("column"):
        parts += ["ON COLUMN", gen.sql(node, "column")]
    if node.args.get("using"):
        parts += ["USING COLUMNS", f"({gen.expressions(node, key='using', flat=True)})"]
    return " ".join(parts)


def _drop(gen: Any, node: exp.Expr) -> str:
    exists = "IF EXISTS " if node.args.get("exists") else ""
    return f"DROP POLICY {exists}{gen.sql(node, 'this')} {gen.sql(node, 'place')}"


def _show(gen: Any, node: exp.Expr) -> str:
    words = "SHOW EFFECTIVE POLICIES" if node.args.get("effective") else "SHOW POLICIES"
    return f"{words} {gen.sql(node, 'place')}".rstrip()


POLICY_TRANSFORMS: dict[type[exp.Expr], Write] = {
    nodes_policies.SetTags: _set_tags,
    nodes_policies.UnsetTags: _unset_tags,
    nodes_policies.PolicyPlace: _place,
    nodes_policies.CreatePolicy: _create,
    nodes_policies.DropPolicy: _drop,
    nodes_policies.DescribePolicy: lambda gen, node: (
        f"DESCRIBE POLICY {gen.sql(node, 'this')} {gen.sql(node, 'place')}"
    ),
    nodes_policies.ShowPolicies: _show,
}
