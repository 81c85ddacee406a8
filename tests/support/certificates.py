"""Certificates for tests, made by openssl in a folder of the test's own.

    served = certificates.self_signed()                # for localhost and 127.0.0.1
    authority = certificates.authority()
    served = authority.issues("chat.example.org")
    served.context()                                   # of a server that shows it

Making one takes some 15 ms.
"""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

from protocol.certificates import fingerprint

HERE = "DNS:localhost,IP:127.0.0.1,IP:::1"
Files = tuple[Path, Path]
# What Python asks of an authority from 3.13 on; a certificate that vouches for itself is one, too.
_USAGE = "keyUsage=critical,digitalSignature,keyCertSign"
_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
_RSA_KEY = ("-newkey", "rsa:2048")


def openssl(*arguments: str | Path) -> str:
    """Run openssl; return what it prints."""
    command = ("openssl", *map(str, arguments))
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@dataclass(frozen=True)
class Certificate:
    """A certificate and its private key, in files."""

    cert: Path
    key: Path

    @property
    def files(self) -> Files:
        return self.cert, self.key

    @property
    def der(self) -> bytes:
        return ssl.PEM_cert_to_DER_cert(self.cert.read_text())

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.der)

    def context(self) -> ssl.SSLContext:
        """Return a context for a server that shows it."""
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(self.cert, self.key)
        return made


class Certificates:
    """Makes certificates in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    def self_signed(self, names: str = HERE, *, key: Path | None = None, rsa: bool = False) -> Certificate:
        """Return a certificate that vouches for itself, with a new key or with `key`."""
        made = self._files(key)
        new = ("-key", made.key) if key is not None else (*(_RSA_KEY if rsa else _NEW_KEY), "-keyout", made.key)
        about = ("-days", "2", "-subj", "/CN=a test", "-addext", f"subjectAltName={names}", "-addext", _USAGE)
        openssl("req", "-x509", "-nodes", *new, "-out", made.cert, *about)
        return made

    def authority(self) -> Authority:
        """Return an authority that nobody knows."""
        return Authority(self, self.self_signed("DNS:authority.invalid"))

    def bundle(self, *certificates: Certificate) -> Path:
        """Return a file that holds `certificates`."""
        self._count += 1
        path = self._folder / f"bundle-{self._count}.pem"
        path.write_text("".join(one.cert.read_text() for one in certificates))
        return path

    def issued(self, by: Certificate, names: str, days: int) -> Certificate:
        """Return a certificate that `by` has issued, to last `days` days; below 0, it ended before it began."""
        made = self._files(None)
        request, extensions = made.cert.with_suffix(".csr"), made.cert.with_suffix(".ext")
        extensions.write_text(f"subjectAltName={names}\nauthorityKeyIdentifier=keyid\n")
        openssl("req", "-nodes", *_NEW_KEY, "-keyout", made.key, "-out", request, "-subj", "/CN=a test")
        signing = ("-CA", by.cert, "-CAkey", by.key, "-set_serial", str(self._count))
        openssl("x509", "-req", "-in", request, "-out", made.cert, *signing, "-days", str(days), "-extfile", extensions)
        return made

    def _files(self, key: Path | None) -> Certificate:
        self._count += 1
        return Certificate(
            self._folder / f"cert-{self._count}.pem",
            key if key is not None else self._folder / f"key-{self._count}.pem",
        )


class Authority:
    """An authority: it issues certificates, and a client that is given its `file` believes them."""

    def __init__(self, certificates: Certificates, own: Certificate) -> None:
        self._certificates = certificates
        self._own = own

    @property
    def file(self) -> Path:
        return self._own.cert

    def issues(self, names: str = HERE, days: int = 2) -> Certificate:
        """Return a certificate for `names`, as openssl's subjectAltName lists them."""
        return self._certificates.issued(self._own, names, days)
