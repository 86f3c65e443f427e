"""The command line: one module a command or family, imported only when it is called.

Answers go to stdout, logs and errors to stderr. Exit code 0: fine; 1: an error finding, a failed or
uncertain delivery, or something outside that would not do; 2: wrong use, or a config.yaml that
cannot be used; 74: stdout takes no answer; 75: the disk under the ledger failed.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import click

from postroom import __version__

COMMANDS = {
    "init": ("postroom.cli.init", "start a new project in a folder"),
    "check": ("postroom.cli.check", "look for mistakes in config, articles and templates"),
    "articles": ("postroom.cli.articles", "list what is in the articles folder"),
    "plan": ("postroom.cli.plan", "say what goes out when, and why the rest does not"),
    "preview": ("postroom.cli.preview", "see every mail and post before it goes out"),
    "run": ("postroom.cli.run", "publish and deliver, as a daemon or once"),
    "outbox": ("postroom.cli.outbox", "look at the ledger and act on it"),
    "pull": ("postroom.cli.pull", "take an article back everywhere"),
    "adopt": ("postroom.cli.adopt", "accept a ledger that was restored, copied or moved"),
    "subscribers": ("postroom.cli.subscribers", "import, export and list subscribers"),
    "suppress": ("postroom.cli.suppress", "never write to an address again"),
    "feedback": ("postroom.cli.feedback", "read bounces, and list what came back"),
    "stats": ("postroom.cli.stats", "tell what became of what went out"),
    "send-test": ("postroom.cli.send_test", "send one marked test message"),
    "web": ("postroom.cli.web", "serve the pages that readers reach"),
    "schema": ("postroom.cli.schema", "print the JSON Schema of config.yaml"),
    "doctor": ("postroom.cli.doctor", "find out what is wrong with this installation"),
}
"""Every command: the module whose `command` it is, and its line in `postroom --help`."""


HELPERS = {"help-out": "postroom.cli.help_out"}
"""What Postroom calls for itself: the module whose `command` it is."""


class _Family(click.Group):
    """A group that imports a command's module only when the command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = COMMANDS[cmd_name][0] if cmd_name in COMMANDS else HELPERS.get(cmd_name)
        if module is None:
            return None
        command = import_module(module).command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in {*COMMANDS, *HELPERS} and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, n=1)
            hint = f"; did you mean '{near[0]}'?" if near else "; see 'postroom --help'"
            raise click.UsageError(f"there is no command '{args[0]}'{hint}", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=_Family, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="postroom")
@click.option(
    "--config",
    "config",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("config.yaml"),
    show_default=True,
    help="The project's settings; its folder is the project.",
)
@click.pass_context
def postroom(ctx: click.Context, config: Path) -> None:
    """Publish ready articles once to everyone: a newsletter, and posts that fit each network.

    Start with `postroom init`, look with `postroom preview`, then `postroom run`.
    """
    ctx.obj = config


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and tell its exit code; prints every expected error as one sentence."""
    try:
        return int(postroom.main(args=arguments, prog_name="postroom", standalone_mode=False) or 0)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        error.show()
        return 2
    except (click.Abort, KeyboardInterrupt):
        sys.stderr.write("stopped\n")
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except Exception as error:
        return _told(error)


def _told(error: Exception) -> int:
    from postroom.errors import (
        DISK_FAILED,
        AmbiguousEdition,
        ConfigError,
        LedgerBroken,
        NoSuchEdition,
        PostroomError,
        UsageError,
    )
    from postroom.model import visible

    if not isinstance(error, PostroomError):
        raise error
    told = str(error) if isinstance(error, ConfigError) else f"postroom: {error}"
    sys.stderr.write(f"{visible(told)}\n")
    if isinstance(error, LedgerBroken):
        return DISK_FAILED
    return 2 if isinstance(error, AmbiguousEdition | ConfigError | NoSuchEdition | UsageError) else 1
