"""The asyncio shell: one event loop drives nodes that decide, and does for them what they ask of the world.

Nothing here knows what a request means. From the inside out:

    driver.py      turns and time; `loop.py`, `clock.py`
    life.py        one life of a node: its events in, its effects out; `alarms.py` its timers, `work.py` what it waits
                   for, `connection.py`, `server.py` and `peer.py` its sockets, `flushing.py` its fsyncs
    host.py        one node over many lives; `striking.py` what may happen to it at an event
    embedded.py    nodes of this process; `process/` nodes in child processes
    control/       what is asked of a node, wherever it runs
    supervisor.py  a cluster: `premises.py` its ports and directory, `metadata.py` its topics and features,
                   `stepping.py` its clock, `snapshots.py`; `lone.py` a node without one
"""
