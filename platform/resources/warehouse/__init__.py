"""Warehouses, where gold is computed: one protocol, and one module for each warehouse."""
