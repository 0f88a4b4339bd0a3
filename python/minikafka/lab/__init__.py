"""The lab: what people say Kafka does to their messages, each claim shown both ways, with a verdict.

A *scenario* is one short file in `scenarios/`: the claim, what Kafka really does, and a run. It has *configurations*:
bad ones, which must show their anomaly, and good ones, which must not. A run is told by what clients heard (the
history, judged by `minikafka.checker`) and, on our own brokers, by what they did (the ledger); the two must agree.

    minikafka lab list
    minikafka lab run --all
"""
