"""The same real clients on minikafka, Apache Kafka and kfake, in turn: rates, latency, CPU per record, memory."""
