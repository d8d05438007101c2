"""Servers on this machine that take webhooks and e-mails, or fail in the way that a test says."""

import hashlib
import hmac
import json
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any


class Hook:
    """What a webhook's server does next, and what it got."""

    def __init__(self) -> None:
        self.todo: list[int | str] = []
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.url = ""
        self.may_end = threading.Event()

    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.got]

    def is_signed(self, secret: str) -> bool:
        """Whether every request has the signature of the secret over its timestamp and body."""
        return all(
            hmac.compare_digest(
                headers["x-data-engine-signature"],
                "sha256="
                + hmac.new(
                    secret.encode(), f"{headers['x-data-engine-timestamp']}.".encode() + body, hashlib.sha256
                ).hexdigest(),
            )
            for headers, body in self.got
        )


@contextmanager
def hook_server() -> Iterator[Hook]:
    """A server that answers 204, or with the statuses of `todo`: a number, `hang`, `trickle` or `cut`."""
    hook = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            hook.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            what = hook.todo.pop(0) if hook.todo else 204
            if what == "hang":
                hook.may_end.wait(30)
            if what == "trickle":
                self.wfile.write(b"HTTP/1.1 204 No Content\r\n")
                while not hook.may_end.wait(0.02):
                    try:
                        self.wfile.write(b"X-More: x\r\n")
                    except OSError:
                        return
            if isinstance(what, str):
                self.close_connection = True
                return
            self.send_response(what)
            if 300 <= what < 400:
                self.send_header("Location", f"{hook.url}/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hook.url = f"http://127.0.0.1:{server.server_address[1]}"
    with _serving(server):
        yield hook
        hook.may_end.set()


class Mailbox:
    """What a mail server does next, and what it got."""

    def __init__(self) -> None:
        self.todo: list[str] = []
        self.got: list[tuple[list[str], Any]] = []
        self.logins: list[str] = []
        self.refused: set[str] = set()
        self.port = 0


@contextmanager
def mail_server(tls: ssl.SSLContext | None = None, *, at_once: bool = False) -> Iterator[Mailbox]:
    """A server that takes e-mails, or does what `todo` says of a connection: `busy`, `cut`, `reject`.

    Args:
        tls: With it, STARTTLS is offered.
        at_once: Whether the connection is encrypted from the start.
    """
    box = Mailbox()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            what = box.todo.pop(0) if box.todo else ""
            if what == "cut":
                return
            if tls is not None and at_once:
                self._encrypt()
            self._say("421 busy" if what == "busy" else "220 mail")
            to: list[str] = []
            while line := self.rfile.readline():
                word = line.split()[0].upper() if line.split() else b""
                if word == b"EHLO":
                    self._say("250-mail\r\n250-AUTH PLAIN\r\n250 STARTTLS" if tls else "250 mail")
                elif word == b"STARTTLS":
                    self._say("220 go")
                    self._encrypt()
                elif word == b"AUTH":
                    box.logins.append(line.split()[2].decode())
                    self._say("535 no" if what == "reject" else "235 ok")
                elif word == b"RCPT":
                    address = line.decode().partition("<")[2].partition(">")[0]
                    is_refused = address in box.refused
                    to += [] if is_refused else [address]
                    self._say("550 unknown" if is_refused else "250 ok")
                elif word == b"DATA":
                    self._say("354 go")
                    content = b""
                    while (part := self.rfile.readline()) not in (b".\r\n", b""):
                        content += part
                    box.got.append((to, message_from_bytes(content)))
                    self._say("250 taken")
                elif word == b"QUIT":
                    self._say("221 bye")
                    return
                else:
                    self._say("250 ok")

        def _say(self, line: str) -> None:
            self.wfile.write(line.encode() + b"\r\n")
            self.wfile.flush()

        def finish(self) -> None:
            try:
                super().finish()
            finally:
                self.request.close()

        def _encrypt(self) -> None:
            assert tls is not None
            self.request = tls.wrap_socket(self.request, server_side=True)
            self.rfile, self.wfile = self.request.makefile("rb"), self.request.makefile("wb")

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

        def handle_error(self, *_: object) -> None:
            """A client that goes away in the middle is no error of a test."""

    server = Server(("127.0.0.1", 0), Handler)
    box.port = server.server_address[1]
    with _serving(server):
        yield box


@contextmanager
def _serving(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


def certificates(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Contexts of a server for 127.0.0.1 and of a client that trusts it."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    place = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    place.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(place)
    client = ssl.create_default_context(cadata=made.public_bytes(serialization.Encoding.PEM).decode())
    return server, client
