"""Mails as servers and providers write them, to be changed by the tests."""

from __future__ import annotations

from datetime import UTC, datetime

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

OURS = """\
Return-Path: <bounces+fromours@mail.learning.example>
Message-ID: <e7.42@learning.example>
From: The Learning Machine <news@learning.example>
To: Ada <ada@readers.example>
Subject: Hello
"""

STATUS = """\
Original-Recipient: rfc822;ada@readers.example
Final-Recipient: rfc822; ada.lovelace@elsewhere.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 <ada@readers.example>: Recipient address rejected: User unknown
"""


def bytes_of(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()


def report(
    *recipients: str,
    headers: str = "Delivered-To: bounces+tok_en@mail.learning.example\n",
    returned: str = "Content-Type: text/rfc822-headers\n\n" + OURS,
    status_type: str = "message/delivery-status",
    letter: str = "This is the mail system at host mx.readers.example.\n\nI'm sorry.\n",
) -> bytes:
    """A delivery status notification like Postfix writes it (RFC 3464)."""
    blocks = "\n".join(recipients or (STATUS,))
    return bytes_of(f"""\
Return-Path: <>
{headers}Date: Mon, 23 Nov 2026 11:30:00 +0000 (UTC)
From: MAILER-DAEMON@mx.readers.example (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: bounces+to@mail.learning.example
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="B0UND"
Message-Id: <20261123113000.1@mx.readers.example>

This is a MIME-encapsulated message.

--B0UND
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

{letter}
--B0UND
Content-Description: Delivery report
Content-Type: {status_type}

Reporting-MTA: dns; mx.readers.example
Arrival-Date: Mon, 23 Nov 2026 11:29:59 +0000 (UTC)

{blocks}
--B0UND
Content-Description: Undelivered Message
{returned}
--B0UND--
""")


def complaint(
    fields: str = "Original-Rcpt-To: <ada@readers.example>\n", kind: str = "abuse", returned: str = OURS
) -> bytes:
    """A feedback report as RFC 5965 §B.2 shows it."""
    return bytes_of(f"""\
From: <abusedesk@provider.example>
Date: Mon, 23 Nov 2026 11:30:00 +0000
Subject: FW: Hello
To: <abuse@learning.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="part1"

--part1
Content-Type: text/plain; charset="US-ASCII"

This is an email abuse report.

--part1
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: SomeGenerator/1.0
Version: 1
Original-Mail-From: <bounces+mailfrom@mail.learning.example>
{fields}
--part1
Content-Type: message/rfc822
Content-Disposition: inline

{returned}
Spam Spam Spam
--part1--
""")


def letter(
    body: str, headers: str = "From: MAILER-DAEMON@mx.readers.example\nSubject: failure notice\n"
) -> bytes:
    """A bounce that is a letter for people."""
    return bytes_of(f"Return-Path: <>\nTo: bounces+tok_en@mail.learning.example\n{headers}\n{body}")
