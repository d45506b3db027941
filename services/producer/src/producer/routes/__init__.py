"""The HTTP surface: each handler parses, calls one thing and answers."""
