"""People are told once per cause, by whoever can be reached, and nobody else waits for it."""

from __future__ import annotations

import email
import email.policy
import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from postroom.config import Config, parse
from postroom.errors import TransportError
from postroom.model import Accounts, EditionState, NoticeKind
from postroom.outbox import pauses
from postroom.outbox.ledger import Ledger
from postroom.outbox.notices import QUIET
from postroom.outbox.pauses import Pause
from postroom.outbox.standing import Found, Standing, Waiting
from postroom.pipeline.causes import Cause, Expiry, causes
from postroom.pipeline.notify import MOST_AN_HOUR, Notifier, Teller, tell_once
from postroom.pipeline.places import LONGEST_SLACK, Note, NotTold, Place, for_slack, places
from postroom.pipeline.vitals import Role, Vitals
from postroom.transports.secret import reader

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SECRET = "services/T0/B0/XyZ"

CONFIG = """\
publication: {name: The Test, url: https://test.example}
channels:
  newsletter:
    kind: email
    audience: people
    from: "The Test <news@test.example>"
    unsubscribe: {mailto: leave@test.example}
    transport: mail
audiences: {people: {file: people.csv}}
transports:
  mail: {kind: smtp, host: 127.0.0.1, port: PORT, tls: none}
notify:
"""


class Clock:
    """A clock that goes on by a millisecond at each look, and by more when it is turned."""

    def __init__(self) -> None:
        self._now, self._looks = NOW, count()

    def __call__(self) -> datetime:
        return self._now + timedelta(milliseconds=next(self._looks))

    def turn(self, by: timedelta) -> None:
        self._now += by


@dataclass
class Hook:
    """A real HTTP server on loopback that keeps what is posted, and answers as it is told to."""

    posted: list[tuple[str, Any]] = field(default_factory=list)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    hangs: threading.Event = field(default_factory=threading.Event)
    arrived: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/{SECRET}"

    def texts(self) -> list[str]:
        return [body["text"] for _, body in self.posted]


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook()
    made.hangs.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            made.posted.append((self.path, body))
            made.arrived.set()
            made.hangs.wait(20)
            self.send_response(made.status)
            for name, value in made.headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made
    made.hangs.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(f"sqlite:///{tmp_path / 'postroom.db'}") as opened:
        yield opened


@pytest.fixture
def clock() -> Clock:
    return Clock()


@dataclass
class Told:
    """What a test tells with: one place, and a ledger in which a transport may be paused."""

    ledger: Ledger
    clock: Clock
    config: Config
    secrets: Callable[[str], str]
    vitals: Vitals = field(default_factory=lambda: Vitals(time.monotonic))

    def teller(self) -> Teller:
        """A teller as a fresh start makes it."""
        (place,) = places(self.config, self.secrets)
        return Teller(
            place=place,
            config=self.config.path,
            ledger=self.ledger,
            vitals=self.vitals,
            clock=self.clock,
        )

    def pause(self, *names: str) -> None:
        for name in names:
            self.ledger.write(
                pauses.pause_transport, name, "the server is down", until=None, now=self.clock()
            )

    def release(self, name: str) -> None:
        self.ledger.write(pauses.resume_transport, name)


@pytest.fixture
def told(ledger: Ledger, clock: Clock, tmp_path: Path) -> Callable[..., Told]:
    def make(place: str, port: int = 25, **environ: str) -> Told:
        config = parse(CONFIG.replace("PORT", str(port)) + f"  - {place}\n", tmp_path / "config.yaml")
        return Told(ledger, clock, config, reader(environ, tmp_path))

    return make


# What people are told.


def found(**changes: Any) -> Found:
    values = {
        "key": "news/article/one",
        "state": EditionState.OPEN,
        "reason": "",
        "holds": (),
        "rehearsal": False,
        "finished_at": None,
        "accounts": Accounts(rows_read=3, recipients=3, queued=3),
    }
    return Found(**{**values, **changes})


def only(standing: Standing, **changes: Any) -> Cause:
    (cause,) = causes(standing, {}, NOW, **changes)
    return cause


def test_what_is_as_it_should_be_is_no_cause() -> None:
    assert causes(Standing(found=(found(),)), {}, NOW) == ()


def test_a_held_edition_is_told_with_its_reason_and_the_command_that_lets_it_go() -> None:
    held = found(state=EditionState.HELD, reason="it is the first edition", holds=("first-edition",))
    cause = only(Standing(found=(held,)))
    assert (cause.kind, cause.edition) == ("held", "news/article/one")
    assert cause.sentence == (
        "news/article/one is held for a person: it is the first edition; "
        "postroom outbox approve news/article/one --recipients 3 lets it go, "
        "postroom outbox cancel news/article/one withdraws it"
    )


def test_a_hold_by_hand_is_released_rather_than_approved() -> None:
    cause = only(Standing(found=(found(state=EditionState.HELD, reason="wait"),)))
    assert "postroom outbox release news/article/one" in cause.cure


def test_an_edition_held_for_another_reason_is_another_cause() -> None:
    first = only(Standing(found=(found(state=EditionState.HELD, reason="one"),)))
    second = only(Standing(found=(found(state=EditionState.HELD, reason="two"),)))
    assert first.id != second.id


def paused(reason: str) -> Cause:
    return only(Standing(pauses=(Pause(transport="mail", reason=reason, until=None, since=NOW),)))


def test_a_transport_that_rests_again_for_the_same_fault_is_one_cause() -> None:
    first = paused("mx1.example, AUTH: 454 4.7.0 try later (id 4f7a1)")
    again = paused("mx2.example, AUTH: 454 4.7.0 try later (id 9bc02)")
    left = "; when that is mended: postroom outbox resume mail"
    assert paused(f"mx1.example, AUTH: 454 4.7.0 try later (id 1d){left}").id == first.id == again.id
    assert "postroom outbox resume mail" in first.sentence


def test_the_same_fault_over_another_reader_is_one_cause() -> None:
    first, again = (paused(f"421 over the quota of {who}@dom.example") for who in ("ada", "zoë"))
    assert first.id == again.id


def test_another_fault_of_the_same_transport_is_another_cause() -> None:
    faults = (
        "127.0.0.1, the connection: Connection refused",
        "127.0.0.1, AUTH: 454 4.7.0 try later",
        "127.0.0.1, AUTH: 535 5.7.8 try later",
    )
    assert len({paused(each).id for each in faults}) == 3


def test_another_fault_is_told_at_once(hook: Hook, told: Any) -> None:
    here = told('slack: "${SLACK}"', SLACK=hook.url)
    here.pause("mail")
    teller = here.teller()
    teller.look()
    here.ledger.write(pauses.pause_transport, "mail", "AUTH: 535 5.7.8 no", until=None, now=here.clock())
    teller.look()
    assert ["535" in text for text in hook.texts()] == [False, True]


def test_a_broken_config_is_told_with_its_place_and_what_to_do_but_not_what_stands_there(
    hook: Hook, told: Any
) -> None:
    here = told('slack: "${SLACK}"', SLACK=hook.url)
    here.config.path.write_text(here.config.text.replace("transport: mail", "transport: ada@reader.example"))
    here.vitals.broke("config", "config.yaml is broken")
    here.teller().look()
    (text,) = hook.texts()
    assert "config.yaml:8 is wrong (" in text
    assert "the last good one stays in force; mend the file, and `postroom check` says" in text
    assert "ada@" not in text


def test_doubts_are_told_with_how_to_settle_them() -> None:
    cause = only(Standing(found=(found(accounts=Accounts(uncertain=2)),)))
    assert cause.text == "2 deliveries of news/article/one may have gone out: the answer was lost"
    assert "postroom outbox resolve NUMBER" in cause.cure


def waiting(minutes: float, **changes: Any) -> Standing:
    due = NOW - minutes * MINUTE
    facts = {"transport": "mail", "due_at": due, "worked_at": None, "limited": False, **changes}
    return Standing(waiting=(Waiting(**facts),))


def test_what_is_due_for_over_a_quarter_of_an_hour_is_late() -> None:
    assert causes(waiting(15), {}, NOW) == ()
    assert only(waiting(16)).kind is NoticeKind.LATE


@pytest.mark.parametrize(
    "why", [{"limited": True}, {"worked_at": NOW - 14 * MINUTE}], ids=["its rate is used up", "it is at work"]
)
def test_what_goes_out_slowly_is_not_late(why: dict[str, Any]) -> None:
    assert causes(waiting(600, **why), {}, NOW) == ()


def test_a_transport_that_rests_is_paused_and_not_late_too() -> None:
    pause = Pause(transport="mail", reason="refused", until=None, since=NOW)
    assert only(replace(waiting(60), pauses=(pause,))).kind is NoticeKind.PAUSED


def test_a_delivery_that_never_gets_its_answer_is_told() -> None:
    # River's issue 1258: thousands of jobs stood in "running" for months, and nobody knew (I17).
    assert causes(Standing(begun={"mail": NOW - 30 * MINUTE}), {}, NOW) == ()
    cause = only(Standing(begun={"mail": NOW - 31 * MINUTE}))
    assert cause.kind is NoticeKind.LATE
    assert cause.text == "A delivery on the transport mail has no answer since 2026-11-22 08:29 UTC"


def test_a_token_is_told_a_week_before_it_expires() -> None:
    token = Expiry(what="The token of linkedin", at=NOW + timedelta(days=8), renew="postroom login linkedin")
    assert causes(Standing(), {}, NOW, expiring=[token]) == ()
    cause = only(Standing(), expiring=[replace(token, at=NOW + timedelta(days=7))])
    assert cause.sentence == "The token of linkedin expires on 2026-11-29; postroom login linkedin"


def test_what_is_broken_comes_first() -> None:
    standing = Standing(found=(found(state=EditionState.HELD),))
    told = causes(standing, {"config": "config.yaml:3:1: no such setting"}, NOW)
    assert [each.kind.value for each in told] == ["broken", "held"]
    assert told[0].text == "config: config.yaml:3:1: no such setting"


def test_a_finished_edition_is_told_with_its_accounts() -> None:
    accounts = Accounts(rows_read=1203, rejected=2, duplicate=1, recipients=1200, sent=1200)
    cause = only(Standing(found=(found(state=EditionState.FINISHED, finished_at=NOW, accounts=accounts),)))
    assert cause.kind is NoticeKind.FINISHED
    assert cause.sentence == (
        "news/article/one is finished: of 1,200 recipients 1,200 sent (1,203 rows read: 2 rejected, 1 duplicate)"
    )


def test_an_edition_that_did_not_reach_everybody_failed_and_may_finish_anew() -> None:
    accounts = Accounts(rows_read=2, recipients=2, sent=1, failed=1)
    done = found(state=EditionState.FINISHED, finished_at=NOW, accounts=accounts, rehearsal=True)
    cause = only(Standing(found=(done,)))
    assert cause.kind is NoticeKind.FAILED
    assert "as a rehearsal: of 2 recipients 1 sent, 1 failed" in cause.text
    assert cause.id != only(Standing(found=(replace(done, finished_at=NOW + MINUTE),))).id


# How they are told.


def test_slack_gets_one_text_with_its_three_characters_replaced(hook: Hook, told: Any) -> None:
    here = told('slack: "${SLACK}"', SLACK=hook.url)
    here.pause("a&b<c>")
    here.teller().look()
    ((path, body),) = hook.posted
    assert path == f"/{SECRET}"
    assert body.keys() == {"text"}
    assert body["text"].startswith("The transport a&amp;b&lt;c&gt; rests: the server is down; ")


def test_slack_is_told_no_more_than_it_shows_in_one_message() -> None:
    text = for_slack(Note(id="x", kind="held", text="<" * 10_000, at=NOW))["text"]
    assert len(text) == LONGEST_SLACK
    assert text.endswith("…")


def test_a_webhook_gets_the_documented_envelope(hook: Hook, told: Any) -> None:
    here = told('webhook: "${OPS_HOOK}"', OPS_HOOK=hook.url)
    here.pause("mail")
    here.teller().look()
    ((_, body),) = hook.posted
    assert body == {
        "event": "notice",
        "id": "paused:mail:f36b83c2",
        "kind": "paused",
        "text": "The transport mail rests: the server is down; to let it go on: postroom outbox resume mail",
        "at": body["at"],
        "edition": None,
    }
    assert datetime.fromisoformat(body["at"]) >= NOW


QUOTA = "421 4.7.0 over the quota of reader7@dom1.example, database postgresql://ann@db.example/postroom"


@pytest.mark.parametrize("place", ["slack", "webhook"])
def test_a_notice_names_no_reader_whom_a_server_named(place: str, hook: Hook, told: Any) -> None:
    here = told(f'{place}: "${{HOOK}}"', HOOK=hook.url)
    here.ledger.write(pauses.pause_transport, "mail", QUOTA, until=None, now=here.clock())
    here.teller().look()
    ((_, body),) = hook.posted
    assert "over the quota of …@dom1.example, database postgresql://…@db.example/postroom" in body["text"]
    assert "reader7" not in f"{body}"


def test_a_notice_by_mail_names_no_reader_either(mailbox: Any, told: Any) -> None:
    here = told("mail: {to: ops@example.org, transport: mail}", port=mailbox.port)
    here.ledger.write(pauses.pause_transport, "mail", QUOTA, until=None, now=here.clock())
    here.teller().look()
    assert b"reader7" not in mailbox.messages[0]


def test_a_mail_goes_through_a_named_transport_and_asks_for_no_answer(mailbox: Any, told: Any) -> None:
    here = told("mail: {to: ops@example.org, transport: mail}", port=mailbox.port)
    here.vitals.broke("articles", "the folder ärticles cannot be read")
    here.teller().look()
    assert mailbox.recipients == ["ops@example.org"]
    mail = email.message_from_bytes(mailbox.messages[0], policy=email.policy.default)
    assert (mail["From"], mail["To"]) == ("The Test <news@test.example>", "ops@example.org")
    assert mail["Subject"] == "[The Test] broken"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"].endswith("@test.example>")
    assert isinstance(mail, email.message.EmailMessage)
    assert mail.get_content().splitlines() == ["articles: the folder ärticles cannot be read"]


def test_a_text_can_smuggle_no_header_into_a_mail(mailbox: Any, told: Any) -> None:
    here = told("mail: {to: ops@example.org, transport: mail}", port=mailbox.port)
    place = here.teller().place
    evil = "one\r\nBcc: evil@example.org\r\n\r\n=?utf-8?q?hi=0ABcc=3A_evil=40x?="
    place.deliver(Note(id="held:x", kind="held", text=evil, at=NOW, edition=evil))
    mail = email.message_from_bytes(mailbox.messages[0])
    assert mailbox.recipients == ["ops@example.org"]
    assert [name for name in mail if name.lower() in ("bcc", "cc")] == []


# Once, and again.


def test_a_cause_is_told_once_also_over_a_restart(hook: Hook, told: Any) -> None:
    here = told('slack: "${SLACK}"', SLACK=hook.url)
    here.pause("mail")
    teller = here.teller()
    teller.look()
    teller.look()
    here.teller().look()
    assert len(hook.posted) == 1


def test_a_cause_that_comes_back_is_told_again(hook: Hook, told: Any) -> None:
    here = told('slack: "${SLACK}"', SLACK=hook.url)
    teller = here.teller()
    for _ in range(2):
        here.pause("mail")
        teller.look()
        here.release("mail")
        teller.look()
        here.clock.turn(QUIET + MINUTE)
    assert len(hook.posted) == 2


def test_a_place_is_told_only_about_what_it_asked_for(hook: Hook, told: Any) -> None:
    here = told('{slack: "${SLACK}", about: [broken, finished]}', SLACK=hook.url)
    here.pause("mail")
    here.vitals.broke("articles", "gone")
    teller = here.teller()
    teller.look()
    assert hook.texts() == ["articles: gone"]
    assert teller.place.wants(NoticeKind.FAILED)
    assert not teller.place.wants(NoticeKind.HELD)


def test_a_daemon_that_hangs_is_told(hook: Hook, told: Any) -> None:
    here = told('slack: "${SLACK}"', SLACK=hook.url)
    here.vitals = Vitals(count(step=400).__next__)
    here.teller().look()
    assert hook.texts() == ["heartbeat: the daemon does not come round to its work; its log says more"]


def test_of_several_processes_the_one_that_leads_tells(hook: Hook, told: Any) -> None:
    here = told('slack: "${SLACK}"', SLACK=hook.url)
    here.pause("mail")
    here.vitals.take_role(Role.STANDS_BY)
    here.teller().look()
    assert hook.posted == []
    here.vitals.take_role(Role.LEADS)
    here.teller().look()
    assert len(hook.posted) == 1


def test_more_than_twenty_in_an_hour_come_in_one_summary_and_then_none(hook: Hook, told: Any) -> None:
    here = told('slack: "${SLACK}"', SLACK=hook.url)
    here.pause(*(f"t{number}" for number in range(MOST_AN_HOUR + 5)))
    teller = here.teller()
    teller.look()
    assert len(hook.posted) == MOST_AN_HOUR + 1
    assert hook.texts()[-1].startswith("5 more notices within the hour (5 paused); ")
    here.pause("one-more")
    teller.look()
    here.teller().look()
    assert len(hook.posted) == MOST_AN_HOUR + 1
    here.clock.turn(timedelta(hours=1, minutes=1))
    teller.look()
    assert hook.texts()[-1].startswith("The transport one-more rests")
    assert len(hook.posted) == MOST_AN_HOUR + 2


# When it goes wrong.


A_NOTE = Note(id="a", kind="broken", text="Something broke.", at=NOW)


def place_of(told: Any, url: str) -> Place:
    here = told('slack: "${SLACK}"', SLACK=url)
    (place,) = places(here.config, here.secrets)
    return place


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (500, "it answered 500"),
        (404, "it answered 404"),
        (302, "it answered 302, to lead elsewhere, where it is not followed"),
    ],
)
def test_what_is_not_taken_is_tried_again_later(hook: Hook, told: Any, status: int, why: str) -> None:
    hook.status, hook.headers = status, {"Location": hook.url}
    here = told('slack: "${SLACK}"', SLACK=hook.url)
    here.pause("mail")
    teller = here.teller()
    with capture_logs() as logs:
        teller.look()
        teller.look()
    assert len(hook.posted) == 1
    assert [(each["event"], each["why"]) for each in logs] == [("notice not told; it is tried again", why)]
    hook.status = 200
    here.teller().look()
    here.teller().look()
    assert len(hook.posted) == 2


def test_a_server_that_names_a_time_is_left_alone_until_then(hook: Hook, told: Any) -> None:
    hook.status, hook.headers = 429, {"Retry-After": "7200"}
    here = told('slack: "${SLACK}"', SLACK=hook.url)
    here.pause("mail")
    teller = here.teller()
    teller.look()
    assert teller._not_before - time.monotonic() > 7000


def test_a_time_of_thousands_of_digits_is_a_day(hook: Hook, told: Any) -> None:
    hook.status, hook.headers = 429, {"Retry-After": "9" * 5000}
    with pytest.raises(NotTold) as caught:
        place_of(told, hook.url).deliver(A_NOTE)
    assert caught.value.after == timedelta(days=1)


@pytest.mark.parametrize(
    "url",
    [
        f"https://xn--a-.invalid/{SECRET}",
        f"https://{'a' * 300}.invalid/{SECRET}",
        f"https://a..b.invalid/{SECRET}",
        f"https://127.0.0.1:99999/{SECRET}",
        f"https://[::1/{SECRET}",
        f"https://\N{MATHEMATICAL BOLD CAPITAL A}\N{ZERO WIDTH JOINER}.invalid/{SECRET}",
    ],
)
def test_an_address_that_cannot_be_is_no_end_and_not_shown(told: Any, url: str) -> None:
    with pytest.raises(NotTold) as caught:
        place_of(told, url).deliver(A_NOTE)
    assert SECRET not in str(caught.value)


def test_a_hook_that_sends_its_answer_byte_by_byte_is_left(
    told: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("postroom.pipeline.places.LONGEST_SECONDS", 1)
    is_left = threading.Event()

    def drip(listener: socket.socket) -> None:
        line, _ = listener.accept()
        with line, suppress(OSError):
            line.sendall(b"HTTP/1.1 200 OK\r\n")
            while not is_left.wait(0.05):
                line.sendall(b"X")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=(listener,))
        thread.start()
        begun = time.monotonic()
        with pytest.raises(NotTold, match="it cannot be reached: TimeoutError"):
            place_of(told, f"http://127.0.0.1:{listener.getsockname()[1]}/").deliver(A_NOTE)
        assert time.monotonic() - begun < 5
        is_left.set()
        thread.join()


def test_no_secret_and_no_address_gets_into_a_log(
    hook: Hook, told: Any, caplog: pytest.LogCaptureFixture
) -> None:
    here = told('slack: "${SLACK}"', SLACK=hook.url)
    here.pause("mail")
    with capture_logs() as logs, caplog.at_level(logging.INFO):
        hook.status = 500
        here.teller().look()
        hook.status = 200
        here.teller().look()
        broken = told('slack: "${SLACK}"', SLACK=f"http://elsewhere.example/{SECRET}")
        broken.pause("other")
        broken.teller().look()
        gone = told('slack: "${SLACK}"', SLACK=f"http://127.0.0.1:1/{SECRET}")
        gone.teller().look()
    assert [each.get("why", each["event"]) for each in logs] == [
        "it answered 500",
        "notice told",
        "its address does not begin with https://; mend the secret that holds it",
        "it cannot be reached: ConnectError",
    ], "what follows proves nothing unless all of it was logged"
    assert SECRET not in f"{logs}{caplog.text}{here.config}"


def test_a_secret_that_is_not_set_is_named(told: Any) -> None:
    here = told('slack: "${SLACK}"')
    here.pause("mail")
    with capture_logs() as logs:
        here.teller().look()
    assert "the environment variable SLACK is not set" in logs[0]["why"]
    assert logs[0]["place"] == "notify, item 1 (slack)"


def test_a_mail_server_that_is_down_is_no_end(told: Any) -> None:
    here = told("mail: {to: ops@example.org, transport: mail}", port=1)
    here.pause("mail")
    with capture_logs() as logs:
        here.teller().look()
    assert logs[0]["event"] == "notice not told; it is tried again"


def test_a_ledger_that_fails_is_told_once_without_it(hook: Hook, told: Any, tmp_path: Path) -> None:
    here = told('slack: "${SLACK}"', SLACK=hook.url)
    teller = here.teller()
    here.ledger.write(lambda connection: connection.exec_driver_sql("ALTER TABLE notice RENAME TO gone"))
    teller.look()
    teller.look()
    assert len(hook.posted) == 1
    here.ledger.write(lambda connection: connection.exec_driver_sql("ALTER TABLE gone RENAME TO notice"))
    teller.look()
    assert len(hook.posted) == 1


def test_a_place_that_hangs_delays_neither_the_ledger_nor_the_stop_nor_the_others(
    hook: Hook, told: Any, mailbox: Any, tmp_path: Path
) -> None:
    both = 'slack: "${SLACK}"\n  - mail: {to: ops@example.org, transport: mail}'
    here = told(both, port=mailbox.port, SLACK=hook.url)
    hook.hangs.clear()
    here.pause("mail")
    notifier = Notifier(here.config, here.ledger, here.vitals, clock=here.clock, secrets=here.secrets)
    notifier.start()
    assert hook.arrived.wait(10)
    begun = time.monotonic()
    here.pause("page")
    assert time.monotonic() - begun < 1
    until(lambda: len(mailbox.messages) >= 1)
    notifier.close()
    assert time.monotonic() - begun < 10
    hook.hangs.set()


def until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.01)


def test_a_running_notifier_tells_as_soon_as_it_is_woken(hook: Hook, told: Any) -> None:
    here = told('slack: "${SLACK}"', SLACK=hook.url)
    notifier = Notifier(here.config, here.ledger, here.vitals, clock=here.clock, secrets=here.secrets)
    notifier.start()
    here.pause("mail")
    notifier.wake()
    assert hook.arrived.wait(10)
    notifier.close()
    assert len(hook.posted) == 1


def test_a_run_that_ends_by_itself_tells_before_it_does(hook: Hook, told: Any) -> None:
    here = told('slack: "${SLACK}"', SLACK=hook.url)
    here.pause("mail")
    tell_once(here.config, here.ledger, clock=here.clock, secrets=here.secrets)
    tell_once(here.config, here.ledger, clock=here.clock, secrets=here.secrets)
    assert len(hook.posted) == 1


def test_secrets_are_opened_only_to_tell(told: Any) -> None:
    def never(reference: str) -> str:
        raise TransportError(f"asked for {reference}")

    here = told('slack: "${SLACK}"')
    assert places(here.config, never)
    tell_once(here.config, here.ledger, clock=here.clock, secrets=never)
