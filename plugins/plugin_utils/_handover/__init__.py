# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What other people need of an agent, as papers. Private to the collection: no stable interface."""

from __future__ import annotations
