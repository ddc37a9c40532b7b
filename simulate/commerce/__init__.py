"""The commerce stream: visits and orders of a web shop."""
