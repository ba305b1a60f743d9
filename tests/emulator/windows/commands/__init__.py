"""Command lines, programs and scripts that run on the server."""
