"""What an editor is told: one row a mistake, with the exact words and the exact place."""

# ruff: noqa: E501  # a message stands in one line, as an editor sees it

from __future__ import annotations

from pathlib import Path

import pytest

from postroom.config import parse
from postroom.errors import ConfigError
from postroom.model import Severity

SOUND = """\
publication: {name: News, url: https://n.example}
audiences: {people: {file: people.csv}}
channels:
  weekly:
    kind: email
    from: News <n@n.example>
    audience: people
    unsubscribe: {mailto: leave@n.example}
    transport: out
  linkedin:
    kind: linkedin
    transport: out
transports:
  out: {kind: folder, path: out}
"""

# What is replaced in SOUND, by what, and the findings that this must give.
ROWS: list[tuple[str, str, list[str]]] = [
    # Names that do not exist
    ("transport: out\ntr", "transport: out\n    varaints: [hook]\ntr",
     ['13:5: channels.linkedin.varaints: no such setting; did you mean "variants"?']),
    ("name: News", "nmae: News",
     ["1:1: publication.name: is missing; for example `name: The Learning Machine`",
      '1:15: publication.nmae: no such setting; did you mean "name"?']),
    ("transports:", "zzz: 1\ntransports:",
     ['13:1: zzz: no such setting; there are "articles", "audiences", "brand", "channels", "checks", "feedback", "images", "notify", "operation", "outbox", "publication", "templates", "transports" and "web"']),
    ("path: out}", "paht: out}",
     ["14:3: transports.out.path: is missing",
      '14:23: transports.out.paht: no such setting; did you mean "path"?']),
    ("kind: email", "kind: email\n    digest: {every: monday}",
     ["6:5: channels.weekly.digest: digests are not built yet: each article goes out as a mail of its own; remove this setting"]),
    ("kind: linkedin", "kind: linkedn",
     ['11:11: channels.linkedin.kind: expected "email" or "linkedin", found "linkedn"; did you mean "linkedin"?']),
    ("kind: folder", "kind: foldr",
     ['14:15: transports.out.kind: expected "folder" or "smtp", found "foldr"; did you mean "folder"?']),
    ("kind: folder, path: out", "kind: smtp, host: 'smtp.example.org:587'",
     ['14:27: transports.out.host: the port is a setting of its own: write `host: smtp.example.org` and `port: 587`; found "smtp.example.org:587"']),
    ("kind: folder, ", "",
     ['14:3: transports.out.kind: is missing; expected "folder" or "smtp"']),
    ("channels:\n", "web: {archive: [weekyl, linkedin]}\nchannels:\n",
     ['3:17: web.archive, item 1: there is no channel "weekyl"; did you mean "weekly"?',
      '3:25: web.archive, item 2: the channel "linkedin" sends no mail that could be read there']),
    ("audience: people", "audience: poeple",
     ['7:15: channels.weekly.audience: there is no audience "poeple"; did you mean "people"?']),
    ("kind: linkedin\n    transport: out", "kind: linkedin\n    transport: x",
     ['12:16: channels.linkedin.transport: there is no transport "x"; there is "out"']),
    ("kind: linkedin", "kind: linkedin\n    variants: [hook, {takeaway: 2 days}]",
     ['12:22: channels.linkedin.variants, item 2: no such variant "takeaway" for linkedin; did you mean "takeaways"?']),
    ("kind: email", "kind: email\n    variants: [hook]",
     ['6:16: channels.weekly.variants, item 1: no such variant "hook" for email; there is "article"']),
    ("publication: {", "publication: {language: english, ",
     ['1:25: publication.language: expected a language tag such as "en" or "de-AT", found "english"']),
    ("publication: {", "publication: {timezone: Europe/Lodnon, ",
     ['1:25: publication.timezone: expected a time zone such as "Europe/London", found "Europe/Lodnon"; did you mean "Europe/London"?']),
    ("publication: {", "publication: {timezone: new york, ",
     ['1:25: publication.timezone: expected a time zone such as "Europe/London", found "new york"; did you mean "America/New_York"?']),
    ("publication: {", "publication: {timezone: Europe, ",
     ['1:25: publication.timezone: expected a time zone such as "Europe/London", found "Europe"; did you mean "Europe/Rome"?']),
    # Who is told, and who asks
    ("transports:", "operation: {listen: 9090}\ntransports:",
     ['13:21: operation.listen: expected an address and a port such as "127.0.0.1:8080", found the number 9090']),
    ("transports:", "operation: {listen: localhost}\ntransports:",
     ['13:21: operation.listen: expected an address and a port such as "127.0.0.1:8080", found "localhost"']),
    ("transports:", "notify: {slack: https://hooks.example}\ntransports:",
     ["13:9: notify: expected a list, each item beginning with `-`, found a group of settings"]),
    ("transports:", "notify: [{slcak: x}]\ntransports:",
     ['13:11: notify, item 1.slcak: no such setting; did you mean "slack"?']),
    ("transports:", "notify: [{about: [held]}]\ntransports:",
     ['13:10: notify, item 1: expected one of "mail", "slack" or "webhook" in each item of the list, found none of them']),
    ("transports:", 'notify: [{slack: "${A}", webhook: "${B}"}]\ntransports:',
     ['13:10: notify, item 1: expected one of "mail", "slack" or "webhook" in each item of the list, found "slack" and "webhook"']),
    ("transports:", "notify: [{webhook: http://ops.example/secret}]\ntransports:",
     ['13:20: notify, item 1.webhook: expected a secret such as "${SLACK_WEBHOOK_URL}", or an address that begins with https://']),
    ("transports:", 'notify: [{slack: "${A}", about: [held, fialed]}]\ntransports:',
     ['13:40: notify, item 1.about, item 2: expected "broken", "held", "paused", "late", "uncertain", "expiring", "failed" or "finished", found "fialed"; did you mean "failed"?']),
    ("transports:", "notify: [{mail: {to: ops, transport: out}}]\ntransports:",
     ['13:22: notify, item 1.mail.to: expected a mail address, found "ops": there is no @']),
    ("transports:", "notify: [{mail: {to: o@n.example, transport: otu}}]\ntransports:",
     ['13:46: notify, item 1.mail.transport: there is no transport "otu"; did you mean "out"?']),
    ("transports:", "notify: [{mail: {to: o@n.example, transport: other}}]\ntransports:\n  other: {kind: folder, path: other}",
     ["13:11: notify, item 1.mail.from: is missing, and no channel on this transport has one; for example `from: postroom@example.org`"]),
    # What comes back
    ("    transport: out\n  li", '    return_path: "{token}@n.example"\n    transport: out\n  li',
     ['9:18: channels.weekly.return_path: expected an address, or "bounces+{token}@" and a domain, found "{token}@n.example"']),
    ("    transport: out\n  li", '    return_path: "bounces+{id}@n.example"\n    transport: out\n  li',
     ['9:18: channels.weekly.return_path: expected an address, or "bounces+{token}@" and a domain, found "bounces+{id}@n.example"']),
    ("transports:", "feedback: {mailbox: {}}\ntransports:",
     ["13:21: feedback.mailbox: expected either `maildir:` or `imap:`, found neither"]),
    ("transports:", "feedback: {mailbox: {maildir: in, imap: mx.n.example}}\ntransports:",
     ["13:21: feedback.mailbox: expected either `maildir:` or `imap:`, found both"]),
    ("transports:", "feedback: {mailbox: {maildir: in, folder: Bounces}}\ntransports:",
     ["13:21: feedback.mailbox: `folder` goes with `imap:`, and a Maildir has none"]),
    ("transports:", 'feedback: {mailbox: {imap: mx.n.example, username: "${A}"}}\ntransports:',
     ["13:21: feedback.mailbox: `imap:` needs `username:` and `password:`"]),
    ("transports:", 'feedback: {mailbox: {imap: "imaps://x", username: "${A}", password: "${B}"}}\ntransports:',
     ['13:28: feedback.mailbox.imap: expected the name of a server such as "imap.example.org", found "imaps://x"']),
    ("transports:", "feedback: {mailbox: {maildir: in, every: 5 seconds}}\ntransports:",
     ["13:42: feedback.mailbox.every: expected 30 seconds or more"]),
    ("transports:", "feedback: {webhooks: {sse: {topics: []}}}\ntransports:",
     ['13:23: feedback.webhooks.sse: no such setting; did you mean "ses"?']),
    ("transports:", "feedback: {webhooks: {ses: {topics: [bounces]}}}\ntransports:",
     ['13:38: feedback.webhooks.ses.topics, item 1: expected the ARN of a topic, such as "arn:aws:sns:eu-west-1:123456789012:bounces", found "bounces"']),
    ("transports:", 'feedback: {webhooks: {mailgun: {signing_key: "${KEY}"}}}\ntransports:',
     ["13:23: feedback.webhooks.mailgun: needs the address that the provider posts to; add `url:` in the section `web:`"]),
    ("transports:", "feedback: {webhooks: {postmark: {username: x}}}\ntransports:",
     ["13:23: feedback.webhooks.postmark.password: is missing"]),
    ("transports:", 'feedback: {webhooks: {mailgun: {signing_key: " "}}}\ntransports:',
     ['13:46: feedback.webhooks.mailgun.signing_key: expected a secret such as "${PASSWORD}", found none between the quotes']),
    ("transports:", "feedback: {give_up_after: {bounced: 0}}\ntransports:",
     ["13:37: feedback.give_up_after.bounced: expected at least 1, found the number 0"]),
    # Things that are missing, or have no value
    ("publication: {name: News, url: https://n.example}\n", "",
     ["1:1: publication: is missing; this section tells who publishes"]),
    ("publication: {name: News, url: https://n.example}", "publication:",
     ["1:1: publication: is empty; this section tells who publishes"]),
    ("name: News", "name: ",
     ["1:15: publication.name: has no value; for example `name: The Learning Machine`"]),
    ("    audience: people\n", "",
     ["4:3: channels.weekly.audience: is missing; it names one of `audiences:`"]),
    ("    from: News <n@n.example>\n", "",
     ["4:3: channels.weekly.from: is missing; for example `from: The Learning Machine <news@learning.example>`"]),
    ("    transport: out\n  li", "  li",
     ["4:3: channels.weekly.transport: is missing; for example `transport: mail`"]),
    ("{kind: folder, path: out}", "{kind: smtp, host: mx.n.example}\n  rest: {kind: folder, path: out}",
     ['12:16: channels.linkedin.transport: "out" is of kind smtp, which does not carry posts']),
    ("{file: people.csv}", "{max: 5}",
     ["2:21: audiences.people: expected either `file:` or `list:`, found neither"]),
    ("{file: people.csv}", "{file: a.csv, list: b}",
     ["2:21: audiences.people: expected either `file:` or `list:`, found both"]),
    ("unsubscribe: {mailto: leave@n.example}", "unsubscribe: web",
     ["8:18: channels.weekly.unsubscribe: `web` needs the address of Postroom's own pages; add `url:` in the section `web:`"]),
    # Values that cannot be meant
    ("name: News", "name: 2024",
     ['1:21: publication.name: expected text, found the number 2024 (put it in "quotes")']),
    ("name: News", "name: {slug}",
     ["1:21: publication.name: expected text, found a group of settings"]),
    ("name: News", "name: [a]",
     ["1:21: publication.name: expected text, found a list"]),
    ("name: News", 'name: "a\\r\\nBcc: x"',
     ["1:21: publication.name: expected text on one line, found a line break or another character that cannot be seen"]),
    ("url: https://n.example", "url: n.example",
     ['1:32: publication.url: expected a web address such as "https://example.org", found "n.example"']),
    ("audiences: {people: {file: people.csv}}", "audiences: people.csv",
     ['2:12: audiences: expected names and their settings, found "people.csv"',
      '7:15: channels.weekly.audience: there is no audience "people"']),
    ("{file: people.csv}", "people.csv",
     ['2:21: audiences.people: expected a group of settings, found "people.csv"']),
    ("people.csv}", "people.csv, max: many}",
     ['2:45: audiences.people.max: expected a whole number, found "many"']),
    ("people.csv}", "people.csv, max: 0}",
     ["2:45: audiences.people.max: expected at least 1, found the number 0"]),
    ("people.csv}", "people.csv, max: 1.5}",
     ["2:45: audiences.people.max: expected a whole number, found the number 1.5"]),
    ("from: News <n@n.example>", "from: News",
     ['6:11: channels.weekly.from: expected "Name <address>", found "News": there is no @']),
    ("{mailto: leave@n.example}", "{mailto: leave}",
     ['8:27: channels.weekly.unsubscribe.mailto: expected a mail address, found "leave": there is no @']),
    ("{mailto: leave@n.example}", "wbe",
     ['8:18: channels.weekly.unsubscribe: expected `web`, `{url: …}` or `{mailto: …}`, found "wbe"; did you mean "web"?']),
    ("{mailto: leave@n.example}", "{mailto: leave@n.example, url: https://n.example}",
     ["8:18: channels.weekly.unsubscribe: expected one of `web`, `{url: …}` and `{mailto: …}`, found none or several"]),
    ("{mailto: leave@n.example}", '{url: "https://n.example/{name}"}',
     ['8:24: channels.weekly.unsubscribe.url: {name} is unknown; expected "email" or "token" in braces']),
    ("kind: email", "kind: email\n    only: tags hsa 'x'",
     ['6:16: channels.weekly.only: expected `is`, `has` or `in` after `tags`, found hsa; did you mean "has"?']),
    ("kind: email", "kind: email\n    only: 'tags has lead'",
     ['6:21: channels.weekly.only: expected text in quotes, a number, `true`, `false` or `null`, found lead; write "lead" in quotes']),
    ("{file: people.csv}", "{file: people.csv, only: country = DE}",
     ['2:54: audiences.people.only: expected `is`, `has` or `in` after `country`, found =; did you mean "is"?']),
    ("kind: email", "kind: email\n    ignore_before: 2025-13-01",
     ['6:20: channels.weekly.ignore_before: expected a date such as "2025-01-01" or "2025-01-01 09:00 Europe/London", found "2025-13-01"']),
    ("kind: email", "kind: email\n    hold_if_late: nevr",
     ['6:19: channels.weekly.hold_if_late: expected "never" or a length of time such as "3 days" or "90 minutes", found "nevr"']),
    ("kind: email", "kind: email\n    hold_if_late: 2 months",
     ['6:19: channels.weekly.hold_if_late: expected "never" or weeks, days, hours or minutes, found "2 months"; write "30 days", for example']),
    ("kind: email", "kind: email\n    approval: yes",
     ['6:15: channels.weekly.approval: expected "none" or "required", found "yes"']),
    ("kind: email", "kind: email\n    list_id: weekly",
     ['6:14: channels.weekly.list_id: expected an identifier such as "newsletter.example.org", found "weekly"']),
    ("kind: linkedin", "kind: linkedin\n    variants: []",
     ["12:15: channels.linkedin.variants: expected at least one, found none"]),
    ("kind: linkedin", "kind: linkedin\n    variants: hook",
     ['12:15: channels.linkedin.variants: expected a list, found "hook"']),
    ("kind: linkedin", "kind: linkedin\n    variants: [{hook: 2 days}]",
     ["12:16: channels.linkedin.variants, item 1: the first variant goes out at once; write `hook` alone"]),
    ("kind: linkedin", "kind: linkedin\n    variants: [hook, card]",
     ["12:22: channels.linkedin.variants, item 2: expected how long after the first it comes, as in `{card: 2 days later}`"]),
    ("kind: linkedin", "kind: linkedin\n    variants: [hook, {hook: 1 day}]",
     ['12:22: channels.linkedin.variants, item 2: "hook" comes twice; keep one of them']),
    ("kind: linkedin", "kind: linkedin\n    variants:\n      - hook\n      - takeaways: soon",
     ['14:20: channels.linkedin.variants, item 2.takeaways: expected a length of time such as "3 days" or "90 minutes", found "soon"']),
    ("kind: linkedin", "kind: linkedin\n    hashtags: [a b]",
     ['12:16: channels.linkedin.hashtags, item 1: expected a hashtag of letters and digits without blanks, found "a b"']),
    ("kind: linkedin", "kind: linkedin\n    link: bdy",
     ['12:11: channels.linkedin.link: expected "card", "body", "first_comment" or "none", found "bdy"; did you mean "body"?']),
    ("kind: linkedin", "kind: linkedin\n    audience: people",
     ["12:5: channels.linkedin.audience: is a setting of mail, and this channel is of kind linkedin; remove it"]),
    ("kind: email", "kind: email\n    hashtags: [a]",
     ["6:5: channels.weekly.hashtags: is a setting of posts, and this channel is of kind email; remove it"]),
    ("kind: email", "kind: email\n    was: linkedin",
     ['6:10: channels.weekly.was: "linkedin" is a channel of its own in this file; it cannot be the former name of another']),
    ("kind: email", "kind: email\n    was: weekly",
     ["6:10: channels.weekly.was: names the channel itself; remove it"]),
    ("  linkedin:\n", "  one: {kind: linkedin, transport: out, was: old}\n  linkedin:\n    was: old\n",
     ['12:10: channels.linkedin.was: another channel above was "old", too; only one can be its successor']),
    ("  linkedin:", "  linked in:",
     ['10:3: channels.linked in: "linked in" cannot be a name; expected letters, digits, - and _, at most 64 of them']),
    ("transports:", "articles: {publish_time: 9 am}\ntransports:",
     ['13:26: articles.publish_time: expected a time of day such as "09:00", found "9 am"']),
    ("transports:", "articles: {url: https://n.example/blog}\ntransports:",
     ["13:17: articles.url: expected {slug} or {id} in it, or all articles have the same page"]),
    ("transports:", 'articles: {url: "https://n.example/{slgu}"}\ntransports:',
     ['13:17: articles.url: {slgu} is unknown; expected "slug", "id", "year", "month" or "day" in braces; did you mean "slug"?']),
    ("transports:", 'articles: {url: "{publication.ulr}/{slug}"}\ntransports:',
     ['13:17: articles.url: {publication.ulr} names no setting with a text; did you mean "publication.url"?']),
    ("transports:", 'web: {url: "{images.url}"}\nimages: {url: "{web.url}"}\ntransports:',
     ["13:12: web.url: {images.url} holds a reference itself; write out what is meant",
      "14:15: images.url: {web.url} holds a reference itself; write out what is meant"]),
    ("transports:", "articles: {aliases: {title: [a, 5]}}\ntransports:",
     ["13:33: articles.aliases.title, item 2: expected a name or a list of names, found the number 5"]),
    ("transports:", "articles: {aliases: {titel: headline}}\ntransports:",
     ['13:22: articles.aliases.titel: articles have no such key; did you mean "title"?']),
    ("transports:", "web: {url: https://m.example, sign_up: [peeple]}\ntransports:",
     ['13:41: web.sign_up, item 1: there is no audience "peeple"; did you mean "people"?']),
    ("transports:", "web: {url: https://m.example, sign_up: [people]}\ntransports:",
     ['13:41: web.sign_up, item 1: "people" is a file, which Postroom never changes; people can join a list of the ledger: `{list: …}`']),
    ("audiences: {", "web: {url: https://m.example, sign_up: [some]}\naudiences: {some: {list: some}, ",
     ['2:41: web.sign_up, item 1: no email channel has the audience "some", so nobody could be greeted']),
    ("audiences: {people: {file: people.csv}}", "web: {url: https://m.example, sign_up: [people]}\naudiences: {people: {list: a, only: 'country is \"DE\"'}}",
     ['2:41: web.sign_up, item 1: "people" is a part of a list, chosen by `only:`; name an audience that is the whole of it']),
    ("audiences: {people: {file: people.csv}}", "web: {url: https://m.example, sign_up: [people, people]}\naudiences: {people: {list: a}}",
     ['2:49: web.sign_up, item 2: comes twice; keep one of them']),
    ("audiences: {people: {file: people.csv}}", "web: {sign_up: [people]}\naudiences: {people: {list: a}}",
     ["2:7: web.sign_up: the mail that asks to confirm needs the address of Postroom's own pages; add `url:` beside it"]),
    ("transports:", "web: {url: https://m.example, sign_up: people}\ntransports:",
     ['13:40: web.sign_up: expected a list, found "people"']),
    ("transports:", "web: {listen: 8080}\ntransports:",
     ['13:15: web.listen: expected an address and a port such as "127.0.0.1:8080", found the number 8080']),
    ("transports:", "web: {listen: localhost}\ntransports:",
     ['13:15: web.listen: expected an address and a port such as "127.0.0.1:8080", found "localhost"']),
    ("transports:", "brand: {accent: blue}\ntransports:",
     ['13:17: brand.accent: expected a colour such as "#0a66c2" or "#06c", found "blue"']),
    ("transports:", "brand:\n  accent: #0a66c2\ntransports:",
     ['14:3: brand.accent: what follows # is a comment; put the colour in quotes: "#0a66c2"']),
    ("transports:", "brand: {font: 'x;}'}\ntransports:",
     ['13:15: brand.font: expected `system` or names of fonts with commas between them, found "x;}"']),
    ("transports:", "brand: {width: 9000}\ntransports:",
     ["13:16: brand.width: expected at most 800, found the number 9000"]),
    ("transports:", "outbox: {database: postgres://u:secret@h/d}\ntransports:",
     ['13:20: outbox.database: expected "sqlite:///FILE" or "postgresql://…", found "postgres://…"; did you mean "postgresql"?']),
    ("transports:", 'outbox: {database: "sqlite://"}\ntransports:',
     ['13:20: outbox.database: expected a file, as in "sqlite:///postroom.db"; a ledger in memory forgets what was sent']),
    ("transports:", "checks: {image-missing: fatal}\ntransports:",
     ['13:25: checks.image-missing: expected "error", "warning", "info" or "off", found "fatal"']),
    ("transports:", "templates: [a]\ntransports:",
     ["13:12: templates: expected text, found a list"]),
    ("transports:", "publication: {name: Other, url: https://o.example}\ntransports:",
     ["13:1: publication: is set twice, first in line 1; keep one of them"]),
    # Transports have settings of their own, and secrets that no message shows
    ("{kind: folder, path: out}", "{kind: folder, path: out}\n  x: {kind: smtp, host: h, port: abc}",
     ['15:34: transports.x.port: expected a whole number, found "abc"']),
    ("{kind: folder, path: out}", "{kind: folder, path: out}\n  x: {kind: smtp, host: h, tls: strattls}",
     ['15:33: transports.x.tls: expected "starttls", "implicit" or "none", found "strattls"; did you mean "starttls"?']),
    ("{kind: folder, path: out}", "{kind: folder, path: out}\n  x: {kind: smtp, host: h, username: a, password: 1234}",
     ['15:51: transports.x.password: expected text, found another kind of value; write "${PASSWORD}" and set that variable, or put it in "quotes"']),
    ("{kind: folder, path: out}", "{kind: folder, path: out}\n  x: {kind: smtp, host: h, rate: 14}",
     ['15:34: transports.x.rate: write a number and a unit, such as `14 per second` or `500 per hour`; found the number 14']),
    ("{kind: folder, path: out}", "{kind: folder, path: out}\n  x: {kind: smtp, host: h, give_up_after: 48}",
     ['15:43: transports.x.give_up_after: write a number and a unit, such as `48 hours` or `3 days`; found the number 48']),
    ("{kind: folder, path: out}", "{kind: folder, path: out}\n  x: {kind: smtp, host: 'smtp://127.0.0.1'}",
     ['15:25: transports.x.host: write the name of the server alone, such as `smtp.example.org`; `port` and `tls` are settings of their own; found "smtp://127.0.0.1"']),
    ("transports:", "articles: {hold_if_late: 3}\ntransports:",
     ['13:26: articles.hold_if_late: expected "never" or a length of time such as "3 days" or "90 minutes", found the number 3']),
    ("transports:", "articles: {publish_time: 9}\ntransports:",
     ['13:26: articles.publish_time: expected a time of day such as "09:00", found the number 9']),
    ("kind: linkedin", "kind: linkedin\n    variants: [hook, {takeaways: 2}]",
     ['12:34: channels.linkedin.variants, item 2.takeaways: expected a length of time such as "3 days" or "90 minutes", found the number 2']),
    ("{kind: folder, path: out}", "{kind: folder, path: out}\n  x: {kind: smtp, host: h, rate: 5 a fortnight}",
     ['15:34: transports.x.rate: write a number and a unit, such as `14 per second` or `500 per hour`; found "5 a fortnight"']),
    ("{kind: folder, path: out}", "folder",
     ['14:8: transports.out: expected a group of settings, found "folder"']),
]  # fmt: skip


def errors(text: str) -> list[str]:
    try:
        parse(text, Path("/project/config.yaml"))
    except ConfigError as error:
        return [str(each) for each in error.findings if each.severity is Severity.ERROR]
    return []


def test_the_sound_config_has_no_fault() -> None:
    config = parse(SOUND, Path("/project/config.yaml"))
    assert (*config.channels,) == ("weekly", "linkedin")
    assert config.warnings == ()


def test_an_open_quote_that_swallows_settings_is_told_first() -> None:
    text = SOUND.replace(
        "publication: {name: News, url: https://n.example}",
        'publication:\n  name: "News\n  url: https://n.example\n  address: "',
    )
    assert errors(f'{text}\nbrand: {{accent: "#112233"}}\n')
    swallowed = f'publication:\n  url: https://n.example\n  name: "News\n  language: en\n  address: 1 Street"\n{SOUND.partition(chr(10))[2]}wrong: 1\n'
    first, *others = errors(swallowed)
    assert first == "config.yaml:3:9: this quote is not closed before line 5; close it where its text ends"
    assert len(others) == 1
    meant = swallowed.replace("News\n  language: en\n  address: 1 Street", "News\n  of the world")
    assert len(errors(meant)) == 1


@pytest.mark.parametrize(("old", "new", "expected"), ROWS, ids=range(1, len(ROWS) + 1))
def test_a_mistake_is_told_in_these_words_at_this_place(old: str, new: str, expected: list[str]) -> None:
    assert old in SOUND
    assert errors(SOUND.replace(old, new, 1)) == [f"config.yaml:{line}" for line in expected]


def test_all_mistakes_are_told_at_once_and_in_file_order() -> None:
    text = SOUND
    for old, new in (
        ("News,", "5,"),
        ("audience: people", "audience: poeple"),
        ("path: out", "pth: out"),
        ("kind: linkedin", "kind: linkedin\n    link: x\n    variants: [hok]"),
    ):
        text = text.replace(old, new)
    found = errors(text)
    assert [line.split(":")[1] for line in found] == ["1", "7", "12", "13", "16", "16"]


def test_a_broken_setting_does_not_hide_another_of_its_channel() -> None:
    text = SOUND.replace("from: News <n@n.example>", "from: News").replace("audience: people", "audience: x")
    assert [line.split(": ")[1] for line in errors(text)] == [
        "channels.weekly.from",
        "channels.weekly.audience",
    ]
