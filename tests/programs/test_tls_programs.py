"""The real server.py in TLS, with real openssl, ncat and telnet: what each of their users sees."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.certificates import Certificates
from tests.support.patience import PATIENCE
from tests.support.programs import ROOT, Program, Programs, needs
from tools.shared.programs import free_port

pytestmark = [pytest.mark.long, needs("openssl"), needs("ncat"), needs("telnet")]


@pytest.fixture
def options(certificates: Certificates) -> tuple[str, ...]:
    """Return the options of a server with a certificate."""
    cert, key = certificates.self_signed().files
    return "--tls-cert", str(cert), "--tls-key", str(key)


def s_client(run: Programs, *options: str) -> Program:
    return run.program("openssl", "s_client", "-connect", f"127.0.0.1:{run.port}", *options)


def test_openssl_ncat_and_telnet_are_in_one_room(run: Programs, options: tuple[str, ...]) -> None:  # T1
    server = run.server(*options)
    server.sees(f"openssl s_client -quiet -connect 127.0.0.1:{run.port}")
    server.sees("Certificate: SHA-256 fingerprint ")
    ann = run.joins(s_client(run, "-quiet"), "ann")
    bob = run.joins(run.program("ncat", "--ssl", "127.0.0.1", str(run.port)), "bob")
    carl = run.joins(run.telnet(), "carl")
    ann.types("from openssl")
    for other in (bob, carl):
        other.sees("ann: from openssl")
    bob.types("from ncat")
    ann.sees("bob: from ncat")
    carl.types("from telnet")
    ann.sees("carl: from telnet")
    ann.types("/quit")
    ann.sees("Goodbye.")
    ann.ends()
    bob.ends_input()  # ncat closes without a close_notify
    carl.sees("* bob has left")


@pytest.mark.parametrize(
    ("version", "key", "what"),
    [
        pytest.param("-tls1_3", "K", "KEYUPDATE", id="a key update that asks for ours"),
        pytest.param("-tls1_3", "k", "KEYUPDATE", id="a key update"),
        pytest.param("-tls1_2", "R", "RENEGOTIATING", id="renegotiation"),
    ],
)
def test_new_keys_and_renegotiation(
    run: Programs, options: tuple[str, ...], version: str, key: str, what: str
) -> None:  # T6
    run.server(*options)
    carl = run.joins(run.telnet(), "carl")
    ann = s_client(run, version)
    ann.sees("---\n")
    run.joins(ann, "ann")
    ann.types(key)
    ann.sees(what)
    if key == "R":  # the server refuses it, and openssl leaves
        carl.sees("* ann has left")
    else:
        ann.types("under new keys")
        carl.sees("ann: under new keys")
        carl.types("heard you")
        ann.sees("carl: heard you")


def test_the_certificate_is_read_again_on_sighup(
    run: Programs, certificates: Certificates, options: tuple[str, ...]
) -> None:  # T5
    server = run.server(*options)
    ann = run.joins(s_client(run, "-quiet"), "ann")
    new = certificates.self_signed()
    for option, path in zip(options[1::2], new.files, strict=True):
        Path(option).write_bytes(path.read_bytes())
    server.signals(signal.SIGHUP)
    server.sees(f"Certificate: SHA-256 fingerprint {new.fingerprint}")
    Path(options[1]).write_text("nothing of use")
    server.signals(signal.SIGHUP)
    server.sees("There is no certificate in ")
    server.sees("The certificate of before stays.")
    bob = s_client(run)
    run.joins(bob, "bob")
    assert new.cert.read_text().splitlines()[1] in bob.text
    ann.sees("* bob has connected.")


def test_with_tls_only_telnet_is_told_how_to_come_in(run: Programs, options: tuple[str, ...]) -> None:  # T2
    server = run.server(*options, "--tls-only")
    assert "telnet" not in server.text
    ann = run.telnet()
    ann.types("ann")
    ann.sees("! This chat is encrypted. Use https, the client's --tls or ncat --ssl.\n")
    ann.sees("Connection closed by foreign host.")
    run.joins(run.program("ncat", "--ssl", "127.0.0.1", str(run.port)), "bob")


@pytest.mark.parametrize(
    ("wrong", "code", "why"),
    [
        pytest.param(("--tls-cert", "CERT"), 2, "belong together", id="no key"),
        pytest.param(("--tls-only",), 2, "need a certificate", id="no certificate"),
        pytest.param(("--tls-cert", "CERT", "--tls-key", "CERT"), 1, "There is no private key in ", id="not a key"),
        pytest.param(("--tls-cert", "nowhere", "--tls-key", "KEY"), 1, "Cannot read nowhere: No such file", id="gone"),
    ],
)
def test_what_is_wrong_with_the_options_is_a_sentence(
    tmp_path: Path, certificates: Certificates, wrong: tuple[str, ...], code: int, why: str
) -> None:
    made = certificates.self_signed()
    given = [str({"CERT": made.cert, "KEY": made.key}.get(word, word)) for word in wrong]
    command = [sys.executable, "server.py", str(free_port()), "--data", str(tmp_path), *given]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert ended.returncode == code
    assert why in ended.stderr
    assert "Traceback" not in ended.stderr + ended.stdout
