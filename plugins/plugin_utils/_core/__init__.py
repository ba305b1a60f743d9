# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What all other folders use: plans, the probe's questions, masking, the kind of a value.

For use inside this collection only: names and behaviour change without notice.
"""
