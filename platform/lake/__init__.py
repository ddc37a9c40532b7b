"""Iceberg tables: what they hold and how they change. Nothing here knows Dagster."""
