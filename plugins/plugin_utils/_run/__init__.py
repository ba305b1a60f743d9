# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A run against a server: the base of actions, the host, snapshots, files of the controller. Ansible is imported here.

For use inside this collection only: names and behaviour change without notice.
"""
