"""Nodes as child processes, one each: the same node, driven in a child and steered over a control channel (ADR 0015).

    parent                              child
    children.py  the hosting            child.py   main: an `EmbeddedNode` on a loop of its own
    node.py      one child's handle     telling.py its events, on their way
    watches.py   what is watched at it  orphan.py  dies with the parent
    ballot.py    counts fault rules     ballot.py  asks before a rule strikes
    channel.py, messages.py             both ends

A channel is one half of a socket pair that only these two processes ever had. When it ends, whoever still lives knows
that the other is gone: a child without its parent ends itself.
"""
