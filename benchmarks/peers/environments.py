"""Virtual environments for what is compared with sqlml, each with its own versions of everything."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

_MARK = "complete"


class NotInstallable(Exception):
    """Why an environment could not be made, in words for the report."""


def python_of(folder: Path, requirements: Sequence[str]) -> Path:
    """The Python of an environment with these packages; one that was made before is taken again."""
    key = hashlib.sha256("\n".join([sys.version, *requirements]).encode()).hexdigest()[:12]
    place = folder / key
    python = place / ("Scripts" if os.name == "nt" else "bin") / "python"
    if (place / _MARK).exists():
        return python
    venv.create(place, with_pip=True, clear=True)
    done = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise NotInstallable(reason(done.stderr))
    (place / _MARK).touch()
    return python


def reason(errors: str) -> str:
    """The last error that pip told, unless it speaks of addresses, which differ from place to place."""
    told = [line.removeprefix("ERROR: ") for line in errors.splitlines() if line.startswith("ERROR: ")]
    return next((line for line in reversed(told) if "/" not in line), "pip could not install it")
