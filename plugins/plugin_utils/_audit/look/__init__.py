# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What no plan covers: rules that look at the server, whatever its inventory wants.

For use inside this collection only: names and behaviour change without notice.
"""
