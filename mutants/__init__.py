"""Bugs put into the real code on purpose, one at a time: a test must catch each."""
