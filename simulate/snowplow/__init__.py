"""The snowplow stream: what trackers on the shop's site, in its app and on its servers send, enriched by Snowplow."""
