"""The editions of Windows Server that can be emulated, with what their registry says."""

from __future__ import annotations

import dataclasses

from ..registry.keys import Registry

CURRENT_VERSION = "HKLM:\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion"
FRAMEWORK = "HKLM:\\SOFTWARE\\Microsoft\\NET Framework Setup\\NDP\\v4\\Full"


@dataclasses.dataclass(frozen=True)
class Edition:
    """One edition: marketing year, product name, build, the build's revision and the release of .NET Framework that it
    came with (learn.microsoft.com "How to: Determine which .NET Framework versions are installed").
    """

    year: str
    product_name: str
    build: int
    revision: int
    framework: int
    kernel: str = "10.0"

    @property
    def version(self) -> str:
        """Return what .NET's Environment.OSVersion says."""
        return f"{self.kernel}.{self.build}.0"

    @property
    def powershell(self) -> str:
        """Return the version of Windows PowerShell."""
        return f"5.1.{self.build}.{self.revision}"

    def write(self, registry: Registry) -> None:
        """Set the values by which programs know the edition."""
        registry.set(FRAMEWORK, "Release", "DWord", self.framework)
        for name, kind, data in (
            ("ProductName", "String", self.product_name),
            ("CurrentBuild", "String", str(self.build)),
            ("CurrentBuildNumber", "String", str(self.build)),
            ("CurrentMajorVersionNumber", "DWord", int(self.kernel.split(".")[0])),
            ("CurrentMinorVersionNumber", "DWord", int(self.kernel.split(".")[1])),
            ("UBR", "DWord", self.revision),
            ("InstallationType", "String", "Server"),
            ("EditionID", "String", "ServerDatacenter"),
            ("SystemRoot", "String", "C:\\Windows"),
        ):
            registry.set(CURRENT_VERSION, name, kind, data)


EDITIONS = {
    e.year: e
    for e in (
        Edition("2012R2", "Windows Server 2012 R2 Datacenter", 9600, 21620, 378675, kernel="6.3"),
        Edition("2016", "Windows Server 2016 Datacenter", 14393, 7428, 394802),
        Edition("2019", "Windows Server 2019 Datacenter", 17763, 6414, 461814),
        Edition("2022", "Windows Server 2022 Datacenter", 20348, 2762, 528449),
        Edition("2025", "Windows Server 2025 Datacenter", 26100, 2033, 533509),
    )
}
