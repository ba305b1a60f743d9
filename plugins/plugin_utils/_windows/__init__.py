# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is Windows' own: paths, security descriptors, identities, the configuration of IIS.

For use inside this collection only: names and behaviour change without notice.
"""
