"""Scenario files: what emulated servers are before anybody touches them."""
