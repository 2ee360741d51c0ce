"""What was typed before: a file in the user's state folder that only they can read."""

from __future__ import annotations

import os
import sys
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from sqlml.shell.words import Tokenize, code

if TYPE_CHECKING:
    from prompt_toolkit.history import History

_BEFORE_SECRET = frozenset(["or", "replace", "persistent", "temporary", "temp"])


def state_folder() -> Path:
    """The folder of what sqlml remembers: $SQLML_STATE_DIR, else $XDG_STATE_HOME/sqlml, else ~/.local/state/sqlml."""
    own = os.environ.get("SQLML_STATE_DIR")
    if own:
        return Path(own)
    base = os.environ.get("LOCALAPPDATA") if os.name == "nt" else os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "sqlml"


def history_path() -> Path:
    """Where the history is."""
    return state_folder() / "shell_history"


def has_secret(text: str, tokenize: Tokenize) -> bool:
    """Whether a statement of the text is CREATE SECRET or has PASSWORD '...': it is not remembered."""
    folded = [word.folded for word in code(text, tokenize)]
    if ("password", "'") in pairwise(folded):
        return True
    for at, word in enumerate(folded):
        if word == "secret":
            before = at - 1
            while before >= 0 and folded[before] in _BEFORE_SECRET:
                before -= 1
            if before >= 0 and folded[before] == "create":
                return True
    return False


def open_history(tokenize: Tokenize) -> History:
    """The history file, readable by its owner only; where there can be none it is said, and kept for this session."""
    from prompt_toolkit.history import FileHistory, InMemoryHistory

    class OwnHistory(FileHistory):
        def store_string(self, string: str) -> None:
            if not has_secret(string, tokenize):
                super().store_string(string)

    path = history_path()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            if os.name != "nt":
                os.fchmod(descriptor, 0o600)
        finally:
            os.close(descriptor)
    except OSError as error:
        print(f"The history {path} cannot be kept: {error.strerror}. Set SQLML_STATE_DIR.", file=sys.stderr)
        return InMemoryHistory()
    return OwnHistory(str(path))
