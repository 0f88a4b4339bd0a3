"""A blocking client for any Kafka from 2.8 on: what the verbs of the command line, and nothing else, speak with.

It is our own codec over plain sockets (ADR 0016), so the command needs no client library and can say what one hides.
"""
