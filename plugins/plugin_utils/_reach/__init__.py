# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The subject reach: whether and how a server is reached, and why not.

For use inside this collection only: names and behaviour change without notice.
"""
