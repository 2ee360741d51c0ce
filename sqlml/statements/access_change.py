"""What the statements of access control share: names of principals and securables, and changing them all or not."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlglot import exp

from sqlml.access.acting import Acting
from sqlml.access.names import fold
from sqlml.access.values import PUBLIC, Principal, Securable
from sqlml.catalog.access import bump_version, read_version
from sqlml.catalog.schema import check_writable
from sqlml.errors import InvalidOption, InvalidSql, ModelReplaced, NotFound, NotSupported, nearest_hint
from sqlml.planner import Planner, object_name
from sqlml.statements.base import Context
from sqlml.types import ObjectName, Privilege

# Names with a meaning of their own.
RESERVED = frozenset({PUBLIC, "none", "default", "all", "current_user", "session_user", "current_role"})


@contextmanager
def changing_access(context: Context, acting: Acting) -> Iterator[None]:
    """Change access in the user's transaction, else one of our own.

    Raises ModelReplaced where another session changed it since the statement was planned: it is planned once more.
    """
    database, catalog = context.database, context.access.catalog
    check_writable(database, catalog)
    with database.transaction():
        if read_version(database, catalog) != acting.access.version:
            raise ModelReplaced("Another session changed users or grants.", hint="Send the statement again.")
        context.access.will_change()
        yield
        bump_version(database, catalog)


def owning(acting: Acting) -> Privilege:
    """What making and changing principals asks for."""
    return Privilege("OWN", "DATABASE", acting.access.catalog or "this database")


def superuser(acting: Acting) -> Privilege:
    """What is asked for whatever could make someone a superuser."""
    return Privilege("SUPERUSER", "DATABASE", acting.access.catalog or "this database")


def need_users(planner: Planner, tree: exp.Expr, words: str) -> None:
    """Refuse what has no meaning in a database without users."""
    if not planner.acting.access.is_governed:
        raise planner.at(
            InvalidOption(
                f"{words} needs a database with users, and this one has none.",
                hint="CREATE USER makes the first one, which owns the database; from then on it is governed.",
            ),
            tree,
        )


def find_principal(planner: Planner, name: exp.Expr, kinds: Sequence[str] = ("USER", "ROLE", "GROUP")) -> Principal:
    """The principal that is named.

    Raises NotFound, with the nearest name of that kind.
    """
    known = planner.acting.access.principals
    found = known.get(name.name.casefold())
    if found is None or found.kind not in kinds:
        what = "principal" if len(kinds) > 2 else " or ".join(kind.lower() for kind in kinds)
        # Who may not see principals is told no names.
        shown = [p.name for p in known.values() if p.kind in kinds and sees_principal(planner.acting, p)]
        otherwise = "SHOW USERS, SHOW ROLES and SHOW GROUPS list them."
        if found is not None and sees_principal(planner.acting, found):
            otherwise = f'"{found.name}" is a {found.kind.lower()}.'
            shown = []
        hint = nearest_hint(name.name, shown, otherwise=otherwise)
        raise planner.at(NotFound(f'There is no {what} "{name.name}".', hint=hint), name)
    return found


def sees_principal(acting: Acting, principal: Principal) -> bool:
    """Whether a principal is shown: everyone to who owns the database, else oneself, one's roles and their members."""
    access = acting.access
    name = principal.name.casefold()
    own = access.roles_of(acting.user)
    return (
        access.is_superuser(acting.roles)
        or name in own
        or any(m.member == name and m.role in own for m in access.memberships)
    )


def new_name(planner: Planner, name: exp.Expr) -> str:
    """A name for a new principal."""
    text = str(name.name)
    if text.casefold() in RESERVED or not text.strip() or not text.isprintable():
        raise planner.at(
            InvalidOption(f'"{text}" cannot be the name of a principal.', hint="Choose another one."), name
        )
    return text


def read_time(planner: Planner, value: exp.Expr) -> datetime.datetime | None:
    """The time of VALID UNTIL in UTC, None for NULL and 'infinity'; UTC too where the text has no offset."""
    text = planner.constant(value)
    if text is None or text == "infinity":
        return None
    if isinstance(text, datetime.datetime):
        time = text
    else:
        try:
            time = datetime.datetime.fromisoformat(str(text))
        except ValueError:
            raise planner.at(
                InvalidOption(f"'{text}' is not a time.", hint="Write '2030-12-31 23:59:00+00:00', or 'infinity'."),
                value,
            ) from None
    return time.astimezone(datetime.UTC).replace(tzinfo=None) if time.tzinfo else time


def read_text(planner: Planner, value: exp.Expr, words: str) -> str | None:
    """A text, or None for NULL; never says what was given."""
    text = planner.constant(value)
    if text is not None and not isinstance(text, str):
        raise planner.at(InvalidSql(f"{words} takes a text in quotes, or NULL.", hint="Write '...'."), value)
    return text


# What a kind may be found as, in this order: a model is a function too, for whoever calls it.
_FOUND_AS = {
    "DATABASE": ("CATALOG",),
    "TABLE": ("TABLE", "VIEW"),
    "VIEW": ("VIEW",),
    "FUNCTION": ("MODEL", "FUNCTION"),
    "TABLES": ("TABLE",),
    "VIEWS": ("VIEW",),
    "FUNCTIONS": ("FUNCTION", "MODEL"),
    "MODELS": ("MODEL",),
}


def find_securables(planner: Planner, on: exp.Expr) -> list[Securable]:
    """What stands behind ON; with ALL TABLES IN SCHEMA all of them.

    Raises NotFound, for what the user may not see too.
    """
    kind = on.text("kind") or "TABLE"
    if on.args.get("all_in"):
        schemas = [find_securable(planner, "SCHEMA", name) for name in on.expressions]
        return [
            each
            for schema in schemas
            for found_as in _FOUND_AS[kind]
            for each in planner.read_securables(found_as)
            if each.schema == schema.schema and _sees(planner.acting, each)
        ]
    if not on.expressions:
        return [Securable("CATALOG")]
    return list(dict.fromkeys(find_securable(planner, kind, name) for name in on.expressions))


def find_securable(planner: Planner, kind: str, name: exp.Expr) -> Securable:
    """One thing by its name, as DuckDB looks for it: in the current schema, then in main."""
    written = object_name(name)
    kinds = _FOUND_AS.get(kind, (kind,))
    known = [each for found_as in kinds for each in planner.read_securables(found_as) if _sees(planner.acting, each)]
    wanted = _meant(planner, kind, written, name)
    for each in wanted:
        if each in known:
            return each
    short = [s.name or s.schema for s in known]
    hint = nearest_hint(written.name, short, otherwise=_LISTS.get(kind))
    raise planner.at(NotFound(f'There is no {kind.lower()} "{written}".', hint=hint), name)


def find_volume(planner: Planner, name: exp.Identifier) -> Securable:
    """A volume by its name.

    Raises NotFound, for one that the user may not see too.
    """
    acting = planner.acting
    shown = {v: Securable("VOLUME", "", v) for v in acting.access.volumes}
    shown = {v: on for v, on in shown.items() if acting.access.sees(acting.roles, on)}
    if fold(name.name) not in shown:
        hint = nearest_hint(name.name, shown, otherwise=_LISTS["VOLUME"])
        raise planner.at(NotFound(f'There is no volume "{name.name}".', hint=hint), name)
    return shown[fold(name.name)]


_LISTS = {
    "TABLE": "SHOW ALL TABLES lists tables and views.",
    "VIEW": "SHOW ALL TABLES lists tables and views.",
    "MODEL": "SHOW MODELS lists them.",
    "VOLUME": "SHOW VOLUMES lists them.",
    "FUNCTION": "SHOW FUNCTIONS and SHOW MODELS list them.",
}


def _sees(acting: Acting, securable: Securable) -> bool:
    access = acting.access
    if access.sees(acting.roles, securable) or access.may_manage(acting.roles, securable):
        return True
    # USE CATALOG, which everyone has, says nothing of what there is.
    return any(grant.on == securable and grant.grantee in acting.roles for grant in access.grants)


def _meant(planner: Planner, kind: str, written: ObjectName, name: exp.Expr) -> list[Securable]:
    """What a name may mean, in the order of DuckDB."""
    home = planner.acting.access.catalog or planner.snapshot.catalog
    if kind in ("CATALOG", "DATABASE"):
        if written.schema or written.name.casefold() != home.casefold():
            raise planner.at(
                NotFound(f'Grants are on the database "{home}", not on "{written}".', hint=f"Write {kind} {home}."),
                name,
            )
        return [Securable("CATALOG")]
    if kind in ("VOLUME", "CONNECTION", "ENDPOINT"):
        return [Securable.of(kind, "", str(written))]
    if kind == "SCHEMA":
        if written.catalog or (written.schema and written.schema.casefold() != home.casefold()):
            raise planner.at(_elsewhere(home), name)
        return [Securable.of("SCHEMA", written.name)]
    if written.catalog and written.catalog.casefold() != home.casefold():
        raise planner.at(_elsewhere(home), name)
    if written.schema:
        schemas = [written.schema]
        if not written.catalog and written.schema.casefold() == home.casefold():
            schemas.append("main")
    else:
        schemas = [planner.snapshot.schema, "main"]
    found_as = ("MODEL", "FUNCTION") if kind == "FUNCTION" else ("TABLE",) if kind == "VIEW" else (kind,)
    return [Securable.of(each, schema, written.name) for schema in schemas for each in found_as]


def _elsewhere(home: str) -> NotSupported:
    return NotSupported(
        "Privileges are on what the file itself has, not on attached databases.",
        hint=f'Name something of "{home}"; other databases are for superusers.',
    )
