"""`postroom web`: serve the public pages."""

from __future__ import annotations

from pathlib import Path

import click

from postroom.cli import logs, session
from postroom.errors import UsageError
from postroom.outbox.ledger import Ledger


@click.command()
@click.option(
    "--form", "only_form", is_flag=True, help="Print the sign-up form as HTML for a page of yours, and end."
)
@click.pass_obj
def command(config: Path, only_form: bool) -> None:
    """Serve the pages that readers reach: the way in and out of each newsletter. Until Ctrl-C.

    They are served where `web: listen:` says, in plain HTTP, for a proxy of yours that speaks HTTPS to the world.
    """
    from postroom.web.front import front_of
    from postroom.web.front.joining import embedded
    from postroom.web.front.serving import serve

    logs.configure(quiet=False)
    loaded = session.config_or_last_good(config)
    web = loaded.web
    if web is None or web.url is None:
        raise UsageError(
            "web: url: the public pages need their address as readers see it; write it in config.yaml"
        )
    if only_form and not web.sign_up:
        raise UsageError("web: sign_up: no list is open to strangers; name those that are in config.yaml")
    with Ledger(loaded.database) as ledger:
        front = front_of(loaded, ledger, session.now, session.secrets(loaded.base))
        if only_form:
            click.echo(embedded(front), nl=False)
            return
        serve(front, web.listen, lambda address: click.echo(f"{web.url} is served at {address}", err=True))
