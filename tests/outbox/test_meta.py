"""Facts about the ledger itself."""

from __future__ import annotations

from datetime import UTC, datetime

from postroom.outbox import Ledger, meta
from postroom.outbox.meta import GoodConfig

NOW = datetime(2026, 11, 22, 9, 0, 0, 123456, tzinfo=UTC)


def test_the_link_key_is_made_once(url: str) -> None:
    with Ledger(url) as ledger:
        key = ledger.write(meta.link_key)
    with Ledger(url) as ledger:
        assert ledger.write(meta.link_key) == key
    assert len(key) == 32


def test_a_heartbeat_is_kept_to_the_microsecond(ledger: Ledger) -> None:
    assert ledger.read(meta.heartbeat) is None
    ledger.write(meta.beat, NOW)
    assert ledger.read(meta.heartbeat) == NOW


def test_the_last_good_config_comes_back(ledger: Ledger) -> None:
    assert ledger.read(meta.last_good_config) is None
    for text in ("a: 1\n", "a: ü\n"):
        config = GoodConfig(text=text, digest="d", path="/x/config.yaml")
        ledger.write(meta.keep_config, config)
        assert ledger.read(meta.last_good_config) == config
