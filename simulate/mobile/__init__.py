"""The app that the mobile stream tells of: its users, its records, and what can be wrong with them."""
