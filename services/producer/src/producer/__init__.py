"""Runs streams: this machine's figures and simulations, published as readings to Kafka."""
