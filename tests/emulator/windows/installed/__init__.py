"""Windows features and installers."""
