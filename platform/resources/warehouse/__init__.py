"""Warehouses: where gold is computed. One protocol, one module for each that keeps it."""
