"""Duplicates: which of all records of a key stays in silver, and how its keys are found among very many."""
