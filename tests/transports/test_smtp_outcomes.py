"""Every stage of SMTP, times everything a server may do there."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.model import Deferred, Outcome, Refused, Scope, Unknown
from postroom.transports._smtp_outcome import Reply, Stage, Trouble, judge

STAGES = ("connect", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "dot")
OPENING = STAGES[:4]

CODES = (421, 450, 451, 452, 454, 500, 530, 535, 550, 552, 554)
SILENCE = {
    "drop": "drop",
    "hang": "hang",
    "garbage": b"\xff\xfe<html>\r\n",
    "two digits": b"25 ok\r\n",
    "code 000": b"000 ok\r\n",
    "long line": b"250 " + b"x" * 65536 + b"\r\n",
    "half a line": b"250",
    "endless lines": b"250-more\r\n" * 1000,
}
ANSWERS = {
    **{str(code): b"%d %d.7.1 because\r\n" % (code, code // 100) for code in CODES},
    "450 in lines": b"450-4.2.0 one\r\n450-4.2.0 two\r\n450 4.2.0 three\r\n",
    "550 in lines": b"550-5.1.1 one\r\n550 5.1.1 two\r\n",
    "550 with LF only": b"550 5.1.1 no\n",
    **SILENCE,
}


def expected(stage: str, answer: str) -> tuple[type[Outcome], Scope | None]:
    """Tell the outcome by the rules, written down a second time and in another way than in the code."""
    if answer in SILENCE:
        if stage == "dot":
            return Unknown, None
        return Deferred, Scope.TRANSPORT if stage in OPENING else Scope.RECIPIENT
    code = int(answer[:3])
    late = stage in ("rcpt", "data", "dot")
    if code == 421 or (late and code < 500 and "lines" not in answer):  # all the others say 4.7.1
        return Deferred, Scope.DOMAIN if late else Scope.TRANSPORT
    if code in (530, 535) and stage not in ("connect", "starttls"):
        return Refused, Scope.TRANSPORT
    if stage == "mail":
        return Deferred if code < 500 else Refused, Scope.EDITION
    scope = Scope.RECIPIENT if late else Scope.TRANSPORT
    if code < 500 or stage in ("connect", "starttls"):
        return Deferred, scope
    return Refused, scope


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("stage", STAGES)
def test_each_answer_at_each_stage_has_one_outcome(stage, answer, serve, script, smtp_to, mail) -> None:
    server = serve(script(says={stage: ANSWERS[answer]}))
    (outcome,) = smtp_to(server.port).send([mail()])
    kind, scope = expected(stage, answer)
    assert (type(outcome), getattr(outcome, "scope", None)) == (kind, scope), outcome
    assert "localhost" in outcome.reason
    assert outcome.reason.isprintable()
    assert len(outcome.reason) < 700


@pytest.mark.parametrize("answer", ["450", "550", "550 in lines"])
def test_a_refusal_carries_the_enhanced_code_of_the_answer(answer, serve, script, smtp_to, mail) -> None:
    server = serve(script(says={"rcpt": ANSWERS[answer]}))
    (outcome,) = smtp_to(server.port).send([mail()])
    assert (
        getattr(outcome, "enhanced", None) == {"450": None, "550": "5.7.1", "550 in lines": "5.1.1"}[answer]
    )


@pytest.mark.parametrize("text", [b"5.1.1user", b"4.1.1 wrong class", b"user 5.1.1", b"", b"5.1 short"])
def test_what_is_no_enhanced_code_is_not_taken_for_one(text, serve, script, smtp_to, mail) -> None:
    server = serve(script(says={"rcpt": b"550 " + text + b"\r\n"}))
    (outcome,) = smtp_to(server.port).send([mail()])
    assert isinstance(outcome, Refused)
    assert outcome.enhanced is None


@pytest.mark.parametrize(
    ("stage", "answer"),
    [
        *((stage, answer) for stage in ("mail", "rcpt", "dot") for answer in (b"354 go\r\n", b"334 \r\n")),
        *(("data", answer) for answer in (b"250 fine\r\n", b"334 \r\n")),
    ],
)
def test_an_answer_out_of_place_never_counts_as_sent(stage, answer, serve, script, smtp_to, mail) -> None:
    server = serve(script(says={stage: answer}))
    (outcome,) = smtp_to(server.port).send([mail()])
    assert isinstance(outcome, Unknown if stage == "dot" else Deferred)


def test_a_greeting_that_drips_does_not_hold_us(serve, script, smtp_to, mail) -> None:
    server = serve(script(says={"connect": b"220-one\r\n220-two\r\n2"}))
    (outcome,) = smtp_to(server.port).send([mail()])
    assert outcome == Deferred(reason="localhost, the connection: no answer in time", scope=Scope.TRANSPORT)


def test_nobody_listening_is_deferred_for_the_whole_batch(free_port, smtp_to, mail) -> None:
    outcomes = list(smtp_to(free_port).send([mail(number=1), mail(number=2)]))
    assert [(type(each), each.scope) for each in outcomes] == [(Deferred, Scope.TRANSPORT)] * 2


def test_a_host_without_an_address_is_deferred(free_port, smtp_to, mail) -> None:
    (outcome,) = smtp_to(free_port, host="no-such-host.invalid").send([mail()])
    assert isinstance(outcome, Deferred)
    assert outcome.scope is Scope.TRANSPORT


def told(stage: Stage, answer: str) -> Outcome:
    return judge(Trouble(stage, Reply.of(int(answer[:3]), answer[4:])), "smtp.example.org")


@pytest.mark.parametrize(
    "answer",
    [
        "421 4.7.28 unusual rate of mail from your address",
        "421 closing",
        "451 4.7.650 temporarily rate limited due to IP reputation",
        "450 4.7.1 Error: too much mail from 192.0.2.1",
        "451 4.4.2 throttled",
        "451 Too many connections, slow down",
    ],
)
@pytest.mark.parametrize("stage", [Stage.RCPT, Stage.DATA, Stage.DOT])
def test_what_speaks_about_the_traffic_is_the_domains(stage: Stage, answer: str) -> None:
    outcome = told(stage, answer)
    assert (type(outcome), outcome.scope) == (Deferred, Scope.DOMAIN)


@pytest.mark.parametrize(
    "answer",
    [
        "450 4.2.0 greylisted",
        "451 4.7.1 Greylisting in action, please come back later",
        "450 4.7.1 Recipient address rejected: Gray-listed",
        "452 4.2.2 over quota",
        "450 4.2.1 receiving mail at a rate that prevents more",
        "451 4.4.1 no answer from host",
        "451 4.3.0 local error",
        "450 try again later",
    ],
)
def test_what_speaks_about_the_mailbox_or_the_moment_is_the_recipients(answer: str) -> None:
    outcome = told(Stage.RCPT, answer)
    assert (type(outcome), outcome.scope) == (Deferred, Scope.RECIPIENT)


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        ("450 4.2.0 <a@b>: Recipient address rejected: Greylisted for 300 seconds", 300),
        ("451 4.7.1 Please try again in 5 minutes", 300),
        ("450 Greylisted, please come back in 1 hour", 3600),
        ("421 too fast; wait 30 s", 30),
        ("450 4.2.0 Greylisted, retry after 10 min (see http://192.0.2.1/300 seconds)", 600),
        ("450 4.2.0 try again later", None),
        ("451 4.7.1 try again in 23 hours", 82_800),
        ("451 4.7.1 try again in 99999 hours", 86_400),
        ("450 4.2.0 Greylisted for 99999 min", 86_400),
        ("452 4.5.3 more than 100 mails in 60 minutes", None),
        ("450 4.2.0 try another server 10.0.0.5 seconds the motion", None),
        ("450 4.2.0 delayed 99999999 seconds", None),
        ("550 5.7.1 do not try again in 5 minutes", None),
    ],
)
def test_a_time_that_the_server_names_is_kept(answer: str, seconds: int | None) -> None:
    outcome = told(Stage.RCPT, answer)
    assert getattr(outcome, "after", None) == (None if seconds is None else timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("stage", "answer", "of_content"),
    [
        (Stage.RCPT, "554 5.7.1 no", False),
        (Stage.DATA, "554 no", True),
        (Stage.DOT, "554 5.7.1 spam", True),
        (Stage.DOT, "550 5.1.1 no such user", False),
        (Stage.DOT, "552 5.2.2 mailbox full", False),
        (Stage.DOT, "535 5.7.8 who are you?", False),
        (Stage.MAIL, "554 5.7.1 no", False),
    ],
)
def test_a_refusal_after_the_envelope_is_of_content_unless_it_names_the_mailbox(
    stage: Stage, answer: str, of_content: bool
) -> None:
    outcome = told(stage, answer)
    assert isinstance(outcome, Refused)
    assert outcome.of_content is of_content


@pytest.mark.parametrize("stage", list(Stage))
@given(text=st.text(max_size=200), code=st.integers(200, 599))
def test_no_answer_is_beyond_judgement(stage: Stage, code: int, text: str) -> None:
    outcome = judge(Trouble(stage, Reply.of(code, text)), "smtp.example.org")
    assert outcome.reason.isprintable()
    assert isinstance(outcome, Unknown) <= (stage is Stage.DOT)
