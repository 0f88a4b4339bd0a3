"""Kafka's wire format (ring 1): `codec` does the work, `support` says what is served, the rest is generated."""
