# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Another version that takes the place of the one that runs, and goes back by itself. Private to the collection: no
stable interface.
"""

from __future__ import annotations
