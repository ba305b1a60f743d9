"""The documentation's site: the guides as they stand in docs/, and the reference that antsibull-docs makes of the
modules', filters' and roles' own documentation. `make docs` lays both out and runs Sphinx.
"""

from __future__ import annotations

import typing as t

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.transforms import SphinxTransform

if t.TYPE_CHECKING:
    from sphinx.application import Sphinx

COLLECTION = "ansible_collections.imops.identity_manager"
# Kinds of the reference in the order in which a name is looked up.
KINDS = ("module", "filter", "role")

project = "imops.identity_manager"
copyright = "imops team"
title = html_title = html_short_title = "imops.identity_manager"
# antsibull-docs puts this page into the reference.
exclude_patterns = ["docs/docsite/rst"]
extensions = ["myst_parser", "sphinx_antsibull_ext"]
html_theme = "sphinx_ansible_theme"
html_show_sphinx = False
html_copy_source = False
html_use_index = False
pygments_style = "ansible"
highlight_language = "none"
default_role = "any"
nitpicky = True
myst_heading_anchors = 3
# The reference leads to Ansible's own documentation and to that of other collections, which are not part of this site.
nitpick_ignore_regex = [
    ("std:ref", r"ansible_collections\.(?!imops\.).*"),
    ("std:ref", "action_plugins|callback_plugins|common_return_values|ansible_configuration_settings"),
    ("std:envvar", "ANSIBLE_.*"),
]


class LinksToTheReference(SphinxTransform):
    """Let each name of a module, filter, role or role variable that a guide has in code letters lead to its reference:
    in the files themselves it is plain Markdown.
    """

    default_priority = 500

    def apply(self, **_kwargs: t.Any) -> None:
        """Wrap the names that this document has."""
        if self.env.docname.startswith("reference/"):
            return
        known = self.app.imops_labels  # type: ignore[attr-defined]  # setup puts it there
        for literal in list(self.document.findall(nodes.literal)):
            label = known.get(literal.astext().removeprefix("imops.identity_manager."))
            if label and not isinstance(literal.parent, nodes.reference | pending_xref):
                link = pending_xref(
                    "", refdomain="std", reftype="ref", reftarget=label, refexplicit=True, refdoc=self.env.docname
                )
                literal.replace_self(link)
                link += literal


def setup(app: Sphinx) -> dict[str, bool]:
    """Read which names the reference has, and add the links."""
    import re
    from pathlib import Path

    labels = [
        label
        for path in Path(app.srcdir, "reference").glob("*.rst")
        for label in re.findall(rf"^\s*\.\. _({re.escape(COLLECTION)}\..+):$", path.read_text("utf-8"), re.MULTILINE)
    ]
    known: dict[str, str] = {}
    for label in labels:
        name = label.removeprefix(f"{COLLECTION}.")
        for kind in KINDS:
            if name.endswith(f"_{kind}"):
                known.setdefault(name.removesuffix(f"_{kind}"), label)
        option = re.fullmatch(r"im_\w+?_role__parameter-main__(im_[a-z0-9_]+)", name)
        if option:
            known.setdefault(option[1], label)
    app.imops_labels = known  # type: ignore[attr-defined]  # Sphinx lets extensions add to it
    app.add_transform(LinksToTheReference)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
