"""Group members as the simulator and stories need them: they speak the protocol, and tell what they are given."""
