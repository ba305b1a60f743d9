"""The inventories of the README and of docs/install.md work word by word, but for what they leave out with a ``…``."""

from __future__ import annotations

import re
import shutil
import typing as t

import chain
import install_playbook
import pytest
import yaml
from ansible.parsing.dataloader import DataLoader

PAGES = ("README.md", "docs/install.md")
HOST = "agent1.contoso.com"
SECRETS = {
    "vault_openid_secret_job": chain.CANARIES["job"],
    "vault_identity_server_pfx_password": chain.CANARIES["pfx"],
}


def inventory_of(page: str) -> str:
    """Return the inventory that a page shows."""
    text = (chain.ROOT / page).read_text("utf-8")
    found = re.search(r"```yaml\n(agents:\n.*?)```", text, re.DOTALL)
    assert found, page
    return found[1]


def server(inventory: t.Mapping[str, t.Any]) -> tuple[t.Any, str]:
    """Return a server that can download what an inventory names and has a certificate, and its thumbprint."""
    shared = inventory["agents"]["vars"]
    files = {
        shared["im_agent_archive_source"]: {"file": str(chain.FILES.archive)},
        shared["im_agent_hosting_bundle_source"]: {"file": str(chain.FILES.bundle)},
    }
    name = inventory["agents"]["hosts"][HOST]["im_agent_host_name"]
    found = chain.server({"web": files, "certificates": [{"subject": f"CN={name}", "names": [name]}]})
    (certificate,) = found.machine.certificates.all("LocalMachine", "My")
    return found, certificate.thumbprint


@pytest.mark.parametrize("page", PAGES)
def test_the_inventory_of_a_page_installs_an_agent_and_the_second_run_changes_nothing(page, tmp_path):
    text = inventory_of(page)
    machine, thumbprint = server(yaml.safe_load(text))
    for start, value in (
        ("im_agent_archive_checksum: ", chain.sha256(chain.FILES.archive)),
        ("im_agent_hosting_bundle_checksum: ", chain.sha256(chain.FILES.bundle)),
        ("thumbprint: ", thumbprint),
    ):
        text, replaced = re.subn(rf"(?<={start}).*….*", value, text)
        assert replaced == 1, f"{page} leaves out the value of {start}"
    (tmp_path / "files").mkdir()
    (tmp_path / "inventory.yml").write_text(text, "utf-8")
    shutil.copy(chain.FILES.key_pair, tmp_path / "files" / "identity-server.pfx")
    read = DataLoader().load_from_file(str(tmp_path / "inventory.yml"), trusted_as_template=True)
    variables = {**read["agents"]["vars"], **read["agents"]["hosts"][HOST], **SECRETS}
    variables |= {"inventory_hostname": HOST, "inventory_dir": str(tmp_path), "im_agent_verify_timeout": 0}
    first = install_playbook.run(machine, variables)
    assert not first[-1].result.get("failed"), first[-1].result["msg"]
    second = install_playbook.run(machine, variables)
    assert not second[-1].result.get("failed"), second[-1].result["msg"]
    assert [task.task for task in second if task.changed] == []
