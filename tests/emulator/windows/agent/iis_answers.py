"""What IIS answers by itself, by its status with substatus."""

from __future__ import annotations

from ..network.network import HttpAnswer

REASONS = {
    200: "OK",
    302: "Redirect",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    503: "Service Unavailable",
}
START_PAGE = b"<!DOCTYPE html><html><head><title>IIS Windows Server</title></head><body></body></html>"
SERVER = {"server": "Microsoft-IIS/10.0"}


def answer(status: str, location: str = "") -> HttpAnswer:
    """Return the answer of a status such as ``403.14``; a redirect leads to a location."""
    code = int(status.split(".", maxsplit=1)[0])
    reason = REASONS.get(code, "Internal Server Error")
    if code == 302:
        return HttpAnswer(code, reason, {**SERVER, "Location": location})
    if code == 200:
        return HttpAnswer(code, reason, {**SERVER, "Content-Type": "text/html"}, START_PAGE)
    if code < 500:
        return HttpAnswer(code, reason, SERVER, f"IIS 10.0 Detailed Error - {status} - {reason}".encode())
    return HttpAnswer(code, reason, SERVER, f"HTTP Error {status}".encode())
