"""`python -m tests.installed`: builds the wheel, installs it into an empty environment, and is its first user.

In an empty folder, with nothing of the checkout to be found: README.md from top to bottom, then the first lesson of
`sqlml new`. This file itself runs on the standard library alone.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Build, install, use."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        wheel = _built(folder / "wheel")
        _check_contents(wheel)
        programs = _installed(wheel, folder / "environment")
        _used(programs, folder / "work", folder / "home")
    print(f"{wheel.name}: README.md runs where it is installed.")


def _built(folder: Path) -> Path:
    _run([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)], ROOT)
    [wheel] = folder.glob("*.whl")
    return wheel


def _check_contents(wheel: Path) -> None:
    """Every file of the packages is in the wheel, and nothing besides."""
    with zipfile.ZipFile(wheel) as opened:
        found = {name for name in opened.namelist() if ".dist-info/" not in name}
    expected = set()
    for package, name in (("sqlml", "sqlml"), ("udfs", "sqlml_udfs")):
        for path in (ROOT / package).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                expected.add(f"{name}/{path.relative_to(ROOT / package).as_posix()}")
    if found != expected:
        missing, more = sorted(expected - found), sorted(found - expected)
        sys.exit(f"The wheel lacks {missing} and has {more}: see [tool.setuptools] in pyproject.toml.")


def _installed(wheel: Path, folder: Path) -> Path:
    venv.create(folder, with_pip=True)
    programs = folder / "bin"
    _run(
        [str(programs / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(wheel)], folder
    )
    return programs


def _used(programs: Path, work: Path, home: Path) -> None:
    from tests.fences import blocks

    work.mkdir()
    home.mkdir()
    environment = {
        "PATH": os.pathsep.join([str(programs), "/usr/bin", "/bin"]),
        "HOME": str(home),
        "SQLML_CONFIG_DIR": str(home / "config"),
    }
    for block in blocks(ROOT / "README.md"):
        match block.mark or block.language:
            case "not run":
                continue
            case "file":
                (work / block.about).write_text(block.text, "utf-8")
            case "python":
                _run([str(programs / "python"), "-I", "-W", "error", "-c", block.text], work, environment)
            case "shell":
                _run(["bash", "-euo", "pipefail", "-c", block.text], work, environment)
            case other:
                sys.exit(f"{block}: {other} is not run here.")
    _run(["bash", "-euc", "cd my_shop && sqlml run lesson.sql --db lesson.duckdb"], work, environment)
    where = "import sqlml, sqlml_udfs; print(sqlml.__file__, sqlml_udfs.__file__)"
    paths = _run([str(programs / "python"), "-c", where], work, environment).split()
    if not all(Path(path).is_relative_to(programs.parent) for path in paths):
        sys.exit(f"Not what was installed: {paths}")


def _run(command: list[str], folder: Path, environment: dict[str, str] | None = None) -> str:
    folder.mkdir(exist_ok=True)
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout}\n{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    main()
