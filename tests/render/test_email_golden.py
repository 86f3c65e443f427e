"""The mail as a whole, compared with files that people have looked at.

`POSTROOM_GOLDEN=write pytest tests/render/test_email_golden.py` writes them anew; review the difference.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from postroom.model import (
    Article,
    Asset,
    Brand,
    Channel,
    Email,
    ImageRef,
    Manuscript,
    Palette,
    Publication,
    VariantPlan,
)
from postroom.render import Templates, render_email

GOLDEN = Path(__file__).parents[1] / "golden" / "email"

SHORT = "Dear {{first_name|reader}},\n\nthe lamp was lit at *dusk*, and [it burns](/lamp) still.\n"
RICH = """\
# Tides, measured

## Method

We read the gauge **hourly**
*by hand*.[^1]

![The gauge](gauge.jpg "The gauge at low water")

| Hour | Height |
|-----:|-------:|
| 00 | 2.1 m |
| 06 | 4.8 m |

> The sea keeps its own time.

```python
def mean(heights: list[float]) -> float:
    return sum(heights) / len(heights)
```

- [x] Spring
- [ ] Neap

[^1]: Except in storms; see https://tides.example/storms.
"""
HEBREW = "שלום לכולם.\n\n- אחת\n- שתיים\n"

LIGHT = Palette(
    accent="#0b5cad", background="#f5f4f0", surface="#ffffff", text="#1d1d1b", muted="#5d5d58", line="#e3e1da"
)
DARK = Palette(
    accent="#8ec1ff", background="#121416", surface="#1b1e21", text="#ecebe7", muted="#a8aaad", line="#34383d"
)
CHANNEL = Channel(
    name="newsletter",
    kind="email",
    publication=Publication(
        name="The Beacon",
        url="https://beacon.example",
        language="en",
        timezone="Europe/London",
        address="1 Quay, Whitby",
        links={"linkedin": "https://www.linkedin.com/company/beacon"},
    ),
    brand=Brand(light=LIGHT, dark=DARK, font="Georgia, 'Times New Roman', serif"),
    variants=(VariantPlan(name="article"),),
    transport="mail",
    transport_kind="folder",
    rehearsal=True,
)


def article(name: str, title: str, **facts: object) -> Article:
    return Article(
        id=name,
        path=f"{name}.md",
        file=f"articles/{name}.md",
        source=Path(f"/articles/{name}.md"),
        title=title,
        body_line=1,
        body_hash="",
        source_hash="",
        publish_at=datetime(2025, 2, 7, 9, tzinfo=UTC),
        url=f"https://beacon.example/articles/{name}",
        **facts,  # type: ignore[arg-type]
    )


def picture(src: str, width: int, height: int) -> Asset:
    return Asset(src=src, url=f"https://m.example/{src}", width=width, height=height)


MANUSCRIPTS = {
    "short": Manuscript(article=article("short", "Keeping the light"), body=SHORT),
    "rich": Manuscript(
        article=article(
            "rich",
            "Tides, measured",
            subtitle="A year at the gauge",
            description="What a year of readings tells.",
            authors=("Grace Darling",),
            image=ImageRef(src="sea.jpg", alt="The sea"),
            cta="Want more? Follow us on LinkedIn.",
            read_time=3,
        ),
        body=RICH,
        images={"sea.jpg": picture("sea.jpg", 1200, 675), "gauge.jpg": picture("gauge.jpg", 400, 300)},
    ),
    "hebrew": Manuscript(article=article("hebrew", "מגדלור", language="he"), body=HEBREW),
}


@pytest.mark.parametrize("name", MANUSCRIPTS)
def test_a_mail_is_as_it_was_reviewed(name: str) -> None:
    rendered = render_email(MANUSCRIPTS[name], CHANNEL, "article", Templates([], Path("/project")))
    assert isinstance(rendered.content, Email)
    assert rendered.findings == ()
    for kind, text in (
        ("html", rendered.content.html),
        ("txt", rendered.content.text),
        ("mjml", rendered.content.mjml),
    ):
        path = GOLDEN / f"{name}.{kind}"
        if os.environ.get("POSTROOM_GOLDEN") == "write":  # noqa: TID251 - how goldens are renewed
            path.write_text(text, "utf-8")
        assert text == path.read_text("utf-8"), f"{path} differs; see this module's first lines"
