# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The audit: rules, what they find on a server, the record of a run, and the pages made of records.

For use inside this collection only: names and behaviour change without notice.
"""
