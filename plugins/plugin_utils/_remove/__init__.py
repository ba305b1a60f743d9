# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The removal of one agent with all that is its own. Private to the collection: no stable interface."""

from __future__ import annotations
