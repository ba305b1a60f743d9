"""What is below the sites of IIS: web_application, virtual_directory."""

from __future__ import annotations

import typing as t

from hypothesis import strategies as st

from .. import tree
from ..iis_world import IisWorld
from ..known import Known, missing_in_another_order
from ..world import HERE, Sequence, Step

APPLICATION, DIRECTORY = (f"microsoft.iis.{name}" for name in ("web_application", "virtual_directory"))
SITE, NO_SITE = f"{HERE} site", f"{HERE}-none"
FOLDER, OTHER = f"C:\\fid\\{HERE}\\one", f"C:\\fid\\{HERE}\\two \u00e4"
TREE: tree.Tree = {FOLDER: None, OTHER: None}
PATHS = (
    FOLDER,
    FOLDER,
    FOLDER,
    OTHER,
    OTHER.upper(),
    FOLDER.replace("\\", "/"),
    FOLDER + "\\",
    f"{FOLDER}\\..\\two \u00e4",
    f"C:\\fid\\{HERE}\\none",
    f"%SystemDrive%\\fid\\{HERE}\\one",
    "",
)
SECRET = "[enc:AesProvider:{}:enc]"


def _names(usual: t.Sequence[str]) -> st.SearchStrategy[str]:
    odd = st.sampled_from(
        (
            "app/below",
            "/app",
            "app\\",
            "APP",
            "h\u00e4llo w\u00f6rld",
            "\u0442\u0435\u0441\u0442",
            "it's",
            "[x]",
            "a.b",
            "{0}",
            "a:b",
            "a<b",
            "a//b",
            "..",
            "docs/x",
        )
    )
    often = st.sampled_from(tuple(usual))
    return st.one_of(often, often, often, often, odd)


def _sites() -> st.SearchStrategy[str]:
    return st.sampled_from((SITE, SITE, SITE, SITE, SITE, SITE.upper(), "Default Web Site", NO_SITE))


CONNECT = {
    "connect_as": st.sampled_from(("specific_user", "specific_user", "pass_through", "Pass_Through", "nobody")),
    "username": st.sampled_from(("CORP\\web", "corp\\WEB", "CORP\\h\u00e4ns", "")),
    "password": st.sampled_from(("Secret-1", "secret-1", "p\u00e4ss<&\u65e5", "")),
}
USER = st.sampled_from(
    (
        {},
        {},
        {"connect_as": "pass_through"},
        {"connect_as": "specific_user", "username": "CORP\\web", "password": "Secret-1"},
        {"connect_as": "specific_user", "username": "CORP\\web", "password": "secret-2"},
    )
)


def _steps(module: str, required: dict[str, t.Any], optional: dict[str, t.Any]) -> st.SearchStrategy[Step]:
    usual = st.tuples(
        st.fixed_dictionaries(
            {**required, "physical_path": st.sampled_from(PATHS)},
            optional={key: value for key, value in optional.items() if key not in CONNECT},
        ),
        USER,
    ).map(lambda both: both[0] | both[1])
    state = {"state": st.sampled_from(("present", "absent", "absent", "Absent"))}
    rest = st.fixed_dictionaries(required, optional={**optional, **state, "physical_path": st.sampled_from(PATHS)})
    bad = st.sampled_from(
        (
            {},
            {"name": "app"},
            {"name": "app", "site": SITE, "state": "started"},
            {"name": "app", "site": SITE, "nothing": 1},
        )
    )
    return st.one_of(usual, usual, usual, rest, rest, bad).map(lambda arguments: Step(module, arguments))


def _application() -> st.SearchStrategy[Step]:
    pools = st.sampled_from(("Other", "other", "DefaultAppPool", "none \u00e4", ""))
    return _steps(
        APPLICATION, {"name": _names(("app", "app", "app2")), "site": _sites()}, {"application_pool": pools, **CONNECT}
    )


def _directory() -> st.SearchStrategy[Step]:
    applications = st.sampled_from(("app", "app", "/app", "APP", "app2", "none", ""))
    return _steps(
        DIRECTORY,
        {"name": _names(("docs", "docs", "files", "app")), "site": _sites()},
        {"application": applications, **CONNECT},
    )


def _a(check: bool = False, **more: t.Any) -> Step:
    return Step(APPLICATION, {"name": "app", "site": SITE, **more}, check)


def _d(check: bool = False, **more: t.Any) -> Step:
    return Step(DIRECTORY, {"name": "docs", "site": SITE, **more}, check)


_USER: dict[str, t.Any] = {"connect_as": "specific_user", "username": "CORP\\web", "password": "Secret-1"}
_ROOT = {"pool": "Other", "directories": {"/": {"physicalPath": FOLDER}}}
_START = {"pools": {"Other": {}}, "sites": {SITE: {"bindings": [["http", "*:8080:"]], "applications": {"/": _ROOT}}}}
FIXED = (
    Sequence(
        _START,
        (
            _a(),
            _a(physical_path=f"C:\\fid\\{HERE}\\none"),
            _a(check=True, physical_path=FOLDER),
            _a(physical_path=FOLDER, application_pool="DefaultAppPool", **_USER),
            _a(physical_path=OTHER.upper(), **_USER),
            _a(connect_as="specific_user", username="corp\\WEB", password="secret-1"),
            _a(connect_as="pass_through"),
            _a(connect_as="specific_user", username="x"),
            Step(APPLICATION, {"name": "a:b", "site": SITE, "physical_path": FOLDER}),
            Step(APPLICATION, {"name": "app", "site": NO_SITE, "physical_path": FOLDER}),
            _a(check=True, state="absent"),
            _a(state="absent"),
            _a(state="absent"),
        ),
    ),
    Sequence(
        _START,
        (
            _d(),
            _d(check=True, physical_path=FOLDER, **_USER),
            _d(physical_path=FOLDER, **_USER),
            _d(physical_path=OTHER, **_USER),
            _d(physical_path=OTHER, connect_as="pass_through"),
            _d(physical_path=FOLDER, application="app"),
            _a(physical_path=FOLDER),
            _d(physical_path=FOLDER, application="/app"),
            Step(DIRECTORY, {"name": "pics", "site": SITE, "physical_path": FOLDER, "application": "app"}),
            Step(DIRECTORY, {"name": "pics", "site": SITE, "physical_path": OTHER}),
            _d(connect_as="specific_user", password="x"),
            _d(state="absent", check=True),
            _d(state="absent"),
            _d(state="absent"),
            Step(DIRECTORY, {"name": "app", "site": SITE, "state": "absent"}),
            Step(DIRECTORY, {"name": "docs", "site": NO_SITE, "physical_path": FOLDER}),
        ),
    ),
)


class ApplicationsWorld(IisWorld):
    """A server with IIS, two folders and a site that may have an application and directories."""

    name = "applications"
    steps: t.Mapping[str, st.SearchStrategy[Step]] = {APPLICATION: _application(), DIRECTORY: _directory()}
    around = st.one_of(_application(), _directory())
    fixed = FIXED
    always = TREE
    known: tuple[Known, ...] = (missing_in_another_order("several missing arguments", APPLICATION, DIRECTORY),)

    def start(self) -> st.SearchStrategy[t.Any]:
        """Return a site with its root, or with an application and directories."""
        user = {"userName": "CORP\\web", "password": SECRET.format("MS10ZXJjZVM=")}
        directory = st.sampled_from(
            ({"physicalPath": FOLDER}, {"physicalPath": OTHER}, {"physicalPath": FOLDER, **user})
        )
        root = st.fixed_dictionaries({"/": st.just({"physicalPath": FOLDER})}, optional={"/docs": directory})
        below = st.fixed_dictionaries({"/": directory}, optional={"/docs": directory, "/pics": directory})
        application = st.fixed_dictionaries({"directories": below}, optional={"pool": st.just("Other")})
        rooted = st.fixed_dictionaries({"directories": root}, optional={"pool": st.just("Other")})
        applications = st.fixed_dictionaries({"/": rooted}, optional={"/app": application})
        return applications.map(
            lambda found: {
                "pools": {"Other": {}},
                "sites": {SITE: {"bindings": [["http", "*:8080:"]], "applications": found}},
            }
        )
