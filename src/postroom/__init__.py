"""Postroom publishes ready articles once to everyone: as a newsletter and as social posts."""

__version__ = "0.1.0"
