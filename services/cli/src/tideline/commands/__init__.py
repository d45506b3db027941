"""The commands, one group a file: each asks the server one thing and shows what it answers."""
