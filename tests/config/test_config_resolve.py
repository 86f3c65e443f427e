"""What is not said has a default, what is said for one channel holds for it alone, and paths are absolute."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import postroom
from postroom.config import Config, ImapSettings, NotifyHook, NotifyMail, parse
from postroom.config.palette import DARK, LIGHT, contrast
from postroom.config.rules import RULES
from postroom.model import Channel, LinkMode, Severity, Thresholds, Unsubscribe

SMALLEST = """\
publication: {name: News, url: https://n.example/}
audiences: {people: {file: people.csv}}
channels:
  weekly_mail:
    kind: email
    from: News <n@news.example>
    audience: people
    transport: out
  posts:
    kind: linkedin
    transport: out
transports: {out: {kind: folder, path: out}}
"""

HERE = Path("/project/config.yaml")
LISTS = """\
publication: {name: News, url: https://n.example/}
web: {url: https://mail.n.example, sign_up: OPEN}
audiences: {readers: {list: weekly}, file: {file: people.csv}, more: {list: extra}, nobody: {list: unused}}
channels:
  a: {kind: email, from: n@news.example, audience: readers, transport: out}
  b: {kind: email, from: n@news.example, audience: file, transport: out}
  c: {kind: email, from: n@news.example, audience: more, name: More news, transport: out}
  d: {kind: email, from: n@news.example, audience: more, name: Even more, transport: out}
transports: {out: {kind: folder, path: out}}
"""


def read(*more: str, **channel: str) -> Config:
    """Read the smallest config with further lines; keywords go into the first channel (`mail`) or `posts`."""
    text = SMALLEST
    for kind, settings in channel.items():
        text = text.replace(f"kind: {kind}\n", f"kind: {kind}\n    {settings}\n")
    return parse(text + "\n".join(more), Path("/project/config.yaml"))


def mail(settings: str, *more: str) -> Channel:
    return read(*more, email=settings).channels["weekly_mail"]


@pytest.mark.parametrize(
    ("said", "archive"),
    [("", ("weekly", "monthly", "letter")), ("archive: [weekly]", ("weekly",)), ("archive: []", ())],
)
def test_anybody_may_read_the_mail_of_the_channels_that_are_named(
    said: str, archive: tuple[str, ...]
) -> None:
    text = f"""
publication: {{name: News, url: https://n.example}}
web: {{url: https://mail.n.example, {said}}}
audiences: {{people: {{file: people.csv}}}}
transports: {{out: {{kind: folder, path: out}}}}
channels:
  weekly: {{kind: email, from: n@n.example, audience: people, transport: out}}
  monthly: {{kind: email, from: n@n.example, audience: people, transport: out, was: letter}}
  linkedin: {{kind: linkedin, transport: out}}
"""
    config = parse(text, Path("/project/config.yaml"))
    assert config.web is not None
    assert config.web.archive == archive
    for name, channel in config.channels.items():
        assert channel.web_view == ("https://mail.n.example" if name in archive else None)


def test_the_defaults_are_those_that_editors_are_told() -> None:
    config = read()
    assert (config.publication.language, config.publication.timezone) == ("en", "UTC")
    assert config.articles.folder == Path("/project/articles")
    assert config.articles.url == "https://n.example/articles/{slug}"
    assert (config.articles.publish_time, config.articles.hold_if_late) == (time(9), None)
    assert (config.articles.settle, config.articles.aliases) == (timedelta(seconds=2), {})
    assert (config.images.folder, config.images.url) == (
        Path("/project/public/images"),
        "https://n.example/images",
    )
    assert (config.web, config.checks, config.warnings) == (None, {}, ())
    assert (config.database, config.templates) == (
        "sqlite:////project/postroom.db",
        Path("/project/templates"),
    )


def test_the_defaults_of_a_mail_channel() -> None:
    channel = read().channels["weekly_mail"]
    assert [each.name for each in channel.variants] == ["article"]
    assert channel.sender is not None
    assert (channel.sender.list_id, channel.sender.list_name) == ("weekly-mail.news.example", "News")
    assert (channel.approval, channel.hold_when_uncertain, channel.rehearsal) == (False, False, True)
    assert (channel.ignore_before, channel.hold_if_late, channel.unsubscribe) == (None, None, None)


def test_the_defaults_of_a_network() -> None:
    channel = read().channels["posts"]
    assert [(each.name, each.after) for each in channel.variants] == [("hook", None)]
    assert (channel.link, channel.hashtags, channel.hold_when_uncertain) == (LinkMode.CARD, (), True)
    assert (channel.sender, channel.audience) == (None, None)


def test_relative_paths_start_at_the_config_and_absolute_ones_stay() -> None:
    config = read("articles: {folder: ../texts}", "templates: /elsewhere/./templates")
    assert config.articles.folder == Path("/texts")
    assert config.templates == Path("/elsewhere/templates")
    assert config.transports["out"].settings.model_dump()["path"] == Path("/project/out")
    audience = config.channels["weekly_mail"].audience
    assert audience is not None
    assert (audience.file, audience.shown, audience.line) == (Path("/project/people.csv"), "people.csv", 2)


def test_an_audience_may_be_a_segment_and_all_audiences_are_known() -> None:
    both = "people: {file: people.csv}, ai: {list: weekly, only: 'tags has \"ai\"'}"
    text = SMALLEST.replace("people: {file: people.csv}", both)
    found = parse(text, Path("/project/config.yaml")).audiences
    assert [(each.name, each.list, each.only) for each in found.values()] == [
        ("people", None, None),
        ("ai", "weekly", 'tags has "ai"'),
    ]
    assert (found["ai"].only_line, found["people"].only_line) == (found["ai"].line, None)


@pytest.mark.parametrize(
    ("given", "settled"),
    [
        ("sqlite:///a/b.db", "sqlite:////project/a/b.db"),
        ("sqlite:////var/b.db", "sqlite:////var/b.db"),
        ("sqlite:///b.db?timeout=5", "sqlite:////project/b.db?timeout=5"),
        ("postgresql://u:${PW}@h/db", "postgresql://u:${PW}@h/db"),
    ],
)
def test_the_ledger_of_a_project_does_not_depend_on_where_one_stands(given: str, settled: str) -> None:
    assert read(f'outbox: {{database: "{given}"}}').database == settled


def test_references_take_what_another_setting_says() -> None:
    config = read('articles: {url: "{publication.url}/a/{slug}"}', 'images: {url: "{publication.url}/i"}')
    assert config.articles.url == "https://n.example/a/{slug}"
    assert config.images.url == "https://n.example/i"


def test_secrets_stay_names() -> None:
    smtp = 'transports: {mx: {kind: smtp, host: h, username: u, password: "${PW}"}, '
    text = SMALLEST.replace("transports: {", smtp)
    settings = parse(text, Path("/p/config.yaml")).transports["mx"].settings
    assert "${PW}" not in repr(settings)
    assert settings.model_dump()["password"].get_secret_value() == "${PW}"


def test_a_date_begins_in_the_zone_of_the_publication() -> None:
    text = SMALLEST.replace("name: News,", "name: News, timezone: Europe/Rome,")
    text = text.replace("kind: email", "kind: email\n    ignore_before: 2025-01-01")
    channel = parse(text, Path("/p/config.yaml")).channels["weekly_mail"]
    assert channel.ignore_before == datetime(2025, 1, 1, tzinfo=ZoneInfo("Europe/Rome"))


def test_a_moment_may_name_its_own_zone() -> None:
    channel = mail('ignore_before: "2025-01-01T08:00Z"')
    assert channel.ignore_before == datetime(2025, 1, 1, 8, tzinfo=UTC)


def test_what_a_channel_says_of_lateness_wins_over_the_articles() -> None:
    config = read(
        "articles: {hold_if_late: 3 days}", email="hold_if_late: never", linkedin="hashtags: ['#AI']"
    )
    assert config.channels["weekly_mail"].hold_if_late is None
    assert config.channels["posts"].hold_if_late == timedelta(days=3)
    assert config.channels["posts"].hashtags == ("AI",)
    assert mail("hold_if_late: 0 seconds", "articles: {hold_if_late: 3 days}").hold_if_late == timedelta()


def test_the_line_of_each_setting_is_known_also_of_inherited_ones() -> None:
    config = read("articles: {hold_if_late: 3 days}")
    assert config.channels["weekly_mail"].lines == {
        "channel": 4, "kind": 5, "from": 6, "audience": 7, "transport": 8, "articles.hold_if_late": 13,
    }  # fmt: skip
    assert config.transports["out"].line == 12


def test_each_variant_knows_its_line_and_its_delay() -> None:
    variants = read(linkedin="variants:\n      - hook\n      - card: 2 days later").channels["posts"].variants
    assert [(each.name, each.after, each.line) for each in variants] == [
        ("hook", None, 12),
        ("card", timedelta(days=2), 13),
    ]


def test_a_template_of_ones_own_is_a_variant(tmp_path: Path) -> None:
    folder = tmp_path / "templates" / "linkedin"
    folder.mkdir(parents=True)
    (folder / "haiku.j2").write_text("")
    text = SMALLEST.replace("kind: linkedin", "kind: linkedin\n    variants: [haiku]")
    variants = parse(text, tmp_path / "config.yaml").channels["posts"].variants
    assert [each.name for each in variants] == ["haiku"]


def test_a_channel_may_speak_in_its_own_name() -> None:
    channel = mail(
        'name: Nieuws\n    language: nl\n    address: "Amsterdam"\n    links: {home: https://nl.example}'
    )
    publication = channel.publication
    assert (publication.name, publication.language, publication.address) == ("Nieuws", "nl", "Amsterdam")
    assert publication.links == {"home": "https://nl.example"}
    assert channel.sender is not None
    assert channel.sender.list_name == "Nieuws"


@pytest.mark.parametrize(
    ("said", "way"),
    [
        ("web", Unsubscribe(web="https://mail.n.example")),
        ("{mailto: leave@n.example}", Unsubscribe(mailto="leave@n.example")),
        ('{url: "https://n.example/{token}"}', Unsubscribe(url="https://n.example/{token}")),
    ],
)
def test_the_way_out_is_one_of_three(said: str, way: Unsubscribe) -> None:
    assert mail(f"unsubscribe: {said}", "web: {url: https://mail.n.example}").unsubscribe == way


def test_nothing_is_open_to_strangers_unless_it_is_named() -> None:
    closed, open_ = (parse(LISTS.replace("OPEN", each), HERE).web for each in ("[]", "[readers]"))
    assert closed is not None
    assert open_ is not None
    assert (closed.sign_up, open_.sign_up) == ((), ("weekly",))


def test_a_list_bears_the_name_of_its_channel_and_of_its_audience_where_two_share_that() -> None:
    web = parse(LISTS.replace("OPEN", "[readers]"), HERE).web
    assert web is not None
    assert web.titles == {"weekly": "News: readers", "@file": "News: file", "extra": "More news"}


def test_a_brand_is_merged_colour_by_colour() -> None:
    channel = mail(
        "brand: {corners: 0, dark: {text: '#fff'}}", "brand: {accent: '#006600', font: Georgia, width: 640}"
    )
    brand = channel.brand
    assert (brand.light.accent, brand.light.text) == ("#006600", LIGHT.text)
    assert (brand.dark.text, brand.dark.surface) == ("#ffffff", DARK.surface)
    assert (brand.font, brand.width, brand.radius, brand.logo) == ("Georgia", 640, 0, None)


def test_an_accent_without_a_dark_one_is_made_readable_on_dark() -> None:
    brand = mail("brand: {accent: '#003300'}", "brand: {accent: '#111', dark: {accent: '#8ec1ff'}}").brand
    assert brand.dark.accent != "#8ec1ff"
    assert contrast(brand.dark.accent, brand.dark.surface) >= 4.5


def test_a_colour_that_is_hard_to_read_is_a_warning() -> None:
    (warning,) = read("brand: {accent: '#ffff00'}").warnings
    assert (warning.severity, warning.rule) == (Severity.WARNING, "config-contrast")
    assert str(warning) == (
        "config.yaml:13:17: brand.accent: #ffff00 on #ffffff is hard to read: contrast 1.1, expected 4.5"
    )


def test_a_secret_written_out_is_a_warning_that_does_not_show_it() -> None:
    text = SMALLEST.replace(
        "transports: {", "transports: {mx: {kind: smtp, host: h, username: u, password: hunter2}, "
    )
    (warning,) = parse(text, Path("/p/config.yaml")).warnings
    assert warning.rule == "config-open-secret"
    assert "hunter2" not in warning.message


def test_mail_to_people_without_a_postal_address_is_a_warning() -> None:
    text = SMALLEST.replace("transport: out\n  posts", "transport: mx\n  posts")
    text = text.replace("transports: {", "transports: {mx: {kind: smtp, host: h}, ")
    assert [each.rule for each in parse(text, Path("/p/config.yaml")).warnings] == ["config-no-address"]


@pytest.mark.parametrize(
    ("rule", "hint"),
    [
        ("image-mising", '; did you mean "image-missing"?'),
        ("zzz", "; `postroom check` names the rule of a finding in brackets"),
    ],
)
def test_a_grade_for_a_rule_that_no_finding_has_is_a_warning(rule: str, hint: str) -> None:
    (warning,) = read(f"checks: {{{rule}: error}}").warnings
    assert str(warning) == f'config.yaml:13:10: checks.{rule}: no finding has the rule "{rule}"{hint}'


def test_every_rule_of_the_code_can_be_graded() -> None:
    told = set()
    for file in Path(postroom.__file__).parent.rglob("*.py"):
        if file.parent.name in {"lint", "articles", "render", "assets", "audience", "pipeline"}:
            text = file.read_text(encoding="utf-8")
            told |= set(
                re.findall(
                    r'(?:error|warning|info|refusal|finding|note|Fault|_slip)\(\s*"([a-z]+(?:-[a-z0-9]+)+)"',
                    text,
                )
            )
            told |= set(re.findall(r'rule="([a-z-]+)"', text))
    assert len(told) > 60
    assert told - RULES == set()


def test_checks_are_regraded_or_switched_off() -> None:
    config = read("checks: {image-missing: error, long-title: off}")
    assert config.checks == {"image-missing": Severity.ERROR, "long-title": None}


def test_further_names_for_front_matter_may_be_one_or_many() -> None:
    config = read("articles: {aliases: {title: headline, publish_date: [launch, day]}}")
    assert config.articles.aliases == {"title": ("headline",), "publish_date": ("launch", "day")}


def test_a_section_without_a_value_counts_as_left_out() -> None:
    assert read("brand:", "articles:\n  folder:", "web:") == parse(
        SMALLEST + "brand:\narticles:\n  folder:\nweb:", Path("/project/config.yaml")
    )
    assert read("web:").web is None


PLACES = """
operation: {listen: "127.0.0.1:9090"}
notify:
  - mail: {to: Ops@N.example, transport: out}
  - slack: "${SLACK}"
    about: [held, paused]
  - webhook: http://127.0.0.1:8000/told
"""


def test_whoever_runs_it_is_told_and_may_ask() -> None:
    config = read(PLACES)
    assert config.listen == "127.0.0.1:9090"
    mail, slack, webhook = config.notify
    assert isinstance(mail, NotifyMail)
    assert (mail.to, mail.transport, mail.about) == ("Ops@n.example", "out", frozenset())
    assert mail.sender == config.channels["weekly_mail"].sender.from_  # type: ignore[union-attr]  # it is mail
    assert isinstance(slack, NotifyHook)
    assert (slack.kind, slack.url.reference, slack.about) == ("slack", "${SLACK}", {"held", "paused"})
    assert isinstance(webhook, NotifyHook)
    assert webhook.kind == "webhook"
    assert config.warnings == ()


def test_nobody_is_told_and_nobody_may_ask_unless_it_is_said() -> None:
    config = read()
    assert (config.listen, config.notify) == (None, ())


def test_the_address_of_a_hook_that_stands_in_the_open_is_worth_a_warning_and_is_shown_nowhere() -> None:
    config = read("notify: [{slack: https://hooks.slack.com/services/T0/B0/XyZ}]")
    assert [each.rule for each in config.warnings] == ["config-open-secret"]
    assert "XyZ" not in f"{config.notify}{config.warnings}"


FEEDBACK = """
web: {url: https://mail.n.example}
feedback:
  give_up_after: {bounced: 2, within: 10 days}
  mailbox: {imap: imap.n.example, username: "${U}", password: "file:secrets/imap", ca: ca.pem, every: 1 minute}
  webhooks:
    ses: {topics: ["arn:aws:sns:eu-west-1:123456789012:bounces"]}
    postmark: {username: hook, password: "${P}"}
    mailgun: {signing_key: "${K}"}
"""


def test_what_comes_back_is_read_where_it_is_said() -> None:
    found = read(FEEDBACK).feedback
    assert found.thresholds == Thresholds(bounced=2, deferred=5, within=timedelta(days=10))
    assert found.mailbox is not None
    assert found.mailbox.every == timedelta(minutes=1)
    account = found.mailbox.place
    assert isinstance(account, ImapSettings)
    assert (account.host, account.port, account.folder) == ("imap.n.example", 993, "INBOX")
    assert (account.password.reference, account.ca) == ("file:secrets/imap", Path("/project/ca.pem"))
    assert found.webhooks.topics == {"arn:aws:sns:eu-west-1:123456789012:bounces"}
    assert found.webhooks.postmark is not None
    assert [each.reference for each in found.webhooks.postmark] == ["hook", "${P}"]
    assert found.webhooks.mailgun is not None
    assert found.webhooks.is_any


def test_a_maildir_lies_where_the_config_says() -> None:
    found = read("feedback: {mailbox: {maildir: mail/bounces}}").feedback.mailbox
    assert found is not None
    assert (found.place, found.every) == (Path("/project/mail/bounces"), timedelta(minutes=5))


def test_nothing_comes_back_unless_it_is_said_from_where() -> None:
    found = read().feedback
    assert (found.mailbox, found.webhooks.is_any, found.thresholds) == (None, False, Thresholds())


def test_secrets_of_feedback_that_stand_in_the_open_are_worth_a_warning_and_are_shown_nowhere() -> None:
    text = FEEDBACK.replace("${P}", "XyZ").replace("${K}", "XyZ").replace("file:secrets/imap", "XyZ")
    config = read(text)
    assert [each.rule for each in config.warnings] == ["config-open-secret"] * 3
    assert [each.line for each in config.warnings] == sorted(each.line or 0 for each in config.warnings)
    assert "XyZ" not in f"{config.feedback}{config.warnings}"


def test_each_mail_may_be_sent_from_an_address_of_its_own() -> None:
    sender = mail("return_path: bounces+{token}@mail.n.example").sender
    assert sender is not None
    assert sender.return_path == "bounces+{token}@mail.n.example"
