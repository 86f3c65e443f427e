"""Write the parts of the manual that the program itself knows: settings, commands, front matter keys.

    .venv/bin/python docs/generate.py

A page of this folder holds `<!-- generated: NAME -->` … `<!-- end -->`; what stands between is written anew.
`tests/test_docs.py` fails while a page is behind the program.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from inspect import cleandoc
from pathlib import Path
from typing import Any  # a JSON Schema holds any type

import click

from postroom.articles.names import KEYS
from postroom.cli import postroom
from postroom.config import schema

HERE = Path(__file__).parent
BLOCK = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)

Schema = Mapping[str, Any]

SECTIONS = {
    "publication": "PublicationSection",
    "brand": "BrandSection",
    "articles": "ArticlesSection",
    "images": "ImagesSection",
    "web": "WebSection",
    "audiences.NAME": "AudienceSection",
    "channels.NAME": "ChannelSection",
    "channels.NAME.unsubscribe": "UnsubscribeSection",
    "feedback": "FeedbackSection",
    "feedback.give_up_after": "ThresholdsSection",
    "feedback.mailbox": "MailboxSection",
    "feedback.webhooks": "WebhooksSection",
    "feedback.webhooks.ses": "SesSection",
    "feedback.webhooks.postmark": "PostmarkSection",
    "feedback.webhooks.mailgun": "MailgunSection",
    "outbox": "OutboxSection",
    "operation": "OperationSection",
    "notify, each item": "NotifySection",
    "notify, each item.mail": "NotifyMailSection",
}
"""The groups of config.yaml in the order of the shipped file, and what describes each in the schema."""


def settings() -> str:
    """Lay out every setting of config.yaml but those of transports, which each kind describes itself."""
    known = schema()
    parts = [_section(name, known["$defs"][definition]) for name, definition in SECTIONS.items()]
    alone = {
        name: each
        for name, each in known["properties"].items()
        if "$ref" not in each and "patternProperties" not in each and name not in ("web", "notify")
    }
    return "\n".join([*parts, _section("On their own", {"properties": alone}, is_group=False)])


def _section(name: str, group: Schema, *, is_group: bool = True) -> str:
    needed = group.get("required", ())
    rows = [
        (f"`{setting}`", _meaning(each), "needed" if setting in needed else _default(each), _example(each))
        for setting, each in group["properties"].items()
    ]
    heading = f"`{name}:`" if is_group else name
    told = f"{group['description']}\n\n" if "description" in group else ""
    return f"### {heading}\n\n{told}{_table(('setting', 'what it is', 'without it', 'for example'), rows)}"


def _meaning(setting: Schema) -> str:
    choices = [choice for each in _shapes(setting) for choice in _choices_of(each)]
    told = str(setting.get("description", ""))
    return f"{told} One of {', '.join(f'`{each}`' for each in choices)}." if choices else told


def _choices_of(shape: Schema) -> Sequence[str]:
    """Give the words that a setting, or each item of its list, may be."""
    return shape.get("enum", ()) or shape.get("items", {}).get("enum", ())


def _shapes(setting: Schema) -> Iterator[Schema]:
    """Give a setting's own shape and each that it may take instead."""
    yield setting
    yield from setting.get("anyOf", ())


def _default(setting: Schema) -> str:
    default = setting.get("default")
    return "" if default in (None, False, "") else f"`{default}`"


def _example(setting: Schema) -> str:
    """Give an example, unless the default is one."""
    examples = [example for each in _shapes(setting) for example in each.get("examples", ())]
    return f"`{examples[0]}`" if examples and not _default(setting) else ""


def commands() -> str:
    """Lay out every command with its options, in the order of `postroom --help`."""
    return "\n".join(_command(name, each) for name, each in walk("postroom", postroom))


def walk(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """Give a command and all below it, each with its whole name."""
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=name)
        for each in command.list_commands(context):
            below = command.get_command(context, each)
            assert below is not None
            yield from walk(f"{name} {each}", below)


def _command(name: str, command: click.Command) -> str:
    words = [_argument(each) for each in command.params if isinstance(each, click.Argument)]
    words += ["COMMAND"] * isinstance(command, click.Group)
    rows = [_option(each) for each in command.params if isinstance(each, click.Option) and not each.hidden]
    told = re.sub(r"(?<=\S)\n(?=\S)", " ", cleandoc(command.help or ""))
    table = f"\n{_table(('option', 'meaning'), rows)}" if rows else ""
    return f"### {' '.join([name, *words])}\n\n{told}\n{table}"


def _argument(argument: click.Argument) -> str:
    """Name an argument. Click's own way to write it differs between its versions."""
    return argument.metavar or _choices(argument) or str(argument.name).upper()


def _option(option: click.Option) -> tuple[str, str]:
    value = "" if option.is_flag or option.flag_value is True else f" {_value(option)}"
    default = f" Without it: {option.default}." if option.show_default else ""
    needed = " Needed." if option.required else ""
    return f"`{', '.join(option.opts)}{value}`", f"{option.help}{default}{needed}"


def _value(option: click.Option) -> str:
    return option.metavar or _choices(option) or option.type.name.upper()


def _choices(parameter: click.Parameter) -> str:
    return "|".join(map(str, parameter.type.choices)) if isinstance(parameter.type, click.Choice) else ""


def keys() -> str:
    """Lay out the keys of front matter and the other names that mean the same."""
    rows = [
        (f"`{_as_written(key)}`", ", ".join(f"`{name}`" for name in names if name != _as_written(key)))
        for key, names in KEYS.items()
    ]
    return _table(("key", "also read as"), rows)


def _as_written(key: str) -> str:
    return re.sub(r"([A-Z])", lambda match: f"_{match[1].lower()}", key)


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [titles, ["---"] * len(titles), *rows]
    return "".join(f"| {' | '.join(_cell(cell) for cell in line)} |\n" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


BLOCKS: Mapping[str, Callable[[], str]] = {"settings": settings, "commands": commands, "keys": keys}


def filled(text: str) -> str:
    """Return a page with its generated parts as they should be."""
    return BLOCK.sub(lambda found: f"{found[1]}\n{BLOCKS[found[2]]()}\n{found[3]}", text)


def main() -> None:
    """Write every page anew whose generated parts are behind."""
    for page in sorted(HERE.glob("*.md")):
        text = page.read_text(encoding="utf-8")
        if (new := filled(text)) != text:
            page.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
