"""The client's side of a verdict: from what clients did and were told, to what went wrong.

    history      one line per invocation and completion: send, poll, process, commit, ... (`operation.py`)
    outcomes     every send is acknowledged, failed or indeterminate (`outcomes.py`)
    findings     lost, unseen, duplicated, reordered, aborted read, torn, hanging, offset reused (`judge.py`)
    allowed      by this configuration, or a broken promise? (`allowed.py`)

It knows no broker and no client library: the same checker judges confluent-kafka, Java, a program in any language and
the clients of the simulator, on this broker or on any other. What brokers know of the same run is the ledger's
(`minikafka.ledger`), and each must contain the other (`minikafka.lab.containment`).
"""
