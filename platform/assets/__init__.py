"""What Dagster is told: assets, checks, jobs and their metadata. The work is done in `lake` and `resources`."""
