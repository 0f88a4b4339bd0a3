"""Generated: one module per API; see tools/gen_protocol.py."""
