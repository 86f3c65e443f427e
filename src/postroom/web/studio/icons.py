"""The few signs of the studio. Each state has a shape of its own: colour alone says nothing to many."""

from __future__ import annotations

from postroom.web.markup import Html

_SHAPES = {
    "ready": '<circle cx="8" cy="8" r="5" fill="currentColor"/>',
    "waiting": '<circle cx="8" cy="8" r="5.25"/><path d="M8 5v3.2l2 1.3"/>',
    "held": '<path d="M5.75 3.5v9M10.25 3.5v9" stroke-width="2.2"/>',
    "blocked": '<circle cx="8" cy="8" r="5.25"/><path d="m4.4 11.6 7.2-7.2"/>',
    "published": '<path d="m3 8.6 3.3 3.4L13 4.6" stroke-width="2"/>',
}
_OTHER = '<circle cx="8" cy="8" r="5.25"/>'


def state_icon(state: str) -> Html:
    """Draw a state's sign in the colour of the text around it."""
    shape = _SHAPES.get(state, _OTHER)
    return Html(
        '<svg class="icon" viewBox="0 0 16 16" width="16" height="16" fill="none" stroke="currentColor" '
        f'stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">{shape}</svg>'
    )


def state_class(state: str) -> str:
    """Name the class that colours a state; other words than the five have none of their own."""
    return f"state-{state}" if state in _SHAPES else "state-other"
