# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The subject settings: appsettings files, their protection, web.config.

For use inside this collection only: names and behaviour change without notice.
"""
