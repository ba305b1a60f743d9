"""Errors of Windows, with the .NET exception's name and English message that a script on the server would see."""

from __future__ import annotations


class WindowsError(Exception):
    """An operation failed as it would on Windows.

    Attributes:
        type_name: the .NET exception's full name.
        message: its English text.
        code: the HRESULT, or 0 where none matters.
    """

    def __init__(self, type_name: str, message: str, code: int = 0) -> None:
        super().__init__(message)
        self.type_name, self.message, self.code = type_name, message, code


def file_not_found(path: str) -> WindowsError:
    """Return what opening a missing file gives."""
    return WindowsError("System.IO.FileNotFoundException", f"Could not find file '{path}'.", -2147024894)


def folder_not_found(path: str) -> WindowsError:
    """Return what a path with a missing folder gives."""
    return WindowsError(
        "System.IO.DirectoryNotFoundException", f"Could not find a part of the path '{path}'.", -2147024893
    )


def access_denied(path: str) -> WindowsError:
    """Return what missing rights, a read-only file or a folder in a file's place give."""
    return WindowsError("System.UnauthorizedAccessException", f"Access to the path '{path}' is denied.", -2147024891)


def in_use(path: str) -> WindowsError:
    """Return what a sharing violation gives."""
    return WindowsError(
        "System.IO.IOException",
        f"The process cannot access the file '{path}' because it is being used by another process.",
        -2147024864,
    )


def disk_full() -> WindowsError:
    """Return what writing to a full disk gives."""
    return WindowsError("System.IO.IOException", "There is not enough space on the disk.\r\n", -2147024784)


def already_exists(path: str) -> WindowsError:
    """Return what making a file or folder over an existing one gives."""
    return WindowsError(
        "System.IO.IOException",
        f"Cannot create '{path}' because a file or directory with the same name already exists.",
    )


def drive_not_found(letter: str) -> WindowsError:
    """Return what PowerShell says of a path on a drive that is not there."""
    return WindowsError(
        "System.Management.Automation.DriveNotFoundException",
        f"Cannot find drive. A drive with the name '{letter}' does not exist.",
    )
