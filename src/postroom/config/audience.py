"""Sections of config.yaml about those who get mail, and how they come and go."""

from __future__ import annotations

from pydantic import Field, model_validator

from postroom.config.fields import Line, Listen, MailAddress, Name, Only, WayOut, WebAddress
from postroom.config.section import Section
from postroom.config.words import Wrong, expected, nearest


class WebSection(Section):
    """Postroom's own pages: unsubscribe, preferences, web view."""

    url: WebAddress | None = Field(default=None, description="Their address as readers see it.")
    listen: Listen = Field(default="127.0.0.1:8080", description="Where the server waits for requests.")
    in_daemon: bool = Field(
        default=True, description="Whether `postroom run` serves them; if not, `postroom web` does."
    )
    archive: list[Name] | None = Field(
        default=None,
        description="Email channels whose mail anybody may read there; by default all, with [] none.",
    )
    sign_up: list[Name] = Field(
        default=[],
        description="Audiences that anybody may ask to join; nobody else's list is open to strangers.",
    )


class AudienceSection(Section):
    """Who gets an email channel: a file or a list, one of them."""

    file: Line | None = Field(
        default=None, description="CSV file with a column `email`.", examples=["subscribers.csv"]
    )
    list_: Name | None = Field(default=None, alias="list", description="Name of a list kept in the ledger.")
    only: Only | None = Field(
        default=None,
        description="Only these of them, by their columns, tags, language and the like; without it, all.",
        examples=['country is "DE" and tags has "ai"'],
    )
    max: int | None = Field(
        default=None, ge=1, description="Hold for a person when there are more recipients."
    )

    @model_validator(mode="after")
    def _is_one_of_both(self) -> AudienceSection:
        if (self.file is None) == (self.list_ is None):
            found = "both" if self.file else "neither"
            raise Wrong(f"expected either `file:` or `list:`, found {found}")
        return self


class UnsubscribeSection(Section):
    """The way out of a channel, one of three; `unsubscribe: web` is short for the first."""

    web: bool = Field(default=False, description="Postroom's own pages.")
    url: WayOut | None = Field(default=None, description="Page of another service; {email}, {token}.")
    mailto: MailAddress | None = Field(default=None, description="Where a mail to leave the list goes.")

    @model_validator(mode="after")
    def _is_one_of_three(self) -> UnsubscribeSection:
        if sum(map(bool, (self.web, self.url, self.mailto))) != 1:
            raise Wrong("expected one of `web`, `{url: …}` and `{mailto: …}`, found none or several")
        return self


def unsubscribe_of(value: object) -> object:
    """Read the short form of a way out."""
    if value == "web":
        return {"web": True}
    if isinstance(value, dict):
        return value
    hint = nearest(value, ["web"]) if isinstance(value, str) else ""
    raise Wrong(str(expected("`web`, `{url: …}` or `{mailto: …}`", value)) + hint)
