"""What the server reaches, and what listens on it."""
