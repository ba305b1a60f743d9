"""Which statements of a script ran: a note before each, set by the positions that the engine's own parser gives."""

from __future__ import annotations

import dataclasses
import json

from powershell import Engine, source

_POSITIONS = r"""
$text = [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('{text}'))
$errors = $null
$ast = [Management.Automation.Language.Parser]::ParseInput($text, [ref] $null, [ref] $errors)
if ($errors) {{ throw $errors[0].Message }}
$found = foreach ($block in $ast.FindAll({{ param($node) $node -is [Management.Automation.Language.StatementBlockAst] -or $node -is [Management.Automation.Language.NamedBlockAst] }}, $true)) {{
    foreach ($statement in $block.Statements) {{
        if ($statement -isnot [Management.Automation.Language.FunctionDefinitionAst]) {{ $statement.Extent.StartOffset }}
    }}
}}
ConvertTo-Json -Compress -InputObject @($found)
"""


@dataclasses.dataclass
class Traced:
    """A script with notes.

    Attributes:
        original: its text.
        script: the text that prints what ran, in a line after the script's own output.
        starts: where each statement begins.
        seen: the numbers of the statements that ran so far.
    """

    original: str
    script: str
    starts: list[int]
    seen: set[int] = dataclasses.field(default_factory=set)

    def take(self, output: str) -> str:
        """Note what ran; return the script's own output."""
        own, _, noted = output.rpartition("RAN ")
        self.seen |= {int(number) for number in noted.split(",")}
        return own

    def missed(self) -> dict[str, int]:
        """Return the first line of each statement that never ran, and the number of that line."""
        found = {}
        for number, start in enumerate(self.starts):
            if number not in self.seen:
                line = self.original[start:].splitlines()[0].strip()
                found[line] = self.original.count("\n", 0, start) + 1
        return found


def traced(engine: Engine, name: str) -> Traced:
    """Return one of our scripts with a note before each statement (definitions of functions left out)."""
    import base64

    original = source(name)
    done = engine.script(_POSITIONS.format(text=base64.b64encode(original.encode()).decode()))
    assert (done.exit, done.errors) == (0, ""), done
    starts = sorted(set(json.loads(done.text)))
    text = original
    for number, start in reversed(list(enumerate(starts))):
        text = f"{text[:start]}$null = $global:ran.Add({number}); {text[start:]}"
    begin = "$global:ran = [Collections.Generic.HashSet[int]]::new()\n"
    return Traced(original, f"{begin}{text}\n'RAN ' + ($global:ran -join ',')\n", starts)
