"""Emulated servers that listen in the tests' own process, so that a test has its hand on their clocks."""

from __future__ import annotations

import asyncio
import contextlib
import threading

import winrm
from emulator.wire.http import Front

USER, PASSWORD = "Administrator", "Emulated-1"


class InThread(Front):
    """A front whose event loop runs in a thread of the tests."""

    loop: asyncio.AbstractEventLoop

    def restart(self, host):
        """Let a host's WinRM go away and come back, and return when it is back."""
        asyncio.run_coroutine_threadsafe(self.endpoints[host]._restart(lambda: None), self.loop).result(10)


@contextlib.contextmanager
def listening(hosts, folder, **options):
    """Let hosts of this process listen; yields their front and a session with the host one."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    front = InThread(hosts, folder, **options)
    front.loop = loop
    asyncio.run_coroutine_threadsafe(front.start(), loop).result(10)
    try:
        address, ca = hosts["one"].address, str(front.authority.file)
        yield (
            front,
            winrm.Session(f"https://{address}:5986/wsman", auth=(USER, PASSWORD), transport="basic", ca_trust_path=ca),
        )
    finally:
        asyncio.run_coroutine_threadsafe(front.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
