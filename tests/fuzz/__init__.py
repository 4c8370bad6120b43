"""Change what the function is sent, everywhere: nothing may become an InternalError.

requests    real requests: examples and recorded objects, as Crossplane would send them
mutations   one part of plain data, changed in all ways
attack      changed requests, answered by the function; `python -m tests.fuzz` for long runs
"""
