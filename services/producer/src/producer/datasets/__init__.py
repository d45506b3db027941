"""Datasets: pulled once from an untrusted URL into a spool, recognised, cut into rows and published from there."""
