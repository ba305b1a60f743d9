# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# An action plugin: the code is in plugins/action/win_im_agent_roles.py, the documentation in
# win_im_agent_roles.yml.
