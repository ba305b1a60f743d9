# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What later tasks of a run need to know of earlier ones, as values beside the sentences that people read."""

from __future__ import annotations

import dataclasses
import enum


class MarkKind(enum.StrEnum):
    """What a mark states about its subject."""

    CONFIGURATION_BACKED_UP = "configuration_backed_up"
    """The file named by the subject was backed up."""
    POOL_STARTED = "pool_started"
    """The application pool named by the subject was started."""
    SITE_REMOVED = "site_removed"
    """The site named by the subject, in small letters, was removed."""
    POOL_SET = "pool_set"
    """The application pool has the attributes that the subject describes."""
    SERVICE_SET = "service_set"
    """The service has the settings that the subject describes."""
    WEB_SERVICE_STARTED = "web_service_started"
    """The service W3SVC was started, and with it what starts by itself: pools, their workers and sites."""
    PAIR_RENEWED = "pair_renewed"
    """The key pair of the use named by the subject got a successor."""
    JOB_LAUNCHED = "job_launched"
    """The job in the subject's first line was launched; its second line has the instances of it that were there."""
    FOLDER_MADE = "folder_made"
    """The folder named by the subject, in small letters, was made: nothing had been there."""
    SCHEDULER_PLACES = "scheduler_places"
    """The settings of the agent in the folder of the subject's first line were written, and its scheduler has its lock
    and its logs where the next two lines say, as before; they are empty where the write moved one of them.
    """
    RUNTIME_UNPACKED = "runtime_unpacked"
    """The agent was unpacked into the folder named by the subject."""


@dataclasses.dataclass(frozen=True)
class Mark:
    """One thing that was done or, in check mode, would have been.

    Attributes:
        kind: what it was.
        subject: of what; without secrets.
    """

    kind: MarkKind
    subject: str
