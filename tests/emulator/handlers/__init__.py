"""What each module does to a server: ``HANDLERS`` has all, to be passed to an engine."""

from ..model.call import declared
from . import (  # noqa: F401  (imported, so that they are declared)
    ansible_windows_acl,
    ansible_windows_certificate_info,
    ansible_windows_certificates,
    ansible_windows_commands,
    ansible_windows_copy,
    ansible_windows_environment,
    ansible_windows_facts,
    ansible_windows_files,
    ansible_windows_find,
    ansible_windows_network,
    ansible_windows_registry,
    ansible_windows_system,
    ansible_windows_tempfile,
    ansible_windows_uri,
    ansible_windows_wait,
    community_windows,
    community_windows_unzip,
    community_windows_xml,
    microsoft_iis,
    microsoft_iis_applications,
    microsoft_iis_sites,
    probe,
    write,
)

HANDLERS = declared()
"""The handlers by the full names of their modules."""
