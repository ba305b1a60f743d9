"""The registry, and the data in it."""
