"""An authority of our own and one server certificate that it signed, made by openssl, valid for two days."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

_CURVE = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
_NAMES = "DNS:localhost,DNS:pictures.test,IP:127.0.0.1"


@dataclass
class Certificate:
    """`authority` is what `--cacert` takes; the other two are the server's."""

    authority: Path
    chain: Path
    key: Path


def make(folder):
    """Makes both in `folder`. The server is `localhost`, `pictures.test` or 127.0.0.1."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Certificate(folder / "authority.pem", folder / "server.pem", folder / "server.key")
    authority_key, request, extensions = folder / "authority.key", folder / "server.csr", folder / "extensions"
    _openssl("req", "-x509", *_CURVE, "-keyout", authority_key, "-out", made.authority, "-days", "2",
             "-subj", "/CN=flagdl end-to-end authority",
             "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    _openssl("req", *_CURVE, "-keyout", made.key, "-out", request, "-subj", "/CN=localhost")
    extensions.write_text(
        f"subjectAltName={_NAMES}\nextendedKeyUsage=serverAuth\nkeyUsage=digitalSignature\n"
        "basicConstraints=critical,CA:FALSE\n",
        encoding="utf-8",
    )
    _openssl("x509", "-req", "-in", request, "-CA", made.authority, "-CAkey", authority_key, "-CAcreateserial",
             "-days", "2", "-extfile", extensions, "-out", made.chain)
    return made


def _openssl(*arguments):
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {arguments[0]}: {done.stderr.strip()[-300:]}")
