"""The story: `publish` reads files and fills the outbox, `deliver` empties it. Read this first.

    publish   survey ─► stage ─► freeze          what is there · rendered and counted · in the outbox
    deliver   claim ─► compose ─► send ─► record  one worker a transport; never reads an article

The outbox is all that the two share; either may be killed at any point and run again. `plan`, `check`
and `preview` are the first two steps of `publish` and stop there.
Only this package knows several steps; a step never knows another.
"""
