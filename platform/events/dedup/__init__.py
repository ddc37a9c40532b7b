"""Deduplication: which of all records of a key stays in silver, and how keys are looked up among very many."""
