# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Agents in operation: stopped, started, restarted. Private to the collection: no stable interface."""

from __future__ import annotations
