"""Accounts, SIDs and access lists."""
