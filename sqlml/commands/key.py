"""`sqlml key show | rotate [FILE ...] | forget ID`: the key that signs models, functions and the audit log."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from sqlml import signing
from sqlml.connection import connect
from sqlml.errors import PermissionDenied, SqlmlError


def add(commands: Any) -> None:
    """Describe the command and its arguments."""
    key = commands.add_parser(
        "key",
        help="show, replace or forget the key that signs models and the audit log",
        description="Shows the keys by a short name; makes a new one and signs the models and functions of files with "
        "it; or forgets one that was replaced, after which nothing that only it has signed is taken any more.",
    )
    key.add_argument("what", choices=("show", "rotate", "forget"), help="what to do")
    key.add_argument("names", nargs="*", metavar="FILE | ID", help="rotate: files to sign again; forget: a key")
    key.add_argument("--user", metavar="NAME", help="the user to act as, where a file has users")
    key.set_defaults(command=_key)


def _key(given: argparse.Namespace) -> int:
    try:
        return {"show": _show, "rotate": _rotate, "forget": _forget}[given.what](given)
    except SqlmlError as error:
        print(error, file=sys.stderr)
        return 1


def _show(_: argparse.Namespace) -> int:
    key = signing.signing_key(create=False)
    if key is None:
        print(f"There is no signing key {signing.key_path()}: the first model makes it.")
        return 0
    print(f"{signing.key_id(key)}  signs")
    for retired in signing.retired_keys():
        print(f"{signing.key_id(retired)}  retired: what it has signed is still taken")
    return 0


def _rotate(given: argparse.Namespace) -> int:
    from sqlml.trust import sign_again

    missing = [name for name in given.names if not Path(name).is_file()]
    if missing:
        print(f"sqlml key: there is no file {missing[0]}", file=sys.stderr)
        return 2
    # All can be opened, and whoever asks may sign, before there is another key.
    opened = []
    try:
        for name in given.names:
            opened.append(connect(name, user=given.user))
            if not opened[-1].session.access.acting.is_superuser:
                raise PermissionDenied("Only a superuser signs what is in a file.", hint="Name one: --user NAME.")
        old, new = signing.rotate()
        print(f"{signing.key_id(new)} signs from now on; {signing.key_id(old)} is retired.")
        for name, connection in zip(given.names, opened, strict=True):
            models, functions = sign_again(connection.session)
            print(f"{name}: {models} model version(s) and {functions} function(s) were signed again.")
    finally:
        for connection in opened:
            connection.close()
    if not given.names:
        print("What the retired key has signed is taken until `sqlml key forget`; name files to sign them again.")
    return 0


def _forget(given: argparse.Namespace) -> int:
    if len(given.names) != 1:
        print("sqlml key: forget takes the id of one retired key; `sqlml key show` lists them", file=sys.stderr)
        return 2
    signing.forget(given.names[0])
    print("It is forgotten: models and audit logs that only it has signed are refused from now on.")
    return 0
