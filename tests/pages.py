"""Runs the blocks of a page; fences.py says which there are, and what their marks mean."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import sqlml
from tests.fences import ROOT, Block

LANGUAGES = {"sql", "python", "shell", "ipython"}
# JupySQL would send statistics home.
_OWN = {"PLOOMBER_STATS_ENABLED": "false"}


class Page:
    """Runs the blocks of one page in a folder."""

    def __init__(self, folder: Path, *, programs: Path = Path(sys.executable).parent) -> None:
        self.folder = folder
        self.programs = programs
        self._connection: sqlml.Connection | None = None

    def run(self, block: Block) -> str:
        """Run one block, or check what its mark says of it; what it printed, of a block that is run by a program."""
        match block.mark:
            case "file":
                (self.folder / block.about).write_text(block.text, "utf-8")
            case "part of":
                assert block.text in (ROOT / block.about).read_text("utf-8"), f"{block} is not in {block.about}"
            case "not run":
                pass
            case _:
                return self._run(block)
        return ""

    def close(self) -> None:
        """Close the page's database."""
        if self._connection is not None:
            self._connection.close()

    def _run(self, block: Block) -> str:
        assert block.language in LANGUAGES, (
            f"{block}: {block.language or 'no language'} is not run, and nothing says why"
        )
        if block.language == "sql":
            self._connection = self._connection or sqlml.connect()
            for _, result in self._connection.session.run_script(block.text):
                result.fetchall()
        elif block.language == "python":
            exec(compile(block.text, str(block), "exec"), {})
        elif block.language == "shell":
            return self.program(block, ["bash", "-euo", "pipefail", "-c", block.text])
        else:
            script = self.folder / f"{block.page.stem}.ipy"
            script.write_text(block.text, "utf-8")
            return self.program(block, [str(self.programs / "python"), "-m", "IPython", "--no-banner", script.name])
        return ""

    def program(self, block: Block, command: list[str]) -> str:
        """What a command prints, run in the page's folder."""
        path = os.pathsep.join([str(self.programs), os.environ["PATH"]])
        done = subprocess.run(
            command,
            cwd=self.folder,
            env={**os.environ, "PATH": path, **_OWN, "HOME": str(self.folder)},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        said = f"{block}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert done.returncode == 0, said
        # What fails while a program ends leaves its exit code alone.
        assert "Traceback" not in done.stderr, said
        return done.stdout
