# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The product's rules over the settings, a file for each theme; `table` lists them.

For use inside this collection only: names and behaviour change without notice.
"""
