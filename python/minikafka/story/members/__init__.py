"""Group members as stories need them: automata that speak the protocol and tell what they are given."""
