"""Messages of Kafka in the landing zone: names of objects, lines, next offsets, alarms. Nothing here asks a broker."""
