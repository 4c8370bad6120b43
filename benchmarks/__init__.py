"""Measure the function; nothing here is a test."""
