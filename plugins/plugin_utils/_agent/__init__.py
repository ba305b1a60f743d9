# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the subjects share about the agent: folders, settings files, fingerprints, restart, downloads.

For use inside this collection only: names and behaviour change without notice.
"""
