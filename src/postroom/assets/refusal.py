"""Why an image is left out; caught where one image is resolved, never seen outside."""

from __future__ import annotations


class ImageRefused(Exception):
    """An image cannot be used. `rule` is a finding's id; the message says why, and the cure."""

    def __init__(self, rule: str, message: str) -> None:
        self.rule = rule
        super().__init__(message)
