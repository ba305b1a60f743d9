"""Options of modules that the emulator does not model: a call that sets one fails, instead of doing nothing."""

from __future__ import annotations

import typing as t

from .call import ModuleFailure
from .spec import Spec

_WEB = frozenset(
    {
        "client_cert",
        "client_cert_password",
        "use_default_credential",
        "proxy_use_default_credential",
    }
)
UNMODELLED: t.Mapping[str, frozenset[str]] = {
    "ansible.windows.win_file": frozenset({"access_time_format", "modification_time_format"}),
    "ansible.windows.win_get_url": _WEB,
    "ansible.windows.win_package": _WEB
    | {
        "chdir",
        "creates_service",
        "creates_version",
        "follow_redirects",
        "force_basic_auth",
        "headers",
        "http_agent",
        "log_path",
        "maximum_redirection",
        "provider",
        "url_method",
        "url_password",
        "url_timeout",
        "url_username",
        "validate_certs",
        "wait_for_children",
    },
    "ansible.windows.win_powershell": frozenset({"arguments", "executable", "sensitive_parameters"}),
    "ansible.windows.win_service": frozenset(
        {
            "dependencies",
            "dependency_action",
            "desktop_interact",
            "error_control",
            "failure_actions_on_non_crash_failure",
            "failure_command",
            "failure_reboot_msg",
            "load_order_group",
            "pre_shutdown_timeout_ms",
            "required_privileges",
            "service_type",
            "sid_info",
        }
    ),
    "ansible.windows.win_uri": _WEB,
    "community.windows.win_firewall_rule": frozenset(
        {
            "description",
            "edge",
            "group",
            "icmp_type_code",
            "interfacetypes",
            "localip",
            "remoteip",
            "remoteport",
            "security",
            "service",
        }
    ),
}
WITHOUT_EFFECT: t.Mapping[str, frozenset[str]] = {
    "ansible.windows.setup": frozenset({"gather_timeout"}),
    "ansible.windows.win_acl": frozenset({"follow"}),
    "ansible.windows.win_certificate_store": frozenset({"key_storage"}),
    "ansible.windows.win_command": frozenset({"stdin", "output_encoding_override"}),
    "ansible.windows.win_find": frozenset({"follow", "hidden"}),
    "ansible.windows.win_powershell": frozenset({"error_action", "remote_src"}),
    "ansible.windows.win_stat": frozenset({"follow"}),
}
"""Options that change nothing on a server without links and hidden files, on which facts take no time, programs read no
input and write ASCII, keys of a store are the machine's, and the scripts that run have no error that does not end them.
"""


def check(module: str, taken: Spec, arguments: t.Mapping[str, t.Any]) -> None:
    """Refuse a call that sets an option which is not modelled to another value than its default.

    Raises:
        ModuleFailure: with the option's name.
    """
    defaults = {parameter.name: parameter.default for parameter in taken.legacy}
    defaults |= {name: option.get("default") for name, option in (taken.options or {}).items()}
    for option in sorted(UNMODELLED.get(module, ())):
        value = arguments.get(option)
        if value not in (None, "", [], {}) and value != defaults.get(option):
            raise ModuleFailure(f"the emulator does not model the option {option} of {module}")
