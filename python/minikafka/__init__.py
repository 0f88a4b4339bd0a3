"""minikafka: a small Kafka broker for tests of what happens to messages."""
