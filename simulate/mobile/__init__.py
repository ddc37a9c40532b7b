"""The mobile stream: journeys through an app, one record each, without separators, as Firehose delivers them."""
