"""Real, unmodified Kafka clients run against minikafka, Apache Kafka and kfake, and judged by one checker."""
