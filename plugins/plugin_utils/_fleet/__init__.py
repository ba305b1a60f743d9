# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A change of many servers in waves, with one budget of failures. Private to the collection: no stable interface."""

from __future__ import annotations
