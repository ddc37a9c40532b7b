"""The event generator: landing files whose outcome is known before any pipeline reads them.

Generic parts (plan, dice, sessions, visits, defects, flaws, formats, files, canaries, tally, truth, run) know no
stream's fields. A stream is one module with a `stream.Stream`, a folder of its facts, and one entry of
`streams.STREAMS`; streams of one identity space share the module of its people (`site`). Nothing here imports the
platform's own code: a truth computed by the code under test would prove nothing.
"""
