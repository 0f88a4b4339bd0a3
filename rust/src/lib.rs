//! The bytes below minikafka: record batches, segments, indexes, recovery and fsync.
