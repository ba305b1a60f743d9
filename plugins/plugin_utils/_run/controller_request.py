# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A request to the agent from the controller, as a browser sends one: the answer has the shape of the probe's."""

from __future__ import annotations

import base64
import hashlib
import http.client
import socket
import ssl
import typing as t

from .._core.probe import NAME_UNKNOWN, NotAnswered, Query


def answer(query: Query) -> dict[str, t.Any]:
    """Send the request; no proxy is used, the certificate is reported and not judged.

    Raises:
        NotAnswered: no connection, or no answer.
    """
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    options = {"timeout": query["timeout"]}
    connection: http.client.HTTPConnection
    if query["scheme"] == "https":
        connection = http.client.HTTPSConnection(query["host"], query["port"], context=context, **options)
    else:
        connection = http.client.HTTPConnection(query["host"], query["port"], **options)
    try:
        connection.request("GET", query["path"], headers={"Connection": "close"})
        served = connection.sock.getpeercert(binary_form=True) if isinstance(connection.sock, ssl.SSLSocket) else None
        reply = connection.getresponse()
        return {
            "status": reply.status,
            "reason": reply.reason,
            "body": base64.b64encode(reply.read(65536)).decode(),
            "thumbprint": hashlib.sha1(served, usedforsecurity=False).hexdigest().upper() if served else None,
        }
    except socket.gaierror as error:
        # Others than these, such as EAI_AGAIN, say that DNS did not answer.
        unknown = error.errno in {getattr(socket, name, None) for name in ("EAI_NONAME", "EAI_NODATA")}
        raise NotAnswered(query, NAME_UNKNOWN if unknown else type(error).__name__, str(error)) from None
    except (OSError, http.client.HTTPException) as error:
        raise NotAnswered(query, type(error).__name__, str(error)) from None
    finally:
        connection.close()
