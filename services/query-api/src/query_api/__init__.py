"""Serves raw readings, windows and daily averages over REST. Reads Postgres and writes nothing."""
