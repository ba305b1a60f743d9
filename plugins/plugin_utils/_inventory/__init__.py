# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Views over the whole inventory: its rules, the questions of all subjects, what `win_im_agent_info` returns.

For use inside this collection only: names and behaviour change without notice.
"""
