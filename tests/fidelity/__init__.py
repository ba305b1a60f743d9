"""The emulator's handlers measured against the unmodified modules on a real PowerShell engine; see README.md here."""
