"""Downloads and requests: win_get_url, win_uri, to a small web of this process.

Not drawn is what .NET Framework is known or likely to do otherwise than .NET 10: a body to a port where nobody listens,
ftp, a body with several keys (they come in any order), the headers that are properties of HttpWebRequest and refuse
values, status names that came later, 304 and 308; and, since the rig's Select-String gives no text of what it found, a
``checksum_url`` that has the file's checksum.
"""

from __future__ import annotations

import base64
import hashlib
import re
import typing as t

from hypothesis import strategies as st

from .. import pages
from ..known import Difference, Known, missing_in_another_order
from ..local_web import ADDRESS, CLOSED, NOBODY, PLAIN, SECURE, LocalWeb
from ..tree import PLACE, TreeWorld
from ..world import HERE, Sequence, Step
from .files import empty_path

GET, URI = "ansible.windows.win_get_url", "ansible.windows.win_uri"
SHA1, SHA256 = hashlib.sha1(pages.HELLO, usedforsecurity=False).hexdigest(), hashlib.sha256(pages.HELLO).hexdigest()
FORGET = "[Net.ServicePointManager]::ServerCertificateValidationCallback = $null\n"
"""A module's process ends on Windows, and what it set with it; the rig's goes on."""

FILES = (
    "/hello.txt",
    "/hello.txt",
    "/other.txt",
    "/h\u00e4llo.txt",
    "/b%20c.txt",
    "/a/../hello.txt",
    "/raw.bin",
    "/empty",
)
TEXTS = ("/data.json", "/list.json", "/zero.json", "/broken.json", "/script.js", "/page.html", "/typeless", "/tagged")
STATUS = (201, 202, 204, 400, 401, 403, 404, 405, 409, 410, 500, 503, 299, 599)
MOVES = ("/redirect/301", "/redirect/302", "/redirect/303", "/redirect/307", "/redirect/302/echo", "/redirect/307/echo")
ODD = (
    "",
    "nonsense",
    "gopher://x/y",
    "localhost:8080/x",
    f"{ADDRESS}:8080/x",
    "//x/y",
    f"{NOBODY}/x",
    f"http://{ADDRESS}:{CLOSED}/a b?c",
    "http://none.invalid/x",
    f"file:///C:/fid/{HERE}/a.txt",
    f"file:///C:/fid/{HERE}/none",
    f"{SECURE}/hello.txt",
    PLAIN,
    f"{PLAIN}/",
    f"HTTP://{ADDRESS}:8080/hello.txt?q=1#there",
    f"{PLAIN}/h%C3%A4llo.txt?\u00e4=%2F",
)


def _pages(*paths: str) -> st.SearchStrategy[str]:
    return st.sampled_from(paths).map(lambda path: PLAIN + path)


_status = st.sampled_from(STATUS).map(lambda status: f"{PLAIN}/status/{status}")
_odd = st.sampled_from(ODD)
_dest = st.sampled_from(
    (
        f"{PLACE}\\a.txt",
        f"{PLACE}\\a.txt",
        f"{PLACE}\\b.txt",
        f"{PLACE}\\b.txt",
        PLACE,
        f"{PLACE}\\sub\\",
        f"{PLACE}/sub/c.bin",
        f"{PLACE}\\none\\x",
        f"{PLACE}\\none\\",
        f"{PLACE}\\h\u00e4llo [1].txt",
        "",
    )
)
_headers = st.sampled_from(
    (
        {"X-A": "b"},
        {"X-Number": 5, "Accept": "text/html"},
        {"User-Agent": "me"},
        {"Referer": "http://a/", "Content-Type": "a/b"},
        {"Host": "h.example"},
        {},
        "X-A=b",
        ["a"],
    )
)
_common: dict[str, st.SearchStrategy[t.Any]] = {
    "headers": _headers,
    "http_agent": st.sampled_from(("agent/1", "ansible-httpget")),
    "follow_redirects": st.sampled_from(("all", "none", "safe", "Safe", "some")),
    "maximum_redirection": st.sampled_from((0, 1, 50, "2", "many")),
    "timeout": st.sampled_from((20, 30, "x")),
    "validate_certs": st.booleans(),
    "force_basic_auth": st.booleans(),
    "use_proxy": st.booleans(),
}
_user = st.sampled_from(
    ((pages.USER, pages.PASSWORD), (pages.USER, "demo-only-wrong"), ("", "demo-only-word"), (pages.USER, ""))
)


def _some(
    required: dict[str, st.SearchStrategy[t.Any]], options: dict[str, st.SearchStrategy[t.Any]]
) -> st.SearchStrategy[dict[str, t.Any]]:
    """Return arguments without further options often, with one or two sometimes."""

    def those(keys: list[str]) -> st.SearchStrategy[dict[str, t.Any]]:
        return st.fixed_dictionaries(required | {key: options[key] for key in keys})

    return st.lists(st.sampled_from(sorted(options)), max_size=2, unique=True).flatmap(those)


def _with_user(
    url: st.SearchStrategy[str], more: dict[str, st.SearchStrategy[t.Any]]
) -> st.SearchStrategy[dict[str, t.Any]]:
    def made(drawn: tuple[str, tuple[str, str], bool, dict[str, t.Any]]) -> dict[str, t.Any]:
        address, user, first, rest = drawn
        return {"url": address, "url_username": user[0], "url_password": user[1], "force_basic_auth": first, **rest}

    return st.tuples(url, _user, st.booleans(), st.fixed_dictionaries(more)).map(made)


_sums = st.sampled_from((SHA1, SHA1.upper(), f" {SHA1} ", SHA256, "00", "", "nonsense"))
_get_options: dict[str, st.SearchStrategy[t.Any]] = {
    "force": st.sampled_from((True, False, False, "no", "perhaps")),
    "checksum": _sums,
    "checksum_algorithm": st.sampled_from(("md5", "sha1", "sha256", "sha384", "sha512", "SHA1", "crc")),
    "checksum_url": st.sampled_from(
        (
            f"{PLAIN}/sums.txt",
            f" {PLAIN}/sums.txt",
            f"{PLAIN}/hello.txt",
            f"{PLAIN}/none",
            "gopher://a",
            "rel",
            f"{NOBODY}/x",
        )
    ),
    "method": st.sampled_from(("GET", "get", "HEAD", "POST", "PUT")),
}
DOWNLOAD = _some({"url": _pages(*FILES), "dest": _dest}, _get_options)
MODIFIED = st.fixed_dictionaries(
    {
        "url": st.sampled_from(
            (f"{PLAIN}/old.txt", f"{PLAIN}/new.txt", f"{PLAIN}/hello.txt", f"{PLAIN}/status/500", f"{NOBODY}/x")
        ),
        "dest": st.sampled_from((f"{PLACE}\\a.txt", f"{PLACE}\\b.txt")),
        "force": st.just(False),
    },
    optional={"checksum": _sums},
)
SUMMED = st.fixed_dictionaries(
    {
        "url": st.just(f"{PLAIN}/hello.txt"),
        "dest": st.sampled_from((f"{PLACE}\\a.txt", PLACE)),
        "checksum": st.sampled_from((SHA1, SHA1.upper(), SHA256, "00")),
        "force": st.booleans(),
    },
    optional={"checksum_algorithm": st.sampled_from(("sha1", "sha256"))},
)
ODD_DOWNLOAD = _some(
    {"url": st.one_of(_odd, _status, _pages(*MOVES, "/loop/1")), "dest": _dest}, _get_options | _common
)
BAD_DOWNLOAD: st.SearchStrategy[dict[str, t.Any]] = st.sampled_from(
    (
        {},
        {"url": PLAIN},
        {"dest": PLACE},
        {"url": f"{PLAIN}/hello.txt", "dest": PLACE, "nonsense": 1},
        {"url": f"{PLAIN}/hello.txt", "dest": PLACE, "checksum": SHA1, "checksum_url": "x"},
        {"url": f"{PLAIN}/slow", "dest": f"{PLACE}\\slow.txt", "timeout": 1},
    )
)

_statuses = st.sampled_from(([200], 404, [404, 200], "201,204", [302, 307], [500, 599], [], ["x"], 299))
_uri_options: dict[str, st.SearchStrategy[t.Any]] = {
    "return_content": st.just(True),
    "status_code": _statuses,
    "method": st.sampled_from(("GET", "get", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "G E T", "G1", "")),
    "dest": st.sampled_from((f"{PLACE}\\a.txt", f"{PLACE}\\b.txt", PLACE, f"{PLACE}\\none\\x")),
    "creates": st.sampled_from((f"{PLACE}\\a.txt", f"{PLACE}\\none", PLACE)),
    "removes": st.sampled_from((f"{PLACE}\\a.txt", f"{PLACE}\\none", PLACE)),
    "content_type": st.sampled_from(("text/plain", "application/json")),
}
READ = st.one_of(_pages(*TEXTS, *FILES), _pages(*TEXTS)).flatmap(
    lambda url: _some({"url": st.just(url), "return_content": st.sampled_from((True, True, False))}, _uri_options)
)
JUDGED = st.fixed_dictionaries({"url": _status}, optional={"status_code": _statuses, "return_content": st.booleans()})
SENT = st.fixed_dictionaries(
    {
        "url": st.just(f"{PLAIN}/echo"),
        "return_content": st.just(True),
        "method": st.sampled_from(("POST", "PUT", "PATCH", "DELETE", "post", "GET", "HEAD")),
    },
    optional={
        "body": st.sampled_from(
            (
                "",
                "text",
                "h\u00e4llo",
                {"<a>": [1, "b", None, {"c": True}]},
                [1, {"a": "'&'"}],
                [],
                {},
                5,
                True,
                1.5,
            )
        ),
        "content_type": st.sampled_from(("application/json", "text/plain; charset=utf-8")),
        "headers": _headers,
        "http_agent": st.sampled_from(("agent/1", "ansible-httpget")),
    },
)
MOVED = st.fixed_dictionaries(
    {"url": _pages(*MOVES, "/loop/1", "/loop/5")},
    optional={
        "method": st.sampled_from(("GET", "HEAD", "POST")),
        "follow_redirects": st.sampled_from(("all", "none", "safe")),
        "maximum_redirection": st.sampled_from((0, 1, 3)),
        "status_code": _statuses,
        "return_content": st.booleans(),
    },
)
ODD_REQUEST = _some({"url": _odd}, _uri_options | _common)
BAD_REQUEST: st.SearchStrategy[dict[str, t.Any]] = st.sampled_from(
    (
        {},
        {"url": PLAIN, "nonsense": 1},
        {"url": f"{PLAIN}/slow", "timeout": 1},
        {"url": f"{PLAIN}/slow", "url_timeout": 20, "return_content": True},
        {"url": f"{SECURE}/data.json", "return_content": True},
        {"url": f"{SECURE}/data.json", "return_content": True, "validate_certs": False},
    )
)


def _steps(module: str, *kinds: st.SearchStrategy[dict[str, t.Any]]) -> st.SearchStrategy[Step]:
    return st.one_of(*kinds).map(lambda arguments: Step(module, arguments))


TEXT = base64.b64encode(pages.HELLO).decode()
TREE = {PLACE: None, f"{PLACE}\\sub": None, f"{PLACE}\\a.txt": {"content": TEXT}}


def _get(check: bool = False, **arguments: t.Any) -> Step:
    return Step(GET, {"dest": f"{PLACE}\\b.txt", **arguments}, check)


def _uri(path: str, check: bool = False, **arguments: t.Any) -> Step:
    return Step(URI, {"url": PLAIN + path, **arguments}, check)


FIXED = (
    Sequence(
        TREE,
        (
            _get(url=f"{PLAIN}/other.txt", check=True),
            _get(url=f"{PLAIN}/other.txt"),
            _get(url=f"{PLAIN}/other.txt"),
            _get(url=f"{PLAIN}/hello.txt", check=True),
            _get(url=f"{PLAIN}/hello.txt", checksum=SHA1.upper()),
            _get(url=f"{PLAIN}/hello.txt", checksum=SHA256, checksum_algorithm="sha256", force=False),
            _get(url=f"{PLAIN}/hello.txt", checksum="00"),
            _get(url=f"{PLAIN}/hello.txt", checksum_url=f"{PLAIN}/sums.txt", force=False),
            _get(url=f"{PLAIN}/other.txt", checksum_url=f"{PLAIN}/sums.txt"),
            _get(url=f"{PLAIN}/raw.bin", checksum_url=f"{PLAIN}/sums.txt"),
            _get(url=f"{PLAIN}/hello.txt", checksum_url=f"{PLAIN}/none"),
            _get(url=f"{PLAIN}/hello.txt", checksum_url="rel"),
        ),
    ),
    Sequence(
        TREE,
        (
            _get(url=f"{PLAIN}/old.txt", dest=f"{PLACE}\\a.txt", force=False),
            _get(url=f"{PLAIN}/new.txt", dest=f"{PLACE}\\a.txt", force=False),
            _get(url=f"{PLAIN}/status/500", dest=f"{PLACE}\\a.txt", force=False),
            _get(url=f"{PLAIN}/a/../b%20c.txt?q=1", dest=f"{PLACE}\\sub\\"),
            _get(url=PLAIN, dest=PLACE),
            _get(url="nonsense", dest=PLACE),
            _get(url="nonsense"),
            _get(url="gopher://x/y"),
            _get(url=f"{PLAIN}/status/404"),
            _get(url=f"{PLAIN}/status/204"),
            _get(url=f"{PLAIN}/redirect/302", method="POST"),
            _get(url=f"{PLAIN}/redirect/302"),
            _get(url=f"{PLAIN}/hello.txt", dest=f"{PLACE}\\none\\x"),
            _get(url=f"{PLAIN}/hello.txt", dest=f"{PLACE}\\none\\"),
            _get(url=f"{NOBODY}/x y"),
            _get(url="http://none.invalid/x"),
            _get(url=f"file:///C:/fid/{HERE}/a.txt", dest=f"{PLACE}\\c.txt"),
            _get(url=f"file:///C:/fid/{HERE}/none"),
            _get(url=f"{PLAIN}/slow", timeout=1),
            _get(url=f"{SECURE}/other.txt"),
            _get(url=f"{SECURE}/other.txt", validate_certs=False),
        ),
    ),
    Sequence(
        TREE,
        (
            _uri("/data.json", return_content=True),
            _uri("/zero.json", return_content=True),
            _uri("/broken.json", return_content=True),
            _uri("/typeless", return_content=True),
            _uri("/tagged"),
            _uri("/old.txt", method="head"),
            _uri("/status/404", return_content=True),
            _uri("/status/599", status_code="200,599"),
            _uri("/status/299"),
            _uri("/redirect/302"),
            _uri("/redirect/302", method="POST"),
            _uri("/loop/1", maximum_redirection=2),
            _uri("/hello.txt", dest=f"{PLACE}\\b.txt", check=True),
            _uri("/hello.txt", dest=f"{PLACE}\\b.txt"),
            _uri("/hello.txt", dest=f"{PLACE}\\b.txt"),
            _uri("/hello.txt", dest=f"{PLACE}\\none\\x"),
            _uri("/hello.txt", creates=PLACE),
            _uri("/hello.txt", removes=f"{PLACE}\\none"),
            _uri("/hello.txt", method="G E T"),
        ),
    ),
    Sequence(
        TREE,
        (
            _uri("/echo", return_content=True, method="POST", body={"<b>": [1, None, "'"]}, http_agent="agent/1"),
            _uri("/echo", return_content=True, method="PUT", body=True, headers={"X-A": 5, "User-Agent": "me"}),
            _uri("/echo", return_content=True, headers={"User-Agent": "me"}, http_agent="agent/1"),
            _uri("/echo?\u00e4=1#x", return_content=True, method="POST", content_type="text/plain"),
            _uri("/echo", body="x"),
            _uri("/private", url_username=pages.USER, url_password=pages.PASSWORD),
            _uri("/private", url_username=pages.USER, url_password="demo-only-wrong", force_basic_auth=True),
            Step(URI, {"url": "nonsense"}),
            Step(URI, {"url": f"{NOBODY}/x"}),
            Step(URI, {"url": f"{SECURE}/hello.txt"}),
            Step(URI, {"url": f"{SECURE}/hello.txt", "validate_certs": False}),
            _uri("/slow", timeout=1),
            _uri("/hello.txt", status_code=["x"]),
            Step(URI, {"url": f"file:///C:/fid/{HERE}/a.txt", "return_content": True}),
            Step(URI, {"url": None, "removes": f"{PLACE}\\none"}),
            Step(URI, {}),
        ),
    ),
)

_REFUSED = "Unable to connect to the remote server"
_UNTRUSTED = (
    "The underlying connection was closed: Could not establish trust relationship for the SSL/TLS secure channel."
)


def _other_words(modelled: str, real: str) -> t.Callable[[Difference], bool]:
    """Return what tells that two messages differ in these words alone; both are patterns."""

    def when(difference: Difference) -> bool:
        left, right = str(difference.modelled), str(difference.real)
        found = re.search(modelled + r"\Z", left)
        return found is not None and re.fullmatch(re.escape(left[: found.start()]) + real, right) is not None

    return when


class WebWorld(LocalWeb, TreeWorld):
    """A folder on a server that reaches a small web."""

    name = "web"
    steps: t.Mapping[str, st.SearchStrategy[Step]] = {
        GET: _steps(
            GET,
            DOWNLOAD,
            DOWNLOAD,
            DOWNLOAD,
            MODIFIED,
            SUMMED,
            SUMMED,
            ODD_DOWNLOAD,
            _with_user(_pages("/private"), {"dest": _dest}),
            BAD_DOWNLOAD,
        ),
        URI: _steps(
            URI,
            READ,
            READ,
            JUDGED,
            SENT,
            SENT,
            MOVED,
            ODD_REQUEST,
            _with_user(_pages("/private", "/hello.txt"), {}),
            BAD_REQUEST,
        ),
    }
    around = _steps(
        GET, st.fixed_dictionaries({"url": _pages("/hello.txt", "/other.txt"), "dest": st.just(f"{PLACE}\\a.txt")})
    )
    fixed = FIXED
    known = (
        Known(
            "message for a port where nobody listens",
            (GET, URI),
            ("msg",),
            "engine 7",
            "HttpWebRequest of .NET 10 gives the socket's own message, or Wine's",
            _other_words(_REFUSED, rf"Connection refused\. \[::ffff:{ADDRESS}\]:{CLOSED} \({ADDRESS}:{CLOSED}\)"),
        ),
        Known(
            "message for an unknown host name",
            (GET, URI),
            ("msg",),
            "engine 7",
            "HttpWebRequest of .NET 10 gives the resolver's own message, or Wine's",
            _other_words(
                r"The remote name could not be resolved: 'none\.invalid'", r"Host not found\. \(none\.invalid:80\)"
            ),
        ),
        Known(
            "message for an untrusted certificate",
            (GET, URI),
            ("msg",),
            "engine 7",
            "HttpWebRequest of .NET 10 has its own message",
            _other_words(re.escape(_UNTRUSTED), r"The SSL connection could not be established, see inner exception\."),
        ),
        Known(
            "two names of one status",
            (URI,),
            ("msg",),
            "engine 7",
            "307 is TemporaryRedirect and RedirectKeepVerb; .NET does not promise which one it shows",
            _other_words(r" : TemporaryRedirect'\.", r" : RedirectKeepVerb'\."),
        ),
        Known(
            "message for an empty path of a download",
            (GET, URI),
            ("msg",),
            "engine 7",
            ".NET says that it is empty, .NET Framework that it has no legal form",
            empty_path,
        ),
        missing_in_another_order("several missing arguments of a download", GET),
    )
    stamps = frozenset({"written"})

    def start(self) -> st.SearchStrategy[t.Any]:
        """Return the folder, with a file or without."""
        content = st.sampled_from((pages.HELLO, b"", b"something else"))
        file = st.fixed_dictionaries({"content": content.map(lambda data: base64.b64encode(data).decode())})
        return st.fixed_dictionaries(
            {PLACE: st.none(), f"{PLACE}\\sub": st.none()},
            optional={f"{PLACE}\\a.txt": file, f"{PLACE}\\hello.txt": file},
        )

    def read_script(self, name: str) -> str:
        """Return the tree's script, after which the next call begins as in a process of its own."""
        return FORGET + super().read_script(name)

    def same(self, field: tuple[str, ...], real: t.Any, modelled: t.Any) -> bool:
        """Durations are the same when neither is nothing; the time of a page without one when both are times."""
        if field == ("elapsed",):
            return all(isinstance(value, float) and value > 0 for value in (real, modelled))
        time = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}\+00:00"
        return field == ("last_modified",) and all(re.fullmatch(time, str(value)) for value in (real, modelled))
