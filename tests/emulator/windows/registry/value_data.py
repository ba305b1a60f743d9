"""What win_regedit makes of the data that a task gives, as PowerShell converts and compares it."""

from __future__ import annotations

import re
import typing as t

from ..errors import WindowsError

KINDS = {
    "none": "None",
    "binary": "Binary",
    "dword": "DWord",
    "expandstring": "ExpandString",
    "multistring": "MultiString",
    "string": "String",
    "qword": "QWord",
}
NAMES = {
    "Binary": "REG_BINARY",
    "String": "REG_SZ",
    "DWord": "REG_DWORD",
    "QWord": "REG_QWORD",
    "MultiString": "REG_MULTI_SZ",
    "ExpandString": "REG_EXPAND_SZ",
    "None": "REG_NONE",
}
# Belief [number-words]: .NET Framework's words; those of .NET 7 and later name the value, dotnet/runtime.
NO_NUMBER = "Input string was not in a correct format."
KEY_TOO_LONG = "Registry key names should not be greater than 255 characters."
_BITS = {"dword": 32, "qword": 64}


class Refused(Exception):
    """The module says no to this data: its message."""


def wanted(kind: str, data: t.Any, *, named: bool) -> t.Any:
    """Return data as the module sets it, None where it sets none.

    Args:
        kind: the option ``type``.
        data: as the task gives it.
        named: whether the value has a name; the key's own one is left alone without data.

    Raises:
        Refused: the module fails.
        WindowsError: a conversion fails, which the module does not catch.
    """
    if kind in {"binary", "none"}:
        return _bytes("" if data is None else data)
    if kind in _BITS:
        return _number(0 if data is None else data, kind)
    if kind == "multistring":
        if data is None or data == []:
            return [] if data is None else None
        return [_entry(entry) for entry in (data if isinstance(data, list) else [data])]
    return "" if data is None and named else data


def _entry(entry: t.Any) -> str:
    if entry is None:
        raise _error("You cannot call a method on a null-valued expression.")
    if isinstance(entry, dict | list):
        raise _error('Cannot find an overload for "ToString" and the argument count: "1".')
    return text(entry)


def _bytes(data: t.Any) -> t.Any:
    if isinstance(data, str):
        return _exported(data)
    if isinstance(data, bool):
        return data
    if isinstance(data, int):
        if data > 255:
            raise Refused(
                f"cannot convert binary data '{data}' to byte array, please specify this value as a yaml byte array or"
                " a comma separated hex value string"
            )
        return bytes([_byte(data)])
    return bytes(_byte(entry) for entry in data) if isinstance(data, list) else data


def _byte(value: t.Any) -> int:
    number = _parsed(value, "Byte") if isinstance(value, str) else int(value)
    if not 0 <= number <= 255:
        raise _inconvertible(value, "Byte", "Value was either too large or too small for an unsigned byte.")
    return number


def _exported(data: str) -> bytes:
    """Read the hexadecimal text that reg.exe exports, and what is like it."""
    rest = re.sub(r"^hex:", "", data.lower())
    rest = re.sub(r"[^a-f0-9\\,x\-:]", "", rest).replace(",", ":")
    if len(rest) == 1:
        parts = [rest]
    elif rest and len(rest) % 2 == 0 and ":" not in rest:
        parts = [part for part in re.split("([a-f0-9]{2})", rest) if part]
    else:
        parts = re.split(":+", rest) if ":" in rest else []
    return bytes(_hexadecimal(part) for part in parts)


def _hexadecimal(part: str) -> int:
    why = None
    digits = re.fullmatch("(?:0x)?([0-9a-f]+)", part)
    if part == "":
        why = (
            "Index was out of range. Must be non-negative and less than the size of the collection."
            "\r\nParameter name: startIndex"
        )
    elif digits is None:
        why = "Could not find any recognizable digits."
        if re.match("(?:0x)?[0-9a-f]", part):
            why = "Additional non-parsable characters are at the end of the string."
    elif int(digits[1], 16) > 255:
        why = "Value was either too large or too small for an unsigned byte."
    if why:
        raise _error(f'Exception calling "ToByte" with "2" argument(s): "{why}"')
    assert digits
    return int(digits[1], 16)


def _number(data: t.Any, kind: str) -> int:
    bits = _BITS[kind]
    if isinstance(data, list):
        raise _error(
            f'Cannot convert the "System.Object[]" value of type "System.Object[]" to type "System.Int{bits}".'
        )
    if isinstance(data, str):
        data = _parsed(data, "UInt64")
        if not 0 <= data < 2**64:
            raise _inconvertible(data, "UInt64", "Value was either too large or too small for a UInt64.")
    elif isinstance(data, float) and data % 1:
        raise Refused(f"data '{data}' cannot be a decimal or float value with a remainder when type is dword or qword")
    number = int(data)
    if number >= 2**bits:
        raise Refused(f"data cannot be larger than 0x{2**bits - 1:x} when type is {kind}")
    if number < -(2 ** (bits - 1)):
        why = f"Value was either too large or too small for an Int{bits}."
        raise _inconvertible(number, f"Int{bits}", why)
    return number - 2**bits if number >= 2 ** (bits - 1) else number


def _parsed(data: str, kind: str) -> int:
    """Read a text as PowerShell reads whole numbers: decimal, hexadecimal, or a fraction, which is rounded."""
    data = data.strip()
    if not data:
        return 0
    try:
        return int(data, 16) if data.lower().startswith("0x") else int(data)
    except ValueError:
        pass
    try:
        return round(float(data))
    except ValueError:
        raise _inconvertible(data, kind, NO_NUMBER) from None


def _inconvertible(value: t.Any, kind: str, why: str) -> WindowsError:
    return _error(f'Cannot convert value "{value}" to type "System.{kind}". Error: "{why}"')


def _error(message: str) -> WindowsError:
    return WindowsError("System.Management.Automation.RuntimeException", message)


def text(data: t.Any) -> str:
    """Return what .NET's ToString makes of data."""
    if isinstance(data, list):
        return "System.Object[]"
    if isinstance(data, dict):
        return "System.Collections.Hashtable"
    return str(data)


def _cast(data: t.Any) -> str:
    """Return what PowerShell's ``[string]`` makes of data: a list's entries with blanks between."""
    return " ".join(map(text, data)) if isinstance(data, list | bytes) else text(data)


def differ(existing: t.Any, new: t.Any) -> bool:
    """Tell whether the module holds data for another: entries of lists without regard to case, others with it."""
    if isinstance(existing, list | bytes):
        one = [_cast(entry).lower() for entry in existing]
        return one != [_cast(entry).lower() for entry in (new if isinstance(new, list | bytes) else [new])]
    if isinstance(existing, str):
        return existing != _cast(new)
    if isinstance(new, str):
        try:
            return bool(existing != _parsed(new, "Int32"))
        except WindowsError:
            return True
    return isinstance(new, list | dict | bytes) or bool(existing != new)


def shown(kind: str, data: t.Any) -> dict[str, t.Any]:
    """Return a value as the module's diff shows it."""
    if kind in {"Binary", "None"} and isinstance(data, bytes):
        return {"type": kind, "value": [f"0x{byte:02x}" for byte in data]}
    if kind in {"DWord", "QWord"}:
        digits = 8 if kind == "DWord" else 16
        return {"type": kind, "value": f"0x{data % 16**digits:0{digits}x}"}
    return {"type": kind, "value": data}
