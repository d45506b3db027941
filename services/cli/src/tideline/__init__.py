"""The command line: an HTTP client of the query API and nothing else."""
