"""Texts as Windows, .NET and PowerShell read and write them."""
