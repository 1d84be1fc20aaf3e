"""Adapters: pure functions from a record of some log format to an exchange or a reject."""
