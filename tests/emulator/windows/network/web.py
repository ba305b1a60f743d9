"""Requests that a server sends with System.Net.HttpWebRequest, redirects, credentials and errors included."""

from __future__ import annotations

import base64
import dataclasses
import typing as t

from cryptography import x509

from .. import errors
from ..certificates.stores import CertificateStores
from ..clock import Clock
from ..files.file_system import FileSystem
from .network import HttpAnswer, HttpRequest, Network, is_address
from .uri import Uri

_WEB_EXCEPTION = "System.Net.WebException"
_WITHOUT_BODY = {"GET", "HEAD"}
_MOVED, _KEEPING = {300, 301, 302, 303}, {307}


class WebFailure(errors.WindowsError):
    """A WebException.

    Attributes:
        response: the answer behind it, or None when there was none.
    """

    def __init__(self, message: str, response: Response | None = None) -> None:
        super().__init__(_WEB_EXCEPTION, message, -2146233079)
        self.response = response


@dataclasses.dataclass(frozen=True)
class WebRequest:
    """A request before it is sent.

    Attributes:
        uri: where to.
        method: as it is sent.
        headers: all but Host.
        host: the header Host, where it is not the address's own.
        body: None for no body at all.
        credentials: user and password, sent when they are asked for.
        redirects: how many are followed.
        verify: whether the server's certificate has to be trusted.
        timeout: in seconds.
        proxy: by which it goes, as host:port; empty for the direct way.
        passes: user and password for the proxy, sent when they are asked for.
    """

    uri: Uri
    method: str = "GET"
    headers: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    host: str = ""
    body: bytes | None = None
    credentials: tuple[str, str] | None = None
    redirects: int = 50
    verify: bool = True
    timeout: float = 30
    proxy: str = ""
    passes: tuple[str, str] | None = None


@dataclasses.dataclass(frozen=True)
class Response:
    """What came back in the end: from where, and to which method."""

    answer: HttpAnswer
    uri: Uri
    method: str

    def header(self, name: str) -> str | None:
        """Return a header's value, or None."""
        return next((v for key, v in self.answer.headers.items() if key.lower() == name.lower()), None)


def with_method(request: WebRequest, method: str) -> WebRequest:
    """Return a request with another method; whether redirects are followed stays."""
    return dataclasses.replace(request, method=method)


def with_content(request: WebRequest, kind: str | None, body: bytes | None) -> WebRequest:
    """Return a request with a body, and a type of content where one is given."""
    headers = dict(request.headers)
    if kind is not None:
        headers = {name: value for name, value in headers.items() if name.lower() != "content-type"}
        headers["Content-Type"] = kind
    return dataclasses.replace(request, headers=headers, body=body)


def basic(user: str, password: str) -> dict[str, str]:
    """Return the header for a user's password."""
    return {"Authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode('ascii', 'replace')).decode()}"}


class Sender(t.Protocol):
    """A server that sends requests, as far as they need it."""

    clock: Clock
    files: FileSystem
    certificates: CertificateStores
    network: Network


def send(sender: Sender, request: WebRequest) -> Response:
    """Send a request, and follow where it is led.

    Raises:
        WebFailure: there was no answer, or one with a status that is an error.
    """
    left = request.redirects
    while True:
        response = _authenticated(sender, request)
        status, location = response.answer.status, response.header("Location")
        if status not in _MOVED | _KEEPING or location is None or left <= 0:
            break
        left -= 1
        request = dataclasses.replace(request, uri=response.uri.joined(location))
        if status in _MOVED and request.method == "POST":
            request = dataclasses.replace(request, method="GET", body=None)
    if status >= 400 or (status >= 300 and request.redirects > 0):
        raise WebFailure(f"The remote server returned an error: ({status}) {response.answer.reason}.", response)
    return response


def _authenticated(sender: Sender, request: WebRequest) -> Response:
    response = _once(sender, request)
    asked = (response.header("WWW-Authenticate") or "").lower().startswith("basic")
    if response.answer.status == 401 and asked and request.credentials:
        return _once(sender, dataclasses.replace(request, headers={**request.headers, **basic(*request.credentials)}))
    return response


def _once(sender: Sender, request: WebRequest) -> Response:
    answer = _without_server(sender, request) or _of_server(sender, request)
    if answer.seconds > request.timeout:
        sender.clock.advance(request.timeout)
        raise WebFailure("The operation has timed out.")
    sender.clock.advance(answer.seconds)
    return Response(answer, request.uri, request.method)


def _of_server(sender: Sender, request: WebRequest) -> HttpAnswer:
    # Belief [web-failures]: the texts of .NET Framework, System.txt of its reference source (net_webstatus_*).
    if request.uri.host.endswith(".invalid"):
        raise WebFailure(f"The remote name could not be resolved: '{request.uri.host}'")
    try:
        answer = sender.network.request(_sent(request))
    except errors.WindowsError as error:
        if error.type_name == "System.Net.Sockets.SocketException":
            raise WebFailure("Unable to connect to the remote server") from None
        raise WebFailure(error.message) from None
    if request.verify and answer.certificate is not None and not _trusted(sender.certificates, answer.certificate):
        raise WebFailure(
            "The underlying connection was closed: Could not establish trust relationship for the SSL/TLS secure"
            " channel."
        )
    return answer


def _without_server(sender: Sender, request: WebRequest) -> HttpAnswer | None:
    """Return what a file, or a download of the scenario, answers; None where a server has to."""
    uri, network = request.uri, sender.network
    # The WebProxy of WebRequest.psm1 spares local names.
    if request.proxy and not uri.is_file and "." in uri.host:
        _pass(network, request)
    elif network.by_proxy.get(str(uri)):
        raise WebFailure("Unable to connect to the remote server")
    if uri.is_file:
        try:
            content = sender.files.read(uri.local_path)
        except errors.WindowsError as error:
            raise WebFailure(error.message) from None
        headers = {"Content-Length": str(len(content)), "Content-Type": "application/octet-stream"}
        return HttpAnswer(200, "OK", headers, content)
    if str(uri) in network.web:
        body = network.download(str(uri)) if request.method != "HEAD" else b""
        return HttpAnswer(200, "OK", {"Content-Length": str(len(body))}, body, seconds=network.slow.get(str(uri), 0.0))
    if any((other := Uri.parse(url)) is not None and other.host == uri.host for url in network.web):
        return HttpAnswer(404, "Not Found")
    return None


def _pass(network: Network, request: WebRequest) -> None:
    """Go by the proxy, or fail there: it is not found, refuses the user, or does not reach the URL."""
    if request.proxy not in network.proxies:
        raise WebFailure("Unable to connect to the remote server")
    if network.passes.get(request.proxy) not in {None, request.passes}:
        refused = HttpAnswer(407, "Proxy Authentication Required")
        # A CONNECT that is refused has no answer for the caller, HttpWebRequest of .NET Framework, "net_servererror".
        if request.uri.scheme == "https":
            raise WebFailure("The remote server returned an error: (407) Proxy Authentication Required.")
        raise WebFailure(
            "The remote server returned an error: (407) Proxy Authentication Required.",
            Response(refused, request.uri, request.method),
        )
    if network.by_proxy.get(str(request.uri), request.proxy) != request.proxy:
        raise WebFailure("The remote server returned an error: (503) Service Unavailable.")


def _sent(request: WebRequest) -> HttpRequest:
    """Return a request as it goes over the network."""
    uri, headers = request.uri, dict(request.headers)
    if request.body is not None or request.method not in _WITHOUT_BODY:
        headers["Content-Length"] = str(len(request.body or b""))
    return HttpRequest(
        address=uri.host if is_address(uri.host) else "127.0.0.1",
        port=uri.port,
        tls=uri.scheme == "https",
        server_name="" if is_address(uri.host) else uri.host,
        host=request.host or uri.host,
        method=request.method,
        path=uri.path + uri.query,
        headers=headers,
        body=request.body or b"",
        verify=request.verify,
    )


def _trusted(certificates: CertificateStores, der: bytes) -> bool:
    """Tell whether the root store has a certificate, or who issued it. Names and dates are not looked at."""
    roots = certificates.all("CurrentUser", "Root") or []
    issuer = x509.load_der_x509_certificate(der).issuer
    return any(root.der == der or root.certificate.subject == issuer for root in roots)
