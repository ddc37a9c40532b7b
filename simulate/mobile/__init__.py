"""The mobile stream: journeys through an app, one record each, run together as Firehose delivers them."""
