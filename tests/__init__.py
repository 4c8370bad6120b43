"""Tests of the SCS Central API function."""
