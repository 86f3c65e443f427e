"""What comes back after a mail went out, read from a mailbox or from a provider's webhook.

Bytes in, values out: nothing here asks a network, a clock or the ledger. What is read was written by strangers; whoever
acts on it decides whom it is about, and whether it has been heard before.
"""
