"""The mailbox that bounces return to: what is unread in it, and that it has been read.

Nothing is ever deleted. A mail is marked as read once what it tells is durable, so that whatever stops a reading, the
next one sees it again.
"""

from postroom.mailbox.imap import Account, Imap
from postroom.mailbox.letters import Letter, Mailbox
from postroom.mailbox.maildir import Maildir

__all__ = ["Account", "Imap", "Letter", "Mailbox", "Maildir"]
