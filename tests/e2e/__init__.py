"""Tests against real engines and servers, built from source."""
