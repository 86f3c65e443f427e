"""Logs are lines of JSON that name nobody."""

from __future__ import annotations

import io
import json
import logging
import sys

import pytest
import structlog

from postroom.cli import logs


def test_an_event_is_one_line_of_json(capsys) -> None:
    logs.configure()
    structlog.get_logger().info("sent", article="Ein Gruß\naus Köln", nothing=None)
    (line,) = capsys.readouterr().err.splitlines()
    event = json.loads(line)
    assert event.keys() == {"event", "level", "timestamp", "article"}
    assert "Gruß" in line


def test_quiet_leaves_what_somebody_must_know(capsys) -> None:
    logs.configure(quiet=True)
    log = structlog.get_logger()
    log.info("sent")
    log.warning("paused")
    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == ["paused"]


@pytest.mark.parametrize("how", ["info", "warning", "error", "critical", "exception"])
def test_a_log_on_a_full_disk_stops_nobody(how: str, monkeypatch) -> None:
    with open("/dev/full", "wb", buffering=0) as full:  # noqa: PTH123  # what `2>> postroom.log` may be
        monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(full, write_through=True))
        logs.configure()
        getattr(structlog.get_logger(), how)("results cannot be recorded")


REASONS = {
    "550 <ada.l+news@example.org> is unknown": "550 <…@example.org> is unknown",
    "no such user: ada@example.org, bob@xn--e1afmkfd.example": "no such user: …@example.org, …@xn--e1afmkfd.example",
    "ada@localhost": "…@localhost",
    "550 <mary.o'brien@example.org>: unknown": "550 <…@example.org>: unknown",
    "550 'ada@example.org' is unknown": "550 '…@example.org' is unknown",
    '550 <"ada b"@example.org> is unknown': "550 <…@example.org> is unknown",
    "see https://example.org/?to=ada%40example.org": "see https://example.org/?to=…%40example.org",
    "554 ada@[192.0.2.7] is unknown": "554 …@[192.0.2.7] is unknown",
    "postgresql://postroom@db.example/postroom is gone": "postgresql://…@db.example/postroom is gone",
    "postgresql://postroom:***@db.example/": "postgresql://postroom:…@db.example/",
    "1 @ 2 and @mention": "1 @ 2 and @mention",
}


@pytest.mark.parametrize("reason", REASONS)
def test_an_address_in_a_reason_is_hidden(reason: str, capsys) -> None:
    logs.configure()
    structlog.get_logger().warning("refused", reason=reason, message_id="<1234@example.org>")
    event = json.loads(capsys.readouterr().err)
    assert event["reason"] == REASONS[reason]
    assert event["message_id"] == "<1234@example.org>"


def test_an_address_in_a_traceback_is_hidden(capsys) -> None:
    logs.configure()
    try:
        raise ValueError("ada@example.org")
    except ValueError:
        structlog.get_logger().exception("broke")
    event = json.loads(capsys.readouterr().err)
    assert "ValueError: …@example.org" in event["exception"]
    assert "ada@" not in json.dumps(event, ensure_ascii=False)


def test_what_visitors_send_is_not_logged_and_a_fault_of_the_web_server_is_an_event(capsys) -> None:
    logs.configure()
    server = logging.getLogger("uvicorn.error")
    server.warning("Invalid HTTP request received.")
    server.warning("Unsupported upgrade request.")
    assert capsys.readouterr().err == ""
    try:
        raise ValueError("ada@example.org")
    except ValueError:
        server.exception("Exception in ASGI application\n")
    (line,) = capsys.readouterr().err.splitlines()
    event = json.loads(line)
    assert event["event"] == "Exception in ASGI application"
    assert "ValueError: …@example.org" in event["exception"]


def test_the_scheduler_keeps_its_worries_to_itself(capsys) -> None:
    logs.configure()
    logging.getLogger("apscheduler.scheduler").warning("maximum number of running instances reached")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "value",
    [["ada@example.org"], {"to": "ada@example.org"}, ValueError("550 ada@example.org"), ("ada@example.org",)],
)
def test_an_address_in_whatever_is_logged_is_hidden(value: object, capsys) -> None:
    logs.configure()
    structlog.get_logger().warning("refused", value=value, number=3, is_true=True)
    line = capsys.readouterr().err
    assert "ada@" not in line
    assert {"number": 3, "is_true": True}.items() <= json.loads(line).items()
