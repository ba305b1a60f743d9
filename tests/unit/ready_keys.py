"""RSA keys made beforehand: a key takes a tenth of a second to make, and matrices need hundreds."""

from __future__ import annotations

import functools
import itertools
import typing as t

from cryptography.hazmat.primitives.asymmetric import rsa

NUMBER = 24
"""More than three agents have on one server while one of them gets new pairs: two pairs with one key share its file."""
_make = rsa.generate_private_key


@functools.cache
def _keys() -> tuple[rsa.RSAPrivateKey, ...]:
    return tuple(_make(65537, 2048) for _ in range(NUMBER))


@functools.cache
def _ready() -> t.Iterator[rsa.RSAPrivateKey]:
    return itertools.cycle(_keys())


def generate(public_exponent: int, key_size: int, backend: object = None) -> rsa.RSAPrivateKey:
    """Return the next of a few keys of 2048 bits, so that neighbours differ; another size is made."""
    del backend  # what older callers still hand over
    return next(_ready()) if key_size == 2048 else _make(public_exponent, key_size)


def all_keys() -> tuple[rsa.RSAPrivateKey, ...]:
    """Return the keys."""
    return _keys()
