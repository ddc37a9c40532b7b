"""Deduplication: which record of a key stays in silver, and how to look up keys among very many."""
