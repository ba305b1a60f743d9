"""The simulated agent: its process, its settings, its service and the vendor's tools."""
