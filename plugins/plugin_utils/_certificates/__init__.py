# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The subject key pairs: creating, importing, checking and removing certificates with their keys.

For use inside this collection only: names and behaviour change without notice.
"""
