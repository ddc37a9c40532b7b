"""The event generator: landing files whose outcome is known before any pipeline reads them.

Generic parts (plan, dice, defects, files, truth, run) know no stream's fields. A stream is one module that
satisfies `stream.Stream`, and one entry of `streams.STREAMS`. Nothing here imports the platform's own code: a
truth computed by the code under test would prove nothing.
"""
