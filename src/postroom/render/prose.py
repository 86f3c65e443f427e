"""An article's body as HTML for mail."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from markdown_it.renderer import RendererHTML

from postroom.model import Asset
from postroom.render.dialect import reader
from postroom.render.highlight import coloured
from postroom.render.pictures import shown_size
from postroom.render.rawhtml import as_named, picture_in, without_tags
from postroom.render.sanitise import sanitised

if TYPE_CHECKING:
    from markdown_it.token import Token
    from markdown_it.utils import EnvType, OptionsDict

_IMG = re.compile(r"<img\b(?:[^<>\"']{1,500}+|\"[^\"]{0,500000}\"|'[^']{0,500000}'){0,40}+>", re.IGNORECASE)
_WIDTH = re.compile(r"<img ((?:src|alt)=\"[^\"]*\" (?:alt=\"[^\"]*\" )?)width=\"(\d+)\"")
_HEADING = re.compile(r"<(/?)h([1-6])\b")


def html_of(
    tokens: Sequence[Token], images: Mapping[str, Asset], *, base: str, column: int, raw_html: bool
) -> str:
    """Render tokens as sanitised HTML whose headings start at 2 and skip no level."""
    written = Prose(images, column, raw_html=raw_html).render(tokens, reader().options, {})
    return levelled(_bounded(sanitised(written, base))).strip()


def _bounded(html: str) -> str:
    """Tell pictures their greatest width in style as well: they shrink with a phone, also while images are off."""
    return _WIDTH.sub(r'<img style="max-width:\2px" \1width="\2"', html)


def levelled(html: str) -> str:
    """Renumber headings: the mail's title is the one h1, its body begins at h2 and goes down step by step."""
    above: list[int] = []
    given: list[int] = []

    def renumbered(match: re.Match[str]) -> str:
        if match[1]:
            return f"</h{given.pop()}" if given else match[0]
        written = int(match[2])
        while above and above[-1] >= written:
            above.pop()
        above.append(written)
        given.append(min(6, len(above) + 1))
        return f"<h{given[-1]}"

    return _HEADING.sub(renumbered, html)


class Prose(RendererHTML):
    """Writes each kind of token as mail clients understand it. Its output is still to be sanitised."""

    def __init__(self, images: Mapping[str, Asset], column: int, *, raw_html: bool) -> None:
        super().__init__()
        self._images = images
        self._column = column
        self._raw_html = raw_html

    def image(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        """Show a picture at the size that it is shown, or say which one is missing."""
        token = tokens[index]
        alt = self.renderInlineAsText(token.children or [], options, env)
        return self._picture(str(token.attrs.get("src", "")), alt)

    def _picture(self, src: str, alt: str) -> str:
        asset = self._images.get(src) or self._images.get(as_named(src))
        if asset is None:
            return f'<span class="unshown">[Image: {escape(alt)}]</span>' if alt.strip() else ""
        width, height = shown_size(asset, self._column)
        tall = f' height="{height}"' if height else ""
        return f'<img src="{escape(asset.url)}" alt="{escape(alt)}" width="{width}"{tall}>'

    def html_block(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        """Pass raw HTML on, its pictures replaced."""
        return self._raw(tokens[index].content)

    def html_inline(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        """Pass raw HTML on, its pictures replaced."""
        return self._raw(tokens[index].content)

    def _raw(self, html: str) -> str:
        if not self._raw_html:
            return escape(without_tags(html))
        return _IMG.sub(lambda match: self._picture(*picture_in(match[0])), html)

    def fence(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        """Colour a block of code by the language it names."""
        token = tokens[index]
        language = token.info.split(maxsplit=1)[0] if token.info.strip() else ""
        code = coloured(token.content.rstrip("\n"), language)
        return f'<pre class="code"><code>{code}</code></pre>\n'

    def code_block(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        """Write indented code."""
        return self.fence(tokens, index, options, env)

    def paragraph_open(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        """Begin a paragraph; one that only holds a picture is a figure."""
        if tokens[index].hidden:
            return ""
        return '<div class="figure">' if _is_figure(tokens[index + 1]) else "<p>"

    def paragraph_close(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        """End it, with the picture's title as caption."""
        if tokens[index].hidden:
            return ""
        if not _is_figure(tokens[index - 1]):
            return "</p>\n"
        inline = tokens[index - 1].children or []
        title = next((str(each.attrs["title"]) for each in inline if "title" in each.attrs), "")
        caption = f'<div class="caption">{escape(title)}</div>' if title else ""
        return f"{caption}</div>\n"

    def table_open(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        """Put a table into a frame that scrolls on a phone."""
        return '<div class="table"><table>\n'

    def table_close(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        """Close both."""
        return "</table></div>\n"

    def th_open(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        """Tell screen readers what a heading cell heads."""
        style = tokens[index].attrs.get("style")
        return f'<th scope="col" style="{style}">' if style else '<th scope="col">'

    def bullet_list_open(
        self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
    ) -> str:
        """Begin a list; a list of tasks has its own look."""
        return '<ul class="checklist">\n' if _is_checklist(tokens, index) else "<ul>\n"

    def footnote_ref(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        """Point to a note."""
        number, back = _note(tokens[index])
        return f'<sup class="footnote-ref"><a href="#fn{number}" id="fnref{back}">{number}</a></sup>'

    def footnote_block_open(
        self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
    ) -> str:
        """Begin the notes."""
        return '<div class="footnotes"><ol>\n'

    def footnote_block_close(
        self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
    ) -> str:
        """End the notes."""
        return "</ol></div>\n"

    def footnote_open(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        """Begin a note."""
        return f'<li id="fn{_note(tokens[index])[0]}">'

    def footnote_close(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        """End a note."""
        return "</li>\n"

    def footnote_anchor(self, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
        """Lead back to where a note was called."""
        # U+FE0E asks for the character, not an emoji (Unicode Technical Standard 51)
        return f' <a class="footnote-back" href="#fnref{_note(tokens[index])[1]}">↩\ufe0e</a>'


def _note(token: Token) -> tuple[int, str]:
    number, call = int(token.meta["id"]) + 1, int(token.meta.get("subId", 0))
    return number, f"{number}-{call}" if call else str(number)


def _is_checklist(tokens: Sequence[Token], index: int) -> bool:
    """Tell whether every item of the list that opens at `index` is a task."""
    level = tokens[index].level
    for token in tokens[index + 1 :]:
        if token.level == level:
            return True
        if token.type == "list_item_open" and token.level == level + 1 and "class" not in token.attrs:
            return False
    return True


def _is_figure(inline: Token) -> bool:
    shown = [each for each in inline.children or [] if each.type not in ("link_open", "link_close")]
    return len(shown) == 1 and shown[0].type == "image"
