"""The package as pip, pipx and uv install it, and the single file: each run beside somebody else's modules (O1)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from tests.support.programs import ROOT, Programs
from tools.package import pyz
from tools.shared.programs import free_port

pytestmark = [pytest.mark.long]  # a virtual environment takes its time on a busy machine

TOOLS = Path(sys.executable).parent
FOREIGN = ("client.py", "server.py", "chat.py", "protocol/__init__.py", "system/__init__.py", "web/__init__.py")


def installed(tool: str) -> pytest.MarkDecorator:
    """Leave a test out where `tool` is not beside this Python; where .ci/run has put it there, fail instead."""
    missing = not (TOOLS / tool).exists() and "CHAT_TESTS_NEED_PROGRAMS" not in os.environ
    return pytest.mark.skipif(missing, reason=f"{tool} is not installed: {TOOLS}/python -m pip install {tool}")


def do(*command: str | Path, cwd: Path = ROOT, environment: Mapping[str, str] = MappingProxyType({})) -> None:
    told = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=cwd, env={**os.environ, **environment}
    )
    assert told.returncode == 0, told.stdout + told.stderr


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the checkout: a build leaves files in it, and several tests build at a time."""
    folder = tmp_path_factory.mktemp("checkout") / "select-chat"
    left_out = shutil.ignore_patterns(".*", "__pycache__", "build", "dist", "chatdata", "*.egg-info")
    return shutil.copytree(ROOT, folder, ignore=left_out)


@pytest.fixture(scope="module")
def source(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the source distribution: what is in it builds the rest, and no file that it lacks."""
    folder = tmp_path_factory.mktemp("source")
    script = "import sys; from setuptools import build_meta; build_meta.build_sdist(sys.argv[1])"
    do(sys.executable, "-c", script, folder, cwd=checkout)
    (made,) = folder.iterdir()
    return made


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    do(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", folder, source)
    (made,) = folder.iterdir()
    return made


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """Return a folder with modules of somebody else that are called like ours."""
    folder = tmp_path / "foreign"
    for name in FOREIGN:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("raise SystemExit('somebody else is run')\n")
    return folder


@pytest.fixture
def run(tmp_path: Path, foreign: Path) -> Iterator[Programs]:
    with Programs(tmp_path / "data") as made, pytest.MonkeyPatch.context() as patch:
        patch.chdir(foreign)
        # What the client needs is not fetched for each test: it is found where the tests have it, after the package.
        patch.setenv("PYTHONPATH", sysconfig.get_path("purelib"))
        yield made


def by_pip(wheel: Path, folder: Path) -> Path:
    venv.create(folder / "pip", with_pip=True)
    do(folder / "pip" / "bin" / "python", "-m", "pip", "install", "-q", "--no-deps", wheel)
    return folder / "pip" / "bin"


def by_pipx(wheel: Path, folder: Path) -> Path:
    places = {
        "PIPX_HOME": str(folder / "pipx"),
        "PIPX_BIN_DIR": str(folder / "bin"),
        "PIPX_MAN_DIR": str(folder / "man"),
    }
    do(TOOLS / "pipx", "install", wheel, environment=places)  # it insists on what the package requires
    return folder / "bin"


def by_uv(wheel: Path, folder: Path) -> Path:
    do(TOOLS / "uv", "venv", "-q", "--python", sys.executable, folder / "uv")
    do(TOOLS / "uv", "pip", "install", "-q", "--no-deps", "--python", folder / "uv", wheel)
    return folder / "uv" / "bin"


def chats(run: Programs, tmp_path: Path, server: list[str], client: list[str]) -> None:
    """Run `server` in the folder of somebody else, and say something to a telnet user with `client`."""
    port = str(free_port())
    started = run.program(*server, port, "--host", "127.0.0.1", "--data", str(tmp_path / "data"), cwd=Path.cwd())
    started.sees(f"Listening on port {port}.")
    run.port = int(port)
    ann = run.joins(run.nc(), "ann")
    bob = run.program(*client, "127.0.0.1", port, "--name", "bob", "--once", "hello from a package", cwd=Path.cwd())
    ann.sees("bob: hello from a package")
    assert bob.ends() == 0, bob.text
    assert "somebody else is run" not in started.text + bob.text


@pytest.mark.parametrize(
    "install", [by_pip, pytest.param(by_pipx, marks=installed("pipx")), pytest.param(by_uv, marks=installed("uv"))]
)
def test_what_is_installed_works_beside_modules_of_somebody_else(
    install: object, run: Programs, wheel: Path, tmp_path: Path
) -> None:
    assert callable(install)
    commands: Path = install(wheel, tmp_path)
    chats(run, tmp_path, [str(commands / "chat-server")], [str(commands / "chat")])
    store = run.program(str(commands / "chat-store"), "--version", cwd=Path.cwd())
    assert store.ends() == 0
    assert store.text.startswith("chat-store ")


def test_the_package_runs_as_a_module_from_the_folder_of_somebody_else(
    run: Programs, wheel: Path, tmp_path: Path
) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    python = str(tmp_path / "venv" / "bin" / "python")
    do(python, "-m", "pip", "install", "-q", "--no-deps", wheel)
    chats(run, tmp_path, [python, "-m", "select_chat", "server"], [python, "-m", "select_chat"])


def test_the_single_file_is_server_and_client_on_a_bare_python(
    run: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONPATH")
    file = tmp_path / "select-chat.pyz"
    pyz.make(file, 1_700_000_000)
    bare = [sys.executable, "-I", "-S", str(file)]  # no site-packages
    chats(run, tmp_path, [*bare, "server"], bare)


def test_one_name_is_installed_and_a_manual(wheel: Path) -> None:  # O1, O2
    names = zipfile.ZipFile(wheel).namelist()
    package = [name for name in names if ".dist-info/" not in name and ".data/" not in name]
    assert {name.split("/")[0] for name in package} == {"select_chat"}
    assert any(name.endswith("licenses/LICENSE") for name in names)
    shared = {name.split(".data/data/share/")[1] for name in names if ".data/" in name}
    for command in ("chat", "chat-server", "chat-store"):
        assert f"man/man1/{command}.1" in shared
        assert f"bash-completion/completions/{command}" in shared
        assert f"zsh/site-functions/_{command}" in shared
        assert f"fish/vendor_completions.d/{command}.fish" in shared
    assert len(shared) == 12


def test_what_an_index_shows_leads_nowhere_else(wheel: Path) -> None:  # O2
    archive = zipfile.ZipFile(wheel)
    (name,) = [name for name in archive.namelist() if name.endswith("/METADATA")]
    metadata = archive.read(name).decode()
    assert "\n# select-chat\n" in metadata
    assert "docs/install.md" in metadata
    assert "](docs" not in metadata
    assert "<picture>" not in metadata


def test_a_checkout_is_not_installed_in_place(checkout: Path, tmp_path: Path) -> None:
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "--target",
        str(tmp_path),
    ]
    told = subprocess.run([*install, "-e", str(checkout)], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert told.returncode != 0
    assert "A checkout needs no installation" in told.stdout + told.stderr
