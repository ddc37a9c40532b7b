"""Alerts: the file of rules, and the ways in which people are told. When to tell whom is decided in `sensors`."""
