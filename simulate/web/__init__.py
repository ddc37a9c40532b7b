"""The community site that the web stream tells of: its members, its records, and what can be wrong with them."""
