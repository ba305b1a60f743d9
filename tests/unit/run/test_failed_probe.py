"""A probe that fails on the server: what PowerShell wrote about it is shown, without the secrets of the task."""

from __future__ import annotations

import chain
import pytest

SECRET = "canary-of-a-failed-probe"
WHY = f"Cannot add type. Compilation errors occurred near {SECRET}."
ARGUMENTS = {
    "name": chain.POOL,
    "identity": "specific_user",
    "username": "CONTOSO\\svc",
    "password": SECRET,
    "settings_path": chain.RUNTIME,
}


@pytest.mark.parametrize("stream", ["module_stdout", "module_stderr"])
def test_the_server_s_reason_is_shown_and_no_secret(monkeypatch, stream):
    server = chain.server()
    failed = {"failed": True, "msg": "MODULE FAILURE", "module_stdout": "", "module_stderr": "", stream: WHY}
    monkeypatch.setattr(server.engine, "call", lambda *_arguments, **_options: failed)
    result = server.run("win_im_apppool", ARGUMENTS)
    assert "the probe did not answer: MODULE FAILURE; Cannot add type. Compilation errors" in result["msg"]
    assert "near ********" in result["msg"]
    assert SECRET not in str(result)
