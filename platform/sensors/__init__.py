"""Sensors: which runs to request. Each decision is a pure function of what is stored and of what ran before."""
