"""Small inputs from public reports and real files, and the tests that hold the right value of each."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

UNIT = Path(__file__).parent
CASES = UNIT.parents[2] / "shared" / "cases"
"""Where the reports are, on a machine that has them: the table below has a row for each of theirs."""
SETTINGS, REPORTED = "settings/test_settings_files.py", "hosting/test_reported_configurations.py"
FOREIGN, SHOWN = "agent/test_names_of_settings_files.py", "settings/test_web_config_shown.py"
PAIRS, MERGED = "certificates/test_named_and_kept_pairs.py", "dotnet/test_configuration.py"
EVENTS, WEB_CONFIG = "health/test_events_of_others.py", "settings/test_reported_files.py"
WINS, OTHERS = "agent/test_variables_that_win.py", "hosting/test_what_others_use.py"
HELD = {
    "v1-module.web.config": (
        f"{WEB_CONFIG}::test_the_former_module_which_the_bundle_lacks_is_replaced_and_the_diff_shows_it",
        f"{WEB_CONFIG}::test_an_agent_with_the_former_module_answers_after_the_next_run",
    ),
    "removed-after.web.config": (
        f"{WEB_CONFIG}::test_a_web_config_with_which_no_request_reaches_the_agent_is_refused",
        f"{WEB_CONFIG}::test_the_list_of_handlers_is_read_in_its_order",
    ),
    "name-taken.web.config": (f"{WEB_CONFIG}::test_a_web_config_with_which_no_request_reaches_the_agent_is_refused",),
    "config-source.web.config": (
        f"{WEB_CONFIG}::test_a_web_config_with_which_no_request_reaches_the_agent_is_refused",
    ),
    "pathlen-on-leaf.cer": (
        f"{WEB_CONFIG}::test_a_pair_whose_certificate_has_a_path_length_is_used_and_then_kept",
        "certificates/test_certificate_inputs.py",
    ),
    "in UTF-16 with BOM": (
        f"{FOREIGN}::test_a_file_of_others_is_read_as_dotnet_reads_it",
        f"{SETTINGS}::test_a_file_on_top_changes_what_dotnet_lets_it_change",
        f"{WINS}::test_the_files_of_an_environment_are_found_wherever_it_is_named",
    ),
    "cut in the middle": (
        f"{FOREIGN}::test_a_file_of_others_that_dotnet_refuses_is_refused_by_name_and_place",
        f"{SETTINGS}::test_a_file_that_cannot_be_read_is_refused_and_stays",
    ),
    '"EncryptionCertificate": null': (
        f"{SETTINGS}::test_a_file_on_top_changes_what_dotnet_lets_it_change",
        f"{SETTINGS}::test_a_null_section_in_a_file_on_top_leaves_the_pair_below_it",
    ),
    "merged:": (f"{MERGED}::test_the_last_file_wins_value_by_value", "settings/test_fragments.py"),
    "machine variable": (
        f"{WINS}::test_a_variable_that_changes_what_is_wanted_is_told_by_name_and_key",
        f"{WINS}::test_the_files_of_an_environment_are_found_wherever_it_is_named",
    ),
    "eventCollectorToken": (
        "settings/test_shown.py::test_no_value_is_shown_where_no_table_knows_it_as_harmless",
        "settings/test_shown.py::test_a_text_that_looks_like_a_secret_is_shown_nowhere_and_is_protected",
        "test_secrets_are_not_seen.py",
    ),
    "`https_proxy` rotated": (
        f"{SHOWN}::test_nothing_of_others_is_shown",
        f"{SHOWN}::test_a_rotated_variable_is_shown_as_changed_without_either_value",
    ),
    "OID.2.5.4.97": (
        "windows/test_distinguished_name.py::test_a_subject_as_windows_shows_it_is_found_whatever_its_parts",
        f"{PAIRS}::test_a_pair_that_the_settings_name_and_that_cannot_be_used_is_replaced_only_when_asked",
        f"{PAIRS}::test_a_file_that_somebody_encrypted_keeps_a_new_pair_from_taking_the_place_of_its_own",
    ),
    "U+200E": ("windows/test_thumbprint.py::test_what_is_copied_with_a_thumbprint_does_not_count",),
    "Kestrel's subject": ("windows/test_distinguished_name.py::test_the_common_name_is_parsed",),
    "`01_*`": (
        f"{REPORTED}::test_iis_defaults_that_somebody_uses_stay",
        f"{OTHERS}::test_a_default_site_with_somebodys_pages_stays",
    ),
    "02_sub_application_in_default_pool.xml": (f"{REPORTED}::test_iis_defaults_that_somebody_uses_stay",),
    "02_other_site_in_our_pool.xml": (
        f"{REPORTED}::test_the_pool_of_the_agent_stays_while_another_site_runs_in_it",
        f"{OTHERS}::test_the_agents_pool_stays_while_another_site_uses_it",
    ),
    "03_answers_of_iis_itself.json": (
        "health/test_reported_answers.py::test_an_answer_of_iis_itself_verifies_nothing_and_names_its_cause",
    ),
    "05_redirection.config": (f"{REPORTED}::test_a_shared_configuration_is_refused_with_its_path",),
    "06_binding_without_sni.xml": (
        f"{REPORTED}::test_a_certificate_that_another_site_shares_without_sni_is_told_of_a_new_site_too",
    ),
    "07_sddl.txt": (
        f"{REPORTED}::test_a_denial_behind_a_conditional_entry_counts",
        f"{REPORTED}::test_what_stands_behind_a_conditional_entry_is_read",
        f"{REPORTED}::test_a_text_that_is_cut_off_is_an_error",
        f"{REPORTED}::test_without_an_access_list_everybody_may_do_everything",
        f"{REPORTED}::test_a_text_inside_the_audit_list_is_not_taken_for_the_access_list",
        f"{REPORTED}::test_aliases_are_resolved",
    ),
    "08_runtime_inheritance_off.sddl": (
        "health/test_runtime_that_inherits_nothing.py::test_it_is_told_by_the_verification_and_granted_by_the_next_run",
    ),
    "13_pool_defaults.xml": (f"{OTHERS}::test_what_a_pool_inherits_from_changed_defaults_is_told",),
    "DLL of the IIS module": ("test_unkind_windows.py::test_an_unregistered_module_is_repaired",),
    "state `Stopping`": (
        "hosting/test_slow_states.py::test_a_changed_pool_runs_again_at_the_end_of_the_run",
        "test_unkind_windows.py::test_a_changed_agent_runs_afterwards",
    ),
    "ANCM event 1007/Error": (
        f"{EVENTS}::test_an_error_of_another_application_is_not_the_agents",
        f"{EVENTS}::test_the_start_of_another_application_does_not_hide_an_error_of_the_agent",
        "test_unkind_windows.py::test_a_first_installation_converges",
    ),
    "pool Old to pool New": (f"{PAIRS}::test_a_former_identity_loses_its_right_on_a_file_once",),
    "IdentityManagerAgentGro": ("windows/test_sddl.py::test_one_character_of_a_name_stays_one",),
    "Runtime.im-0123456789ab.new": (
        "server/test_leftovers.py::test_only_what_the_writer_would_remove_is_planned_and_removed",
    ),
    "`.\\svc-agent`": ("hosting/test_service_states.py::test_an_account_in_another_form_is_the_same_account",),
}
"""By words of a report's first column: the tests, or a whole file of them."""
NAMED = sorted({test for tests in HELD.values() for test in tests})


@pytest.mark.parametrize("name", NAMED)
def test_each_test_that_is_named_is_there(name):
    path, _, function = name.partition("::")
    tree = ast.parse((UNIT / path).read_text("utf-8"))
    found = {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}
    assert (function in found) if function else found


def rows() -> list[str]:
    """Return the first column of the reports' tables."""
    lines = [line for line in (CASES / "README.md").read_text("utf-8").splitlines() if line.startswith("| ")]
    return [line.split(" | ")[0] for line in lines if not line.startswith(("| input |", "| --- |"))]


needs_reports = pytest.mark.skipif(not CASES.exists(), reason="the reports are not on this machine")


@needs_reports
def test_each_report_has_tests():
    found = [[words for words in HELD if words in row] for row in rows()]
    assert [row for row, words in zip(rows(), found, strict=True) if len(words) != 1] == []
    assert sorted(words for (words,) in found) == sorted(HELD)


@needs_reports
def test_the_files_that_tests_read_are_those_of_the_reports():
    copies = {path.name: path.read_bytes() for path in UNIT.glob("*/reported/*")}
    reported = {path.name: path.read_bytes() for path in CASES.glob("*/*")}
    assert copies.items() <= reported.items()
    quoted = {"08_runtime_inheritance_off.sddl", "13_pool_defaults.xml"}
    assert reported.keys() - copies.keys() - quoted == set()
