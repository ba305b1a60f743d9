"""Part of the emulated Windows servers; see README.md in tests/emulator."""
