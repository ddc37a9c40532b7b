{{ mapped_events('events') }}
