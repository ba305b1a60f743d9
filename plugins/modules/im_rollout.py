# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# An action plugin: the code is in plugins/action/im_rollout.py, the documentation in im_rollout.yml.
