"""Files that are looked for: win_find.

Not drawn are relative paths, since the rig's PowerShell begins in a folder of its own. The order of what is found is
not compared: the rig's Sort-Object takes no script block, by which the module sorts.
"""

from __future__ import annotations

import base64
import typing as t

from hypothesis import strategies as st

from ..known import ABSENT, Difference, Known
from ..tree import PLACE, TreeWorld, a_file
from ..world import HERE, Sequence, Step, recent
from .files import MAKE, NOT_THERE, SHARE_WARNING, invalid_name, read_only_touched

MODULE, FILE = "ansible.windows.win_find", "ansible.windows.win_file"

PATHS = (PLACE, PLACE, PLACE, f"{PLACE}\\sub", f"{PLACE}\\sub\\deep")
ODD_PATHS = (
    f"{PLACE}\\sub\\",
    f"{PLACE}/sub",
    f"{PLACE}\\none",
    f"{PLACE}\\a.txt",
    f"{PLACE}\\a.txt\\below",
    f"{PLACE}\\sub\\..\\sub",
    f"c:\\FID\\{HERE}\\SUB",
    f"{PLACE}\\[b].txt",
    f"{PLACE}\\h\u00e4llo",
    f"Q:\\{HERE}",
)
PATTERNS = ("*", "*.txt", "*.TXT", "a*", "?.txt", "*.log", "sub", "b", "none*")
ODD_PATTERNS = (
    "",
    "[ab]*",
    "[a-c]*",
    "[!a]*",
    "`[b`].txt",
    "[b",
    "[c-a]",
    "*.*",
    "h\u00e4*",
    "H\u00c4*",
    "a.txt,b",
    "``",
)
EXPRESSIONS = ("\\.txt$", "^A", "^[ab]", "b|log", ".", "^$", "\\d", "h\u00e4llo")
AGES = ("1h", "-1h", "1d", "-1d", "52w", "-2W", "3600", "-3600s", "10M", "1y", "a day", "", "1.5h")
SIZES = ("0", "1", "-1", "5b", "-5", "7", "-10b", "1k", "-1K", "300", "1t", "x", "1.5k", "5 b")

_paths = st.one_of(
    st.sampled_from(PATHS).map(lambda path: [path]),
    st.sampled_from(PATHS).map(lambda path: [path]),
    st.sampled_from(PATHS),
    st.lists(st.sampled_from((*PATHS, *ODD_PATHS)), max_size=2),
)
_patterns = st.one_of(
    st.sampled_from(PATTERNS).map(lambda pattern: [pattern]),
    st.sampled_from((*PATTERNS, *ODD_PATTERNS)),
    st.lists(st.sampled_from((*PATTERNS, *ODD_PATTERNS)), max_size=2),
)
_usual: dict[str, st.SearchStrategy[t.Any]] = {
    "patterns": _patterns,
    "recurse": st.sampled_from((True, True, False)),
    "file_type": st.sampled_from(("file", "directory", "any", "any", "Any")),
}
_filters: dict[str, st.SearchStrategy[t.Any]] = {
    "age": st.sampled_from((*AGES[:7], *AGES)),
    "age_stamp": st.sampled_from(("mtime", "mtime", "ctime", "atime", "MTime")),
    "size": st.sampled_from((*SIZES[:9], *SIZES)),
    "depth": st.sampled_from((0, 1, 2, 3, -1, "2", "deep")),
    "get_checksum": st.booleans(),
    "checksum_algorithm": st.sampled_from(("md5", "sha1", "sha256", "sha384", "SHA512", "crc")),
    "hidden": st.booleans(),
    "follow": st.booleans(),
    "case_sensitive": st.booleans(),
    "nonsense": st.just(1),
}
PLAIN = st.fixed_dictionaries({"paths": _paths}, optional=_usual)
FILTERED = st.lists(st.sampled_from(tuple(_filters)), min_size=1, max_size=2, unique=True).flatmap(
    lambda keys: st.fixed_dictionaries({"paths": _paths, **{key: _filters[key] for key in keys}}, optional=_usual)
)
BY_EXPRESSION = st.fixed_dictionaries(
    {"paths": _paths, "use_regex": st.just(True)},
    optional={
        "patterns": st.lists(st.sampled_from(EXPRESSIONS), max_size=2),
        "regex": st.sampled_from(EXPRESSIONS),
        "case_sensitive": st.booleans(),
        "recurse": st.just(True),
        "file_type": st.just("any"),
    },
)
BAD = st.sampled_from(({}, {"paths": None}, {"paths": {"a": 1}}, {"paths": PLACE, "file_type": "link"}))
AGED = st.sampled_from((f"{PLACE}\\a.txt", f"{PLACE}\\b", f"{PLACE}\\sub", f"{PLACE}\\sub\\c.log")).map(
    lambda path: Step(
        FILE, {"path": path, "state": "touch", "modification_time": "2020-01-02 03:04:05", "access_time": "preserve"}
    )
)


def _find(*paths: str, check: bool = False, **arguments: t.Any) -> Step:
    return Step(MODULE, {"paths": [PLACE + path for path in paths], **arguments}, check)


def _content(data: bytes) -> dict[str, str]:
    return {"content": base64.b64encode(data).decode()}


FIXED = (
    Sequence(
        {
            PLACE: None,
            f"{PLACE}\\a.txt": _content(b"hello\r\n"),
            f"{PLACE}\\[b].txt": _content(b""),
            f"{PLACE}\\h\u00e4llo": _content(b"x" * 300),
            f"{PLACE}\\sub\\c.log": {**_content(b"log"), "read_only": True},
            f"{PLACE}\\sub\\deep\\d": _content(b"d"),
        },
        (
            _find(""),
            _find("", check=True),
            _find("", recurse=True, file_type="any", get_checksum=False),
            _find("", recurse=True, file_type="directory", depth=1),
            _find("\\sub", "", "\\none", "\\a.txt", recurse=True, checksum_algorithm="sha256"),
            Step(MODULE, {"paths": f"c:/FID/{HERE}/SUB\\"}),
            _find("", patterns=["*.TXT", "h?llo"]),
            _find("", patterns=["`[b`]*"]),
            _find("", patterns=[]),
            _find("", patterns=["[b"]),
            _find("", patterns=["^A"], use_regex=True),
            _find("", patterns=["^A"], use_regex=True, case_sensitive=True),
            Step(MODULE, {"regex": "^A", "paths": PLACE, "use_regex": True, "patterns": ["b"], "file_type": None}),
            Step(MODULE, {"paths": None}),
            _find("", size="7", recurse=True),
            _find("", size="-7b", recurse=True, file_type="any"),
            _find("", size="1.5k"),
            _find("", age="1h", recurse=True),
            _find("", age="-1d", recurse=True, age_stamp="ctime"),
            _find("", age="a day"),
            Step(MODULE, {"paths": [f"Q:\\{HERE}"]}),
            Step(MODULE, {}),
        ),
    ),
)


def _shares_only(difference: Difference) -> bool:
    """Tell whether the module warned of nothing but shares besides what the model warns of."""
    if difference.real == ABSENT:
        return False
    said = [] if difference.modelled == ABSENT else difference.modelled
    about_shares = [text for text in difference.real if text.startswith(SHARE_WARNING) and NOT_THERE in text]
    folders = [file for file in difference.results[0]["files"] if file["isdir"]]
    return len(about_shares) == len(folders) and [t for t in difference.real if t not in about_shares] == said


def _chosen_by_creation(difference: Difference) -> bool:
    """Tell whether a search by the time of creation chose otherwise among files with an older time of writing, and
    nothing else.
    """
    if str(difference.arguments.get("age_stamp")).lower() != "ctime" or difference.arguments.get("age") is None:
        return False
    real, modelled = ({file["path"]: file for file in result.get("files", ())} for result in difference.results)
    parted = [{**real, **modelled}[path] for path in real.keys() ^ modelled.keys()]
    left_out = {"owner", "creationtime", "lastwritetime", "lastaccesstime"}
    alike = all(
        {key: value for key, value in real[path].items() if key not in left_out}
        == {key: value for key, value in modelled[path].items() if key not in left_out}
        for path in real.keys() & modelled.keys()
    )
    counts = [result.get("matched") for result in difference.results] == [len(real), len(modelled)]
    return bool(parted) and alike and counts and not any(recent(file["lastwritetime"]) for file in parted)


class SearchesWorld(TreeWorld):
    """A folder with some files to look for."""

    name = "searches"
    steps: t.Mapping[str, st.SearchStrategy[Step]] = {
        MODULE: st.one_of(PLAIN, PLAIN, FILTERED, FILTERED, BY_EXPRESSION, BAD).map(
            lambda arguments: Step(MODULE, arguments)
        )
    }
    around = st.one_of(MAKE, AGED, AGED)
    fixed = FIXED
    listed_by: t.Mapping[str, str] = {"files": "path"}
    known = (
        read_only_touched("times of a read-only file that is searched for"),
        invalid_name("message for a file with a folder's name, before a search"),
        Known(
            "shares of found folders",
            (MODULE,),
            ("warnings",),
            "Wine",
            "there is no WMI, so that the module warns about each folder instead of reading its share",
            _shares_only,
        ),
        Known(
            "owner of what is found",
            (MODULE,),
            ("files", "*", "owner"),
            "rig",
            "the property Owner of an access list is added by PowerShell's own type data, which the rig lacks",
            lambda d: d.real is None and d.modelled == "BUILTIN\\Administrators",
        ),
        Known(
            "the time of creation of a file with an older time of writing",
            (MODULE,),
            ("files", "*", "creationtime"),
            "Wine",
            "Wine keeps no time of creation of its own: it is never later than the time of writing",
            lambda d: (
                recent(d.modelled)
                and not recent(d.real)
                and d.real == d.results[0]["files"][int(d.field[1])]["lastwritetime"]
            ),
        ),
        *(
            Known(
                f"a search by the time of creation: {field}",
                (MODULE,),
                (field,),
                "Wine",
                "Wine keeps no time of creation of its own: a file with an older time of writing is as old as that",
                _chosen_by_creation,
            )
            for field in ("files", "matched")
        ),
    )

    def start(self) -> st.SearchStrategy[t.Any]:
        """Return some files in three folders."""
        return st.fixed_dictionaries(
            {f"{PLACE}\\a.txt": a_file()},
            optional={
                f"{PLACE}\\b": a_file(),
                f"{PLACE}\\sub\\c.log": a_file(),
                f"{PLACE}\\sub\\A.txt": a_file(),
                f"{PLACE}\\sub\\deep\\d.txt": a_file(),
                f"{PLACE}\\h\u00e4llo": st.one_of(a_file(), st.none()),
                f"{PLACE}\\[b].txt": a_file(),
                f"{PLACE}\\{HERE}.two.dots": a_file(),
            },
        ).map(lambda files: {PLACE: None, **files})

    def same(self, field: tuple[str, ...], real: t.Any, modelled: t.Any) -> bool:
        """Times of what is found are the same when both are of this run."""
        return field[:1] == ("files",) and field[-1].endswith("time") and recent(real) and recent(modelled)
