"""What an unkind Windows does, one behaviour a file; each is switched on alone, and all are off by default."""
