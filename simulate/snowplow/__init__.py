"""The web shop's site as Snowplow's trackers see it: visitors, enriched events, bad rows, and events' flaws."""
