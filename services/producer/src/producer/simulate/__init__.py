"""Simulations: pure functions of (spec, stream, run, run start, position). No clock, no I/O, no state between calls."""
