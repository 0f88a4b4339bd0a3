"""What became of every batch, told from outside the broker's own semantics: the ledger and its verdict.

The ledger reads trace events and, at the verdict, the logs as any consumer would. It decides nothing a broker decides,
and nothing in a broker reads it, so a mistake in the broker cannot hide itself here.

    ledger ──> facts ──> suspects ──> evidence ──> findings
    events     numbers   what does    its events   what happened, and why
    on disk              not fit the
                         logs
"""
