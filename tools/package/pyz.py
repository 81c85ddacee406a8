"""Make dist/select-chat.pyz: one file with the programs and all that they need, for any Python from 3.10 on (O1).

    python -m tools.package.pyz [FILE]

The other packages in it are those that are installed beside this Python, so what was tested is what is packed, and
nothing is fetched. Compiled modules are left out: they are of one system, and each of these packages does without.
Equal contents make equal files: names are sorted, and all times are that of the newest commit (SOURCE_DATE_EPOCH).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

from system.commands import interpreter
from tools.package.build import ROOT, write

PACKED = ("colorama", "prompt_toolkit", "wcwidth", "websockets")  # what the client needs, and the page
TARGET = ROOT / "dist" / "select-chat.pyz"
MAIN = """\
import select_chat  # which tells an older Python what is needed
import sys
from select_chat.__main__ import main
sys.exit(main())
"""
_NATIVE = {".so", ".pyd", ".dylib", ".c", ".pyc", ".pyi"}


def make(target: Path, moment: int) -> None:
    """Write the file `target`; all in it is from `moment`, in seconds since 1970."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder))
        ours = {str(path.relative_to(folder)): path for path in Path(folder).rglob("*") if path.is_file()}
        theirs = dict(pair for name in PACKED for pair in contents(distribution(name)))
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as file:
            file.write(b"#!/usr/bin/env python3\n")
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr(_info("__main__.py", moment), MAIN)
                for name, path in sorted({**theirs, **ours, "LICENSE": ROOT / "LICENSE"}.items()):
                    archive.writestr(_info(name, moment), path.read_bytes())
    target.chmod(0o755)


def contents(package: Distribution) -> Iterator[tuple[str, Path]]:
    """Yield the names and places of the files of an installed package that can be read from an archive."""
    for file in package.files or []:
        if (
            ".." not in file.parts
            and file.suffix not in _NATIVE
            and file.name not in ("RECORD", "INSTALLER", "REQUESTED")
        ):
            yield file.as_posix(), Path(str(package.locate_file(file)))


def _info(name: str, moment: int) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, time.gmtime(moment)[:6])
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    return info


def moment_of_commit() -> int:
    """Return when the newest commit was made, in seconds since 1970; SOURCE_DATE_EPOCH if it is set."""
    if "SOURCE_DATE_EPOCH" in os.environ:
        return int(os.environ["SOURCE_DATE_EPOCH"])
    git = ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"]
    told = subprocess.run(git, capture_output=True, text=True, check=False)
    return int(told.stdout or time.time())


def main() -> None:
    """Make what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m tools.package.pyz", description="Make select-chat.pyz.")
    parser.add_argument(
        "file", metavar="FILE", nargs="?", type=Path, default=TARGET, help="default: dist/select-chat.pyz"
    )
    target = parser.parse_args().file
    make(target, moment_of_commit())
    print(f"{target}: {target.stat().st_size:,} bytes. Try it: {interpreter()} {target} --help")


if __name__ == "__main__":
    main()
