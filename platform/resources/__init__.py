"""What the assets work with: the landing zone, the lake, the warehouse, and the table that picks them."""
