"""A real IMAP server for the tests: Dovecot, over TLS on loopback, with one account.

It lives in a folder of its own and ends with the test process: its master runs in the foreground and is ended
by a shell that waits for the end of its own input.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import pytest
import trustme
from postgresql_server import missing

USER, PASSWORD = "bounces", "correct-horse"
OWNER = "nobody"
"""Whose the mails are where the tests are run by root, to whom Dovecot gives no mail."""

_START_SECONDS = 30
_WATCH = '"$@" & server=$!; read -r _; kill -TERM $server; wait $server; rm -rf -- "$0"'
_SETTINGS = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = required
ssl_cert = <{folder}/certificate.pem
ssl_key = <{folder}/key.pem
mail_location = maildir:~/Maildir
first_valid_uid = 1
{users}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home
}}
service imap-login {{
  {chroot}
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {port}
  }}
}}
auth_failure_delay = 0
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
  {chroot}
}}
"""


@dataclass(frozen=True)
class Dovecot:
    """A server at `port` of 127.0.0.1, which a client trusts by `ca`. Its one Maildir may be looked at and changed."""

    folder: Path
    port: int
    ca: Path
    process: subprocess.Popen[bytes]

    @property
    def maildir(self) -> Path:
        return self.folder / "home/Maildir"

    def deliver(self, name: str, data: bytes) -> Path:
        """Put a mail into the inbox as a mail server does."""
        path = self.maildir / "new" / name
        path.write_bytes(data)
        self._give(path)
        return path

    def empty(self) -> None:
        """Take all mails out, and what Dovecot knows of them."""
        shutil.rmtree(self.maildir, ignore_errors=True)
        for folder in ("tmp", "new", "cur"):
            self._own(self.maildir / folder)

    def stop(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()

    def _own(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for each in (folder, folder.parent, folder.parent.parent):
            self._give(each)

    def _give(self, path: Path) -> None:
        if os.geteuid() == 0:
            owner = pwd.getpwnam(OWNER)
            os.chown(path, owner.pw_uid, owner.pw_gid)


@pytest.fixture(scope="session")
def dovecot_of_session() -> Iterator[Dovecot]:
    program = shutil.which("dovecot") or shutil.which("/usr/sbin/dovecot")
    if program is None or not Path("/usr/lib/dovecot/imap").exists():
        missing("Dovecot with IMAP is not installed (dovecot-imapd); IMAP is not tested")
    server = _start(program)
    yield server
    server.stop()


@pytest.fixture
def dovecot(dovecot_of_session: Dovecot) -> Iterator[Dovecot]:
    """A running server with an empty inbox; skips without Dovecot, unless POSTROOM_REQUIRE_TOOLS is set."""
    dovecot_of_session.empty()
    yield dovecot_of_session
    dovecot_of_session.empty()


def _start(program: str) -> Dovecot:
    folder = Path(tempfile.mkdtemp(prefix="dovecot-"))
    folder.chmod(0o755)
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(folder / "ca.pem")
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    for number, blob in enumerate(certificate.cert_chain_pems):
        blob.write_to_path(folder / "certificate.pem", append=number > 0)
    (folder / "home").mkdir()
    port = _free_port()
    owner = pwd.getpwnam(OWNER) if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    own = f"default_internal_user = {owner.pw_name}\ndefault_login_user = {owner.pw_name}"
    settings = _SETTINGS.format(
        folder=folder,
        port=port,
        password=PASSWORD,
        uid=owner.pw_uid,
        gid=owner.pw_gid,
        users="" if os.geteuid() == 0 else own,
        chroot="" if os.geteuid() == 0 else "chroot =",
    )
    (folder / "dovecot.conf").write_text(settings)
    command = ["sh", "-c", _WATCH, str(folder), program, "-F", "-c", str(folder / "dovecot.conf")]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    server = Dovecot(folder, port, folder / "ca.pem", process)
    _wait_for(server)
    return server


def _wait_for(server: Dovecot) -> None:
    context = ssl.create_default_context(cafile=server.ca)
    end = monotonic() + _START_SECONDS
    while monotonic() < end:
        try:
            with (
                socket.create_connection(("127.0.0.1", server.port), timeout=5) as plain,
                context.wrap_socket(plain, server_hostname="127.0.0.1") as secure,
            ):
                if secure.recv(64).startswith(b"* OK"):
                    return
        except OSError:
            sleep(0.1)
    log = server.folder / "log"
    told = log.read_text() if log.exists() else "it wrote no log"
    server.stop()
    pytest.fail(f"Dovecot does not answer: {told}")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])
