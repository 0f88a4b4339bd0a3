"""From Kafka's message definitions to Python classes and the codec's schema table."""
