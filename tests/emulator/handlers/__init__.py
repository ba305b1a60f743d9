"""What each module does to a server: importing this package registers all handlers."""

from . import (  # noqa: F401
    ansible_windows_acl,
    ansible_windows_files,
    ansible_windows_network,
    ansible_windows_system,
    microsoft_iis,
    probe,
    write,
)
