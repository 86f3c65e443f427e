"""What a public page knows of the publication: plain values, set by whoever answers the request."""

from __future__ import annotations

from dataclasses import dataclass

from postroom.model import Brand


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Who publishes, and how their pages look.

    `url` is the publication's home page. `style` is the URL that `stylesheet(brand)` is served at, and `logo`
    that of a picture, both on the origin of the pages: the policy lets nothing else in. `language` is the
    publication's, `reader` that of the person who looks (empty where nobody knows it); both are BCP 47 tags.
    `timezone` is an IANA name, `address` the postal one.
    """

    name: str
    url: str
    language: str
    brand: Brand
    style: str
    reader: str = ""
    timezone: str = "UTC"
    logo: str | None = None
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A list that people may tick. `key` is what the form sends for it, `about` a sentence on what it is."""

    key: str
    title: str
    about: str = ""
    is_chosen: bool = False
