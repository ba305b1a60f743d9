"""Windows' firewall as the registry holds it: on in each profile, with rules as texts, [MS-GPFAS] 2.2.2.19."""

from __future__ import annotations

from ..registry.keys import Registry

POLICY = "HKLM:\\SYSTEM\\CurrentControlSet\\Services\\SharedAccess\\Parameters\\FirewallPolicy"
RULES = f"{POLICY}\\FirewallRules"
PROFILES = ("DomainProfile", "StandardProfile", "PublicProfile")


def write(registry: Registry) -> None:
    """Write what Windows Setup leaves: the firewall on, remote management let in, and much that concerns no agent."""
    for profile in PROFILES:
        registry.set(f"{POLICY}\\{profile}", "EnableFirewall", "DWord", 1)
    add_rule(registry, "WINRM-HTTP-In-TCP", LPort=5985, App="System", Profile="Domain")
    add_rule(registry, "RPCSS-In-TCP", LPort="RPC", App="%SystemRoot%\\system32\\svchost.exe")
    add_rule(registry, "CoreNet-DHCP-In", Protocol=17, LPort=68, App="%SystemRoot%\\system32\\svchost.exe")
    add_rule(registry, "Store-App", AppPkgId="S-1-15-2-1", LUOwn="S-1-5-21-1-2-3-500")


def add_rule(registry: Registry, key: str, **fields: object) -> None:
    """Add an incoming rule, active and allowing unless fields say otherwise."""
    full = {"Action": "Allow", "Active": "TRUE", "Dir": "In", "Protocol": 6, **fields}
    full.setdefault("Name", f"@FirewallAPI.dll,-{key}")
    registry.set(RULES, key, "String", "v2.31|" + "".join(f"{name}={value}|" for name, value in full.items()))
