# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# The code is in win_im_write.ps1, the documentation in win_im_write.yml.
