"""What assets work with: landing zones, warehouses, dbt, and the table of deployments that picks among them."""
