"""The client programs: how each is started, and the operations it reports."""
