"""Raw requests to Kafka and to minikafka, in scripts; both must answer the same (conformance/differential.py)."""
