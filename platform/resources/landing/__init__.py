"""Landing zones: folders and buckets that events land in as files."""
