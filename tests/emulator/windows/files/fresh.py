"""The folders of a fresh Windows Server, and the rights of those that do not take them from above."""

from __future__ import annotations

from ..security import descriptors

_PROTECTED_SYSTEM = (
    "O:{ti}D:PAI(A;OICIIO;GA;;;CO)(A;OICIIO;GA;;;SY)(A;;0x1301bf;;;SY)(A;OICIIO;GA;;;BA)(A;;0x1301bf;;;BA)"
)
_PROTECTED_SYSTEM += "(A;OICIIO;GXGR;;;BU)(A;;0x1200a9;;;BU)(A;CIIO;GA;;;{ti})(A;;FA;;;{ti})"
_SYSTEM = _PROTECTED_SYSTEM.format(ti=descriptors.TRUSTED_INSTALLER)

PROTECTED = {
    "C:\\": (
        f"O:{descriptors.TRUSTED_INSTALLER}D:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)(A;CI;LC;;;BU)(A;CIIO;DC;;;BU)(A;OICIIO;GA;;;CO)"
    ),
    "C:\\Windows": _SYSTEM,
    "C:\\Program Files": _SYSTEM,
    "C:\\Program Files (x86)": _SYSTEM,
    "C:\\ProgramData": (
        "O:SYD:PAI(A;OICIIO;GA;;;CO)(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)(A;CI;DCLCRPCR;;;BU)"
    ),
    "C:\\Users": "O:SYD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)(A;OICI;0x1200a9;;;WD)",
    "C:\\Users\\Administrator": "O:SYD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)",
    "C:\\ProgramData\\Microsoft\\Crypto\\RSA\\MachineKeys": "O:SYD:PAI(A;;0x12019f;;;WD)(A;;FA;;;BA)",
    "C:\\ProgramData\\Microsoft\\Crypto\\Keys": "O:SYD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)",
}
PLAIN: tuple[str, ...] = (
    "C:\\Windows\\System32",
    "C:\\Windows\\System32\\config",
    "C:\\Windows\\System32\\drivers\\etc",
    "C:\\Windows\\Temp",
)
PLAIN += ("C:\\Users\\Administrator\\AppData\\Local\\Temp", "C:\\Users\\Public", "C:\\Windows\\Microsoft.NET")
