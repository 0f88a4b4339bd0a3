"""The seam between a cluster's handles and its nodes: questions with plain answers, and levers (ADR 0015).

Whoever looks at a node asks a `Question` and gets a `NodeView`, which is nothing but numbers, strings and lists of
them. So it does not matter where the node runs: in this process the view is taken from the node between two turns, in
a child process it comes over the control channel as JSON, pushed after each turn that changed it. Nobody polls.

    views.py     what can be asked, and what the answer holds
    looking.py   the answer of one node
    cluster.py   the answers of all nodes together
    observed.py  one partition in those answers
    condition.py what can be waited for
    until.py     waiting for it
    asking.py    both, of every node of a cluster
    plain.py     plain data as JSON and back
    port.py      what is asked of a node, and of the place where nodes run; `runtime/embedded.py` and
                 `runtime/process/` are the two answers
"""
