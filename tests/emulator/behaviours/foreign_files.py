"""Somebody's files with rights that ours never have."""

from __future__ import annotations

import dataclasses

from ..windows.machine import Machine
from .behaviour import Behaviour

ORPHAN = "S-1-5-21-1180699209-877415012-3182924384-9999"
RIGHTS = {
    "conditional.txt": f'O:BAD:PAI(XA;;FR;;;WD;(@User.Title=="PM"))(A;;FA;;;SY)(A;;FA;;;BA)(A;;FR;;;{ORPHAN})',
    "denied.txt": 'O:BAD:PAI(XD;;FX;;;WD;(@User.Title=="PM"))(D;;FW;;;BU)(A;;FA;;;SY)(A;;FA;;;BA)',
    "object.txt": "O:BAD:PAI(OA;;FR;bf967aba-0de6-11d0-a285-00aa003049e2;;WD)(A;;FA;;;SY)(A;;FA;;;BA)",
}


@dataclasses.dataclass(frozen=True)
class ForeignFiles(Behaviour):
    """A protected folder with conditional and object entries, and one of an account that is gone, [MS-DTYP] 2.5.1.

    Attributes:
        path: the folder; its parents are made.
        conditional_folder: whether the folder itself has a conditional entry beside those of SYSTEM and Administrators.
    """

    path: str = "C:\\identitymanagerContoso\\Reports"
    conditional_folder: bool = False

    def prepare(self, machine: Machine) -> None:
        """Put the files there."""
        machine.files.make_folder(self.path)
        conditional = '(XA;OICI;FR;;;WD;(@User.Title=="PM"))' if self.conditional_folder else ""
        sddl = f"O:BAD:PAI{conditional}(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;{ORPHAN})"
        for name, rights in RIGHTS.items():
            machine.files.write(f"{self.path}\\{name}", b"somebody's")
            machine.files.set_sddl(f"{self.path}\\{name}", rights)
        machine.files.set_sddl(self.path, sddl)
