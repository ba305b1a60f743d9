# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Versions of an agent: what a Runtime folder holds, and another one beside it. Private to the collection: no stable
interface.
"""

from __future__ import annotations
