"""Render an article: Markdown, templates, mail and posts. Pure: no network, no clock."""

from postroom.render.email import render_email
from postroom.render.greeting import Greeting, render_greeting
from postroom.render.markdown import Document, parse
from postroom.render.post import render_post
from postroom.render.templates import Templates

__all__ = [
    "Document",
    "Greeting",
    "Templates",
    "parse",
    "render_email",
    "render_greeting",
    "render_post",
]
