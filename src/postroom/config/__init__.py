"""config.yaml → Config. Whatever is wrong in it is told at once, in an editor's words, with its place.

    text ──tree──► values with places ──references──► filled in ──sections──► checked piece by piece
         ──crosscheck──► checked together ──resolve──► Config

Paths are made absolute, secrets stay names (`${NAME}`), and nothing but config.yaml and the names
of template files is read.
"""

from postroom.config.config import (
    ArticleSettings,
    Config,
    ImageSettings,
    NotifyHook,
    NotifyMail,
    NotifyPlace,
    TransportSettings,
    WebSettings,
)
from postroom.config.feedback import (
    FeedbackSettings,
    ImapSettings,
    MailboxSettings,
    WebhookSettings,
)
from postroom.config.kinds import known_variants
from postroom.config.reading import load, parse, schema

__all__ = [
    "ArticleSettings",
    "Config",
    "FeedbackSettings",
    "ImageSettings",
    "ImapSettings",
    "MailboxSettings",
    "NotifyHook",
    "NotifyMail",
    "NotifyPlace",
    "TransportSettings",
    "WebSettings",
    "WebhookSettings",
    "known_variants",
    "load",
    "parse",
    "schema",
]
