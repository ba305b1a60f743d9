"""Headless Chromium, driven over its debugging pipe: for the tests of pages and the script of screenshots."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
import typing as t
from pathlib import Path

PROGRAM = "chromium"
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--remote-debugging-pipe"),
)
KEYS = {"Tab": 9, "Enter": 13, " ": 32}
"""The keys that a test presses, with the number that Chromium wants of each."""
Fields = dict[str, t.Any]


class BrowserError(Exception):
    """Chromium did not do what it was asked to."""


def program() -> str | None:
    """Return the path of Debian's Chromium, or None where it is not installed."""
    return shutil.which(PROGRAM)


class Browser:
    """One page in a Chromium of its own.

    Args:
        wait: seconds within which an answer or an event must come.

    Attributes:
        events: what Chromium has told of its own accord, in order.
    """

    def __init__(self, wait: float = 120) -> None:
        self.events: list[Fields] = []
        self._wait = wait
        self._number = 0
        self._session = ""
        self._rest = b""
        self._answers: dict[int, Fields] = {}
        self._profile = tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True)
        asked, answered = _pipe(), _pipe()
        # Chromium reads commands from descriptor 3 and writes answers to descriptor 4: the shell puts the pipes there.
        command = [program() or PROGRAM, *FLAGS, f"--user-data-dir={self._profile.name}", "about:blank"]
        self._process = subprocess.Popen(
            ["/bin/bash", "-c", 'exec "$@" 3<&"$ASKED" 4>&"$ANSWERED"', "bash", *command],
            env=os.environ | {"ASKED": str(asked[0]), "ANSWERED": str(answered[1])},
            pass_fds=(asked[0], answered[1]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(asked[0])
        os.close(answered[1])
        self._to = os.fdopen(asked[1], "wb")
        self._from = os.fdopen(answered[0], "rb", buffering=0)

    def __enter__(self) -> t.Self:
        try:
            target = self.call("Target.createTarget", url="about:blank")["targetId"]
            self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
            for domain in ("Page", "Runtime", "Network", "Log"):
                self.call(f"{domain}.enable")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self._session = ""
        with contextlib.suppress(BrowserError, OSError):
            self.call("Browser.close")
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        self._process.kill()
        self._process.wait()
        with contextlib.suppress(OSError):
            self._to.close()
        self._from.close()
        self._profile.cleanup()

    def call(self, method: str, **parameters: t.Any) -> Fields:
        """Call a method of the DevTools protocol and return its result.

        Raises:
            BrowserError: Chromium refused it, ended, or did not answer in time.
        """
        self._number += 1
        asked: Fields = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            asked["sessionId"] = self._session
        self._to.write(json.dumps(asked).encode() + b"\0")
        self._to.flush()
        deadline = time.monotonic() + self._wait
        while self._number not in self._answers:
            self._receive(deadline, method)
        answer = self._answers.pop(self._number)
        if "error" in answer:
            raise BrowserError(f"{method}: {answer['error'].get('message')}")
        return t.cast("Fields", answer["result"])

    def _receive(self, deadline: float, what: str) -> None:
        """Take what Chromium sends next: answers, and events."""
        ready, _, _ = select.select([self._from], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise BrowserError(f"{what}: no answer within {self._wait:.0f} s")
        got = self._from.read(2**20)
        if not got:
            raise BrowserError(f"{what}: Chromium has ended")
        *whole, self._rest = (self._rest + got).split(b"\0")
        for one in map(json.loads, whole):
            if "id" in one:
                self._answers[one["id"]] = one
            else:
                self.events.append(one)

    def seen(self, *methods: str) -> list[Fields]:
        """Return the parameters of the events of these names so far."""
        return [one["params"] for one in self.events if one["method"] in methods]

    def open(self, page: Path) -> float:
        """Open a page from disk, wait for its load event, and return the seconds that both took."""
        self.events.clear()
        began = time.monotonic()
        told = self.call("Page.navigate", url=page.resolve().as_uri())
        if told.get("errorText"):
            raise BrowserError(f"{page}: {told['errorText']}")
        while not self.seen("Page.loadEventFired"):
            self._receive(began + self._wait, f"load {page}")
        return time.monotonic() - began

    def run(self, script: str) -> t.Any:
        """Run a script in the page, wait for the promise it may return, and return its value."""
        told = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in told:
            raise BrowserError(json.dumps(told["exceptionDetails"])[:2000])
        return told["result"].get("value")

    def press(self, key: str, *, shift: bool = False) -> None:
        """Press a key and let it go, as a user does."""
        text = {"text": "\r" if key == "Enter" else key} if key in {"Enter", " "} else {}
        common = {"key": key, "windowsVirtualKeyCode": KEYS[key], "modifiers": 8 if shift else 0}
        self.call("Input.dispatchKeyEvent", type="keyDown", **common, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def type(self, text: str) -> None:
        """Type a text into what has the focus."""
        for letter in text:
            self.call("Input.dispatchKeyEvent", type="char", text=letter)

    def prefers(self, scheme: str) -> None:
        """Prefer a ``light`` or ``dark`` page, as the system's settings do."""
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def size(self, width: int, height: int) -> None:
        """Set the size of the window, in CSS pixels."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def picture(self) -> bytes:
        """Return what the window shows, as a PNG."""
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])


def _pipe() -> tuple[int, int]:
    """Return both ends of a pipe, with numbers that are out of the way of 3 and 4."""
    ends = os.pipe()
    moved = tuple(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends)
    for end in ends:
        os.close(end)
    return moved[0], moved[1]
