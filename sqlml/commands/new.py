"""`sqlml new NAME`: a folder with a first lesson."""

from __future__ import annotations

import argparse
import shlex
import sys
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

# As packages keep it, and as the project has it: a .gitignore in a package would be git's.
_FILES = {"lesson.sql": "lesson.sql", "README.md": "README.md", "gitignore": ".gitignore"}


def add(commands: Any) -> None:
    """Describe the command and its arguments."""
    new = commands.add_parser(
        "new", help="start a project folder", description="Starts a folder with a first lesson that runs as it is."
    )
    new.add_argument("name", help="the folder; it is made, or is empty")
    new.set_defaults(command=_new)


def _new(given: argparse.Namespace) -> int:
    folder = Path(given.name)
    try:
        if not given.name.strip():
            return _refused("a folder needs a name")
        if folder.exists() and not folder.is_dir():
            return _refused(f"{folder} is a file")
        if folder.is_dir() and any(folder.iterdir()):
            return _refused(f"{folder} is not empty; name a new folder")
        folder.mkdir(parents=True, exist_ok=True)
        project = files("sqlml.commands") / "project"
        for name, placed in _FILES.items():
            text = (project / name).read_text("utf-8")
            written = Template(text).substitute(name=folder.resolve().name) if name == "README.md" else text
            (folder / placed).write_text(written, "utf-8")
    except OSError as error:
        print(f"sqlml new: {folder} cannot be made: {error.strerror}", file=sys.stderr)
        return 1
    print(f"{folder} is ready:")
    for name in sorted(_FILES.values()):
        print(f"  {name}")
    print(f"Go on with: cd {shlex.quote(str(folder))} && sqlml run lesson.sql")
    return 0


def _refused(why: str) -> int:
    print(f"sqlml new: {why}.", file=sys.stderr)
    return 2
