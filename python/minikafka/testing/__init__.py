"""Brokers inside a test: `Cluster` and its handles. Importing it raises MinikafkaError where no broker can run."""

from minikafka.interpreter import check_interpreter

check_interpreter()
