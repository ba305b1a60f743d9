"""What other programs do to files while ours work with them: hooks of the file system."""

from __future__ import annotations


class OtherProgram:
    """A program beside ours. By default it does nothing; each method may raise the WindowsError that ours would see."""

    def written(self, path: str) -> None:
        """See a file that was just written."""

    def read(self, path: str) -> None:
        """See a file that is about to be read."""

    def changed(self, path: str) -> None:
        """See a file or folder that is about to be written, renamed, replaced or removed."""

    def folder_moved(self, path: str, below: tuple[str, ...]) -> None:
        """See a folder that is about to be renamed, with all that is in it."""

    def replaced(self, new: str, old: str, backup: str | None) -> None:
        """See a file that is about to be replaced, after ReplaceFileW."""

    def keeps_time(self, path: str) -> bool:
        """Tell whether a written file shows the time of its last close."""
        return False
