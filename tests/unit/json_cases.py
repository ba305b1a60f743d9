"""Settings files that .NET refuses, and what it reads of others: for the unit tests, and for .NET itself on the rig."""

from __future__ import annotations

BAD = {
    "": (1, 1, "empty"),
    "[1]": (1, 1, "expected '{'"),
    '{"a" 1}': (1, 6, "expected ':'"),
    '{"a": }': (1, 7, "expected a value"),
    '{"a": 01}': (1, 7, "expected a value"),
    '{\n  "a": 1\n  "b": 2\n}': (3, 3, "expected ',' or '}'"),
    '{\n  "a": 1,\n  "A": 2\n}': (3, 3, "stands in line 2"),
    '{"a": "x\ny"}': (1, 7, "double quotes"),
    '{"a": "C:\\x"}': (1, 7, "double quotes"),
    '{"a": 1': (1, 8, "file ends here"),
    '{"a": 1} x': (1, 10, "end of the file"),
    '{"a": 1 /* }': (1, 9, "must end with"),
    "{'a': 1}": (1, 2, "double quotes"),
    '{"a": tru}': (1, 7, "expected a value"),
    '{"a": "\\ud800"}': (1, 7, "surrogate"),
    "{" + '"a":{' * 70: (1, 321, "64 levels"),
    "\ufeff{,}": (1, 2, "expected a key"),
    "\ufeff{\n ,}": (2, 2, "expected a key"),
    "\ufeff": (1, 1, "the file is empty"),
    '{\r"a" 1}': (2, 5, "expected ':'"),
    '{\r\n"a": 1,\r\n\r\n"b" 1}': (4, 5, "expected ':'"),
    '{"a": [1 2]}': (1, 10, "expected ',' or ']'"),
    '{"a": [1': (1, 9, "expected ',' or ']'; the file ends here"),
    '{"a":': (1, 6, "expected a value; the file ends here"),
    '{"a": 1 2': (1, 9, "expected ',' or '}'"),
    '{"a" /* x */ : 1}': (1, 6, "no comment before it"),
    '{"a" // x\n: 1}': (1, 6, "no comment before it"),
    '{ // x\u2028\n"a": 1}': (1, 7, "U+2028"),
    '{"a": 1 // x\u2029': (1, 13, "U+2029"),
    '{"a:b": 1,\n"a": {"B": 2}}': (2, 7, "'a:B' of line 2 stands in line 1"),
    '{"a": [{"b": null}],\n"A:0:b": {"c": 1}, "a:0": {"b": 1}}': (2, 28, "'a:0:b' of line 2 stands in line 1"),
    '{"a:b": {},\n"a": {"b": null}}': (2, 7, "'a:b' of line 2 stands in line 1"),
    '{"\u1f80": 1, "\u1f88": 2}': (1, 10, "stands in line 1"),
    '{"\\u0041": 1, "a": 2}': (1, 15, "stands in line 1"),
    "{" + '"a":[' + "[" * 70: (1, 69, "64 levels"),
    '{"a":' * 64 + "[]" + "}" * 64: (1, 321, "64 levels"),
}
"""A file, and line, column and reason of its refusal."""

ONLY_OURS = {
    '{"a": {"b": 1},\n"A": {"c": 2}}': (2, 1, "'A' of line 2 stands in line 1"),
    '{"a": 1, "a": []}': (1, 10, "stands in line 1"),
    '{"x": [{"a": [1], "\\u0061": {"1": 2}}]}': (1, 19, "stands in line 1"),
}
"""The same for files that .NET reads: it merges what stands twice, as long as no two values meet."""

READ = {
    '{"a": 1.50, "b": -0, "c": 1E400, "d": 1e5}': {"a": "1.50", "b": "-0", "c": "1E400", "d": "1e5"},
    '{"a": true, "b": [false, null, "x"]}': {"a": "True", "b:0": "False", "b:1": None, "b:2": "x"},
    '{"a": {}, "b": [], "c": {"d": [{}]}}': {"a": None, "b": None, "c:d:0": None},
    '{"": {"": 1}, "a b": "C:\\\\x\\u00e9\\/"}': {":": "1", "a b": "C:\\x\xe9/"},
    '{"a:b": 1, "A": {"B": {}}}': {"a:b": None},
    '{"a:b": 1, "a": {"b": {"c": 2}, "d": 3}}': {"a:b": "1", "a:b:c": "2", "a:d": "3"},
    '{"\u212a": 1, "k": 2}': {"\u212a": "1", "k": "2"},
    '{"\u0131": 1, "i": 2, "\u017f": 3, "s": 4}': {"\u0131": "1", "i": "2", "\u017f": "3", "s": "4"},
    '{"\u0130": 1, "i\u0307": 2}': {"\u0130": "1", "i\u0307": "2"},
    '{/**//***/"a"\t: /* x */ 1 /* \u2028 */ , // "b": 2': None,
    '{/**//***/"a"\t: /* x */ 1 /* \u2028 */ , // "b": 2\r}//': {"a": "1"},
    '{"a": ' + "1" * 5000 + "}": {"a": "1" * 5000},
    '{"a": ' + "9" * 400 + ', "b": -1e999}': {"a": "9" * 400, "b": "-1e999"},
    '{"a":' * 63 + "[]" + "}" * 63: {":".join("a" * 63): None},
    '{"a":' * 64 + "1" + "}" * 64: {":".join("a" * 64): "1"},
}
"""A file, and its values as the product's configuration has them; None where it is refused."""
