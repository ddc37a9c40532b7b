"""The storefront that the clickstream tells of: its goods, its records, and what can be wrong with them."""
