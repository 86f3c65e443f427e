"""Send personalised mails with one of the field's tools: run by `peers.py` in a venv that has them.

    python peer.py TOOL PORT MESSAGES FOLDER

FOLDER holds `mail.html` and `mail.txt`, both Jinja templates, and `people.csv`. Prints, as JSON, how long the
sending took, without the imports. Each tool is used in the fastest way that its documentation shows.
"""

import contextlib
import csv
import json
import os
import sys
import time
from pathlib import Path

SUBJECT = "A piece that is number 1"
SENDER = "news@bench.example"


def by_mailmerge(port, people, folder):
    """mailmerge: its own command, on a template that is a whole message of two parts."""
    from mailmerge.__main__ import main

    (folder / "server.conf").write_text(f"[smtp_server]\nhost = 127.0.0.1\nport = {port}\n")
    parts = "".join(
        f"--EDGE\nCONTENT-TYPE: text/{kind}; charset=utf-8\n\n{(folder / file).read_text()}\n"
        for kind, file in (("plain", "mail.txt"), ("html", "mail.html"))
    )
    head = f"TO: {{{{email}}}}\nSUBJECT: {SUBJECT}\nFROM: {SENDER}\nMIME-VERSION: 1.0\n"
    kind = 'CONTENT-TYPE: multipart/alternative; boundary="EDGE"\n\n'
    (folder / "mailmerge.txt").write_text(f"{head}{kind}{parts}--EDGE--\n")
    with (folder / "some.csv").open("w", newline="") as out:
        writer = csv.DictWriter(out, fieldnames=list(people[0]))
        writer.writeheader()
        writer.writerows(people)

    def send():
        arguments = ["--no-dry-run", "--no-limit", "--output-format", "text"]
        files = ["--template", "mailmerge.txt", "--database", "some.csv", "--config", "server.conf"]
        with (folder / "said").open("w") as out, contextlib.redirect_stdout(out), contextlib.chdir(folder):
            main([*arguments, *files], standalone_mode=False)

    return send


def by_redmail(port, people, folder):
    """redmail: html and text templates, one kept connection."""
    from redmail import EmailSender

    html, text = (folder / "mail.html").read_text(), (folder / "mail.txt").read_text()

    def send():
        sender = EmailSender(host="127.0.0.1", port=port, use_starttls=False)
        with sender:
            for one in people:
                sender.send(
                    subject=SUBJECT,
                    sender=SENDER,
                    receivers=[one["email"]],
                    html=html,
                    text=text,
                    body_params=one,
                )

    return send


def by_yagmail(port, people, folder):
    """yagmail: no templates of its own, so Jinja fills the html; without its slow prettifying."""
    import jinja2
    import yagmail

    html = jinja2.Template((folder / "mail.html").read_text())

    def send():
        sender = yagmail.SMTP(
            SENDER, "", host="127.0.0.1", port=port, smtp_starttls=False, smtp_ssl=False, smtp_skip_login=True
        )
        for one in people:
            sender.send(to=one["email"], subject=SUBJECT, contents=html.render(one), prettify_html=False)
        sender.close()

    return send


def by_emails(port, people, folder):
    """python-emails: Jinja templates for html and text, a kept connection."""
    import emails
    from emails.template import JinjaTemplate

    message = emails.Message(
        html=JinjaTemplate((folder / "mail.html").read_text()),
        text=JinjaTemplate((folder / "mail.txt").read_text()),
        subject=SUBJECT,
        mail_from=SENDER,
    )

    def send():
        for one in people:
            answer = message.send(to=one["email"], render=one, smtp={"host": "127.0.0.1", "port": port})
            assert answer.status_code == 250, answer

    return send


TOOLS = {"mailmerge": by_mailmerge, "redmail": by_redmail, "yagmail": by_yagmail, "python-emails": by_emails}


def main():
    """Send, and say how long it took."""
    name, port, count, folder = sys.argv[1:]  # noqa: TID251
    with (Path(folder) / "people.csv").open(newline="") as file:
        people = [row for row, _ in zip(csv.DictReader(file), range(int(count)), strict=False)]
    for one in people:
        one["first_name"] = one["name"].split()[0]
    send = TOOLS[name](int(port), people, Path(folder))
    began, used = time.perf_counter(), os.times()
    send()
    spent = os.times()
    cpu = spent.user + spent.system - used.user - used.system
    print(json.dumps({"seconds": time.perf_counter() - began, "cpu_seconds": cpu}))


if __name__ == "__main__":
    main()
