# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What .NET reads: JSON and XML texts with their layout, proxy variables.

For use inside this collection only: names and behaviour change without notice.
"""
