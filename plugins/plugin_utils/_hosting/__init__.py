# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The subject hosting: application pool and site, or Windows service, and the firewall before them.

For use inside this collection only: names and behaviour change without notice.
"""
