# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The thinking of the collection, a private folder for each subject. docs/architecture.md has the map."""
