"""What the fault tests stand on: real daemons, a real SMTP server beside them, and the books that must agree.

`sink` answers mail, `forge` starts daemons and kills them, `station` is a project that uses both,
`books` compares what the ledger says with what the sink got, `tracing` watches and breaks system calls.
"""
