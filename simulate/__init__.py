"""The event generator: it lands files of simulated events and knows what the platform must make of them.

    __main__            the command line
    plan                what to simulate: hours, rate, seed, share of defects; one planned file
    run                 makes every planned file and adds up the truth
    truth, counts       what the platform must find: records landed, accepted and rejected
    streams             the list of streams
    stream              what a stream has to declare: source, format, transport, flaws
    snowplow, mobile, web, clickstream, commerce
                        one folder for each stream, all its facts inside

The other modules are tools for any stream and know no stream's fields: `dice` (random columns), `traffic` (how busy an
hour is), `population` (who comes when), `scripts` and `sessions` (what happens in a session, and when), `blocks` and
`scripted_sessions` (sources of records), `site` (ids that two streams share), `text`, `formats` and `clock` (how values
are written), `defects`, `common_flaws` and `canaries` (records to reject or to recognise), `landing` (files).

docs/simulator.md shows what the events look like.

Nothing here imports the platform's own code: a truth computed by the code under test would prove nothing.
"""
