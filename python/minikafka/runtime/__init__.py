"""The asyncio shell: one event loop drives nodes that decide, and does for them what they ask of the world.

Start with `driver.py` (turns and time), then `life.py` (one node: its events in, its effects out). Nothing here
knows what a request means.
"""
