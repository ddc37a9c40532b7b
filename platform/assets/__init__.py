"""What Dagster sees: assets, checks, jobs and their metadata. The work is done in `lake` and `resources`."""

import warnings

import dagster as dg

# Backfill policies and partitioned checks are not stable yet. They work as we use them; tests would show a change.
warnings.filterwarnings("ignore", category=dg.BetaWarning)
warnings.filterwarnings("ignore", category=dg.PreviewWarning)
