"""Hold the version of this function; releases set it."""

__version__ = "0.1.0"
