"""What config.yaml may hold: one model a section. Its descriptions are what editors see while they type."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field

from postroom.config.audience import AudienceSection, UnsubscribeSection, WebSection, unsubscribe_of
from postroom.config.feedback import FeedbackSection
from postroom.config.fields import (
    ArticleUrl,
    ClockTime,
    Colour,
    Database,
    Duration,
    DurationOrNever,
    Font,
    Hashtag,
    Language,
    Line,
    Lines,
    ListId,
    Mailbox,
    Moment,
    Name,
    Names,
    Only,
    ReturnPath,
    VariantItem,
    WebAddress,
    Zone,
)
from postroom.config.operation import NotifySection, OperationSection
from postroom.config.section import Section

ChannelKind = Literal["email", "linkedin"]


class PublicationSection(Section):
    """Who publishes."""

    name: Line = Field(
        description="Name of the publication, as readers know it.", examples=["The Learning Machine"]
    )
    url: WebAddress = Field(description="Its home page.", examples=["https://learning.example"])
    language: Language = Field(default="en", description="Language of its articles.")
    timezone: Zone = Field(default="UTC", description="Zone of all dates and times that name none.")
    address: Lines = Field(
        default="", description="Postal address for the foot of each mail; many countries require one."
    )
    links: dict[str, WebAddress] = Field(
        default={}, description="Further pages, such as `linkedin`, for the foot."
    )


class PaletteSection(Section):
    """Colours. What is left out is chosen so that it can be read."""

    accent: Colour | None = Field(default=None, description="Links and buttons.")
    background: Colour | None = Field(default=None, description="Around the article.")
    surface: Colour | None = Field(default=None, description="Behind the article.")
    text: Colour | None = Field(default=None, description="The article's text.")
    muted: Colour | None = Field(default=None, description="Dates, captions and the foot.")
    line: Colour | None = Field(default=None, description="Thin lines.")


class BrandSection(PaletteSection):
    """How mail looks."""

    logo: Line | None = Field(
        default=None, description="File of the logo.", examples=["templates/brand/logo.png"]
    )
    dark: PaletteSection = Field(
        default_factory=PaletteSection, description="Colours where readers prefer a dark screen."
    )
    font: Font | None = Field(
        default=None, description="`system`, or names of fonts with commas between them."
    )
    width: int | None = Field(
        default=None, ge=400, le=800, description="Width of the article in pixels; 600 by default."
    )
    corners: int | None = Field(
        default=None, ge=0, le=32, description="Roundness of corners in pixels; 4 by default."
    )


class ArticlesSection(Section):
    """Where articles are kept, and when they go out."""

    folder: Line = Field(
        default="articles", description="Folder of the Markdown files, with all folders in it."
    )
    url: ArticleUrl | None = Field(
        default=None,
        description="Page of an article. May hold {slug}, {id}, {year}, {month}, {day}.",
    )
    publish_time: ClockTime = Field(
        default="09:00",
        validate_default=True,
        description="Time of day for an article whose date names none.",
    )
    hold_if_late: DurationOrNever = Field(
        default="never",
        validate_default=True,
        description="Hold what became ready longer ago than this for a person.",
    )
    aliases: dict[str, Names] = Field(
        default={}, description="Your own names for front matter keys, as in `publish_date: [launch]`."
    )
    settle: Duration = Field(
        default="2 seconds",
        validate_default=True,
        description="Read a file once it has not changed for this long.",
    )


class ImagesSection(Section):
    """Where images made ready for mail go."""

    folder: Line = Field(default="public/images", description="Folder they are written to.")
    url: WebAddress | None = Field(default=None, description="Where readers find that folder on the web.")


class ChannelSection(Section):
    """A place to publish. `from`, `audience` and their like are for mail, `hashtags` and `link` for posts."""

    kind: ChannelKind = Field(description="What it is.")
    transport: Name = Field(description="Which of `transports:` carries it.", examples=["mail"])
    only: Only | None = Field(default=None, description="Which articles it takes; without it, all of them.")
    variants: list[VariantItem] | None = Field(
        default=None, min_length=1, description="Ways to tell an article: the first at once, others later."
    )
    ignore_before: Moment | None = Field(
        default=None,
        description="Leave out articles of before; by default, before the ledger first saw this channel.",
    )
    hold_if_late: DurationOrNever | None = Field(
        default=None, description="As in `articles:`, for this channel."
    )
    approval: Literal["none", "required"] = Field(
        default="none", description="Whether a person lets each one go."
    )
    on_uncertain: Literal["retry", "hold"] | None = Field(
        default=None,
        description="When an answer was lost: try again (mail), or leave it to a person (posts).",
    )
    was: Name | None = Field(
        default=None, description="Its former name, so that nothing goes out anew after a change."
    )
    audience: Name | None = Field(
        default=None, description="Which of `audiences:` gets it.", examples=["subscribers"]
    )
    from_: Mailbox | None = Field(
        default=None,
        alias="from",
        description="Sender.",
        examples=["The Learning Machine <news@learning.example>"],
    )
    reply_to: Mailbox | None = Field(default=None, description="Where answers go, if not to the sender.")
    return_path: ReturnPath | None = Field(
        default=None,
        description="Where bounces go, if not to the sender; with {token} each mail has an address of its own.",
    )
    sender: Mailbox | None = Field(
        default=None, description="Who sends on behalf of `from`, where that is another."
    )
    list_id: ListId | None = Field(
        default=None, description="List-Id; by default the channel's name and the sender's domain."
    )
    unsubscribe: Annotated[
        UnsubscribeSection | None,
        BeforeValidator(unsubscribe_of, json_schema_input_type=Literal["web"] | UnsubscribeSection),
    ] = Field(default=None, description="The way out: `web` (Postroom's own pages), {url: …} or {mailto: …}.")
    hashtags: list[Hashtag] = Field(default=[], description="Put under each post, without #.")
    link: Literal["card", "body", "first_comment", "none"] = Field(
        default="card", description="Where a post links the article."
    )
    name: Line | None = Field(default=None, description="Name of the publication on this channel.")
    language: Language | None = Field(default=None, description="Language of this channel.")
    address: Lines | None = Field(default=None, description="Postal address on this channel.")
    links: dict[str, WebAddress] = Field(default={}, description="Further pages on this channel.")
    brand: BrandSection = Field(
        default_factory=BrandSection, description="What looks different on this channel."
    )


class TransportSection(BaseModel):
    """What carries messages. Which settings there are depends on its `kind`."""

    kind: str = Field(description="What it is.")


class OutboxSection(Section):
    """The ledger of everything that went out."""

    database: Database = Field(
        default="sqlite:///postroom.db", description="sqlite:///FILE or postgresql://…"
    )


Grade = Literal["error", "warning", "info", "off"]


class ProjectSection(Section):
    """Settings that are no group."""

    templates: Line = Field(default="templates", description="Folder of your own templates.")
    checks: dict[str, Grade] = Field(
        default={}, description="How bad a finding is, by rule; `off` silences it."
    )


class ConfigFile(ProjectSection):
    """Settings of Postroom."""

    publication: PublicationSection = Field(description="Who publishes.")
    brand: BrandSection = Field(default_factory=BrandSection, description="How mail looks.")
    articles: ArticlesSection = Field(
        default_factory=ArticlesSection, description="Where articles are kept, and when they go out."
    )
    images: ImagesSection = Field(
        default_factory=ImagesSection, description="Where images made ready for mail go."
    )
    web: WebSection | None = Field(
        default=None, description="Postroom's own pages: unsubscribe, preferences, web view."
    )
    audiences: dict[Name, AudienceSection] = Field(
        default={}, description="Who gets mail, by a name you choose."
    )
    channels: dict[Name, ChannelSection] = Field(description="Where to publish, by a name you choose.")
    transports: dict[Name, TransportSection] = Field(
        description="What carries it there, by a name you choose."
    )
    feedback: FeedbackSection = Field(
        default_factory=FeedbackSection,
        description="What comes back: bounces, complaints, and who left elsewhere.",
    )
    outbox: OutboxSection = Field(
        default_factory=OutboxSection, description="The ledger of everything that went out."
    )
    operation: OperationSection = Field(
        default_factory=OperationSection, description="How monitoring asks Postroom how it is."
    )
    notify: list[NotifySection] = Field(
        default=[], description="Who is told, once per cause, when something needs a person."
    )
