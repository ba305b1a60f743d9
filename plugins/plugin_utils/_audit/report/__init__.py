# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The pages that are made of records: for people, for spreadsheets and for other programs.

For use inside this collection only: names and behaviour change without notice.
"""
