"""Raw requests to Kafka and to minikafka, in scripts; what the two answer must be the same (conformance/differential.py)."""
