"""What Dagster sees: assets, checks, jobs and their metadata. The work is done in `lake` and `resources`."""
