"""The shop that the commerce stream tells of: its people and goods, the lives of its orders, and its records' flaws."""
