"""Faults as values: what is to go wrong, where and how often. Nothing here makes it happen.

    names.py    APIs and error codes by Kafka's names, with the nearest one for a name nobody knows
    actions.py  what a fault does
    rule.py     which requests it is about, when it strikes
    plain.py    a rule as JSON, and back
    book.py     the rules in force, and how often each struck

`broker/interception.py` carries out what concerns requests and replies. Whoever injects faults (`testing`, the admin,
the lab, the command line) makes rules; the rule is the same value everywhere.
"""
