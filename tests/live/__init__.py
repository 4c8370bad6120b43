"""Tests of what is rendered and reported for orders whose resources exist."""
