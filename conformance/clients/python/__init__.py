"""The Python clients, each a program under the contract of conformance/README.md."""
