"""A program of the user's own, in any language, under a schedule of things that go wrong.

It is given a topic of records to read and a topic to write to, and owes each record once. Whether it kept that is
judged like everything else here, by what can be read in the end.
"""
