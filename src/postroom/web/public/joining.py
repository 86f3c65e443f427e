"""The way in: sign up, look into the mailbox, confirm, welcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from postroom.web.markup import Html, join, tag
from postroom.web.public.characters import legal
from postroom.web.public.fields import (
    EMAIL,
    LIST,
    NAME,
    STAMP,
    TRAP,
    Fault,
    button,
    form,
    hidden,
    summary,
    text_field,
    ticks,
    trap,
)
from postroom.web.public.frame import Sheet, document
from postroom.web.public.site import Choice, Site
from postroom.web.public.voice import Voice, voice_for


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUp:
    """A form for signing up, empty or as it came back. `stamp` is a token that tells when it was made."""

    stamp: str
    email: str = ""
    name: str = ""
    faults: tuple[Fault, ...] = ()


def sign_up(site: Site, lists: Sequence[Choice], action: str, values: SignUp) -> str:
    """Write the page on which people ask to be on `lists`; a single one is not asked for."""
    voice = voice_for(site)
    is_asked = len(lists) > 1 or Fault.NO_LIST in values.faults
    body = form(
        action,
        summary(voice, values.faults),
        _email(voice, values),
        text_field(voice, NAME, values.name, values.faults, type="text", autocomplete="name"),
        ticks(voice, "lists", lists, values.faults) if is_asked else _single(voice, lists),
        trap(voice),
        hidden(STAMP, values.stamp),
        button(voice.say("sign-up.button")),
        tag("p", voice.say("sign-up.promise"), class_="after"),
    )
    return document(voice, _sheet(voice, "sign-up", body, is_public=True, has_button=True))


def sign_up_sent(site: Site) -> str:
    """Write the answer to every form that was in order: the same whether the address was known or not."""
    voice = voice_for(site)
    body = join(tag("p", voice.say("sent.text")), tag("p", voice.say("sent.missing"), class_="after"))
    return document(voice, _sheet(voice, "sent", body))


def snippet(site: Site, lists: Sequence[Choice], action: str) -> str:
    """Write the form as HTML that editors copy into a page of their own.

    It needs no style sheet and no script, and takes on the look of the page around it. `action` is absolute. It
    holds no stamp, because the copy never changes: what arrives without one is to be shown again by
    `sign_up`, filled in and with `Fault.ONCE_MORE`, to be sent from there.
    """
    voice = voice_for(site)
    lines = [
        _labelled(voice, EMAIL, type="email", autocomplete="email", required=True),
        _labelled(voice, NAME, type="text", autocomplete="name"),
        *(_copied(each) for each in lists if len(lists) > 1),
        *(hidden(LIST, each.key) for each in lists if len(lists) == 1),
        _copied_trap(voice),
        tag("button", voice.say("sign-up.button"), type="submit"),
    ]
    opening, closing = _outer(voice, action)
    return legal("\n".join((opening, *(f"  {line}" for line in lines), closing)) + "\n")


def confirm(site: Site, lists: Sequence[str], action: str) -> str:
    """Ask whether a person wants `lists`. Looking changes nothing; the button posts to `action`."""
    voice = voice_for(site)
    body = join(
        tag("p", voice.say("confirm.text")),
        _names(voice, lists),
        form(action, button(voice.say("confirm.button"))),
        tag("p", voice.say("confirm.stranger"), class_="after"),
    )
    return document(voice, _sheet(voice, "confirm", body, has_button=True))


def confirmed(site: Site, lists: Sequence[str]) -> str:
    """Welcome a person to `lists`."""
    voice = voice_for(site)
    body = join(
        tag("p", voice.say("confirmed.text")),
        _names(voice, lists),
        tag("p", voice.say("confirmed.after"), class_="after"),
    )
    return document(voice, _sheet(voice, "confirmed", body))


def _sheet(voice: Voice, key: str, body: Html, *, is_public: bool = False, has_button: bool = False) -> Sheet:
    name = voice.site.name
    return Sheet(
        title=voice.text(key, name=name),
        heading=voice.say(key, name=name),
        body=body,
        is_public=is_public,
        has_button=has_button,
    )


def _email(voice: Voice, values: SignUp) -> Html:
    return text_field(
        voice,
        EMAIL,
        values.email,
        values.faults,
        type="email",
        autocomplete="email",
        autocapitalize="none",
        spellcheck="false",
        required=True,
    )


def _single(voice: Voice, lists: Sequence[Choice]) -> Html:
    shown = (tag("p", each.about, dir="auto", lang=voice.foreign) for each in lists if each.about)
    return join(*shown, *(hidden(LIST, each.key) for each in lists))


def _names(voice: Voice, lists: Sequence[str]) -> Html:
    return tag("ul", [tag("li", voice.name(each)) for each in lists], class_="names")


def _labelled(voice: Voice, name: str, **attributes: str | bool) -> Html:
    text = voice.text(name) if attributes.get("required") else f"{voice.text(name)} {voice.text('optional')}"
    return tag("p", tag("label", text, tag("br"), tag("input", name=name, **attributes)))


def _copied(choice: Choice) -> Html:
    box = tag("input", type="checkbox", name=LIST, value=choice.key, checked=choice.is_chosen)
    return tag("p", tag("label", box, " ", choice.title))


def _copied_trap(voice: Voice) -> Html:
    field = tag("input", name=TRAP, tabindex=-1, autocomplete="off")
    return tag(
        "div",
        tag("label", voice.say("trap"), " ", field),
        aria_hidden="true",
        style="position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)",
    )


def _outer(voice: Voice, action: str) -> tuple[str, str]:
    whole = tag(
        "form",
        action=action,
        method="post",
        accept_charset="utf-8",
        lang=voice.words.language,
        dir=voice.words.direction,
    )
    return whole.removesuffix("</form>"), "</form>"
