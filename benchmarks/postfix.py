"""A Postfix of its own: configuration, queue and port apart from the system's. Needs root, as Postfix does."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.sinks import free_port, tool, wait_for

MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
myhostname = bench.example
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_client_connection_count_limit = 0
smtp_tls_security_level = none
smtpd_tls_security_level = none
alias_maps =
alias_database =
default_transport = discard:
relay_transport = discard:
"""
MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
verify    unix - - n - 1 verify
proxymap  unix - - n - - proxymap
error     unix - - n - - error
retry     unix - - n - - error
discard   unix - - n - - discard
anvil     unix - - n - 1 anvil
scache    unix - - n - 1 scache
postlog   unix-dgram n - n - 1 postlogd
"""


@contextmanager
def postfix(folder: Path) -> Iterator[int]:
    """Run a Postfix that takes mail durably into its queue and discards it from there; gives its port."""
    if os.geteuid() != 0:
        raise RuntimeError("Postfix can only be started by root")
    port = free_port()
    settings = folder / "etc"
    for each in (settings, folder / "queue", folder / "data"):
        each.mkdir(parents=True)
    subprocess.run(["chown", "postfix", folder / "data"], check=True)
    folder.chmod(0o755)
    (settings / "main.cf").write_text(MAIN.format(folder=folder))
    (settings / "master.cf").write_text(MASTER.format(port=port))
    command = [tool("postfix"), "-c", str(settings)]
    log = (folder / "start.log").open("wb")
    subprocess.run([*command, "start"], check=True, stdout=log, stderr=log)
    try:
        wait_for(port)
        yield port
    finally:
        subprocess.run([*command, "stop"], check=False, stdout=log, stderr=log)
        log.close()


def drain(folder: Path, seconds: float = 60) -> None:
    """Wait until the queue is empty, so that what one run left does not slow the next."""
    end = time.monotonic() + seconds
    while any(
        any((folder / "queue" / name).rglob("*[0-9A-F]")) for name in ("maildrop", "incoming", "active")
    ):
        if time.monotonic() > end:
            raise RuntimeError("Postfix does not get its queue empty")
        time.sleep(0.1)
