"""The audit: whether the invariants hold, on the live system, in one snapshot."""
