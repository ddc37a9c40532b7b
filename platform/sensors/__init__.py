"""Sensors: what has to be run, decided by pure functions from what lies where."""
