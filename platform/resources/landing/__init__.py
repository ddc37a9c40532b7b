"""Landing zones: a folder or a bucket, to which producers write events as files."""
