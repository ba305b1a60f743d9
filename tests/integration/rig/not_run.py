"""Statements of the probe that the engine cannot carry, by their first line, with the reason."""

from __future__ import annotations

KEYS = "Wine hands out no private key object (0x80090016), so the key's file is not looked for"
EVENTS = "Wine has no event log: asking for the logs' names fails"
WMI = "Wine has no System.Management: making a searcher fails"
GROUPS = "local groups are asked for by ADSI, which Wine answers with nothing"
WORKERS = "the double of IIS has no worker processes, and each pool has a state"
TIME = "a connection that hangs cannot be had without a network that swallows packets"
LISTENERS = "Wine lists no TCP listeners"

NOT_RUN = {
    "continue }": GROUPS,  # line 411
    "if ($null -eq $key) { throw [InvalidOperationException]::new('the private key is not an RSA key') }": (
        KEYS
    ),  # line 166
    "throw [InvalidOperationException]::new('the private key is not an RSA key') }": KEYS,  # line 166
    "$root = [Environment]::GetFolderPath([Environment+SpecialFolder]::CommonApplicationData)": KEYS,  # line 167
    "if ($key -is [Security.Cryptography.RSACng]) {": KEYS,  # line 168
    "$name = $key.Key.UniqueName": KEYS,  # line 169
    '$folders = @("$root\\Microsoft\\Crypto\\Keys", "$root\\Microsoft\\Crypto\\RSA\\MachineKeys")': KEYS,  # line 170
    '"$root\\Microsoft\\Crypto\\Keys", "$root\\Microsoft\\Crypto\\RSA\\MachineKeys")': KEYS,  # line 170
    "$name = $key.CspKeyContainerInfo.UniqueKeyContainerName": KEYS,  # line 173
    '$folders = @("$root\\Microsoft\\Crypto\\RSA\\MachineKeys", "$root\\Microsoft\\Crypto\\Keys")': KEYS,  # line 174
    '"$root\\Microsoft\\Crypto\\RSA\\MachineKeys", "$root\\Microsoft\\Crypto\\Keys")': KEYS,  # line 174
    "foreach ($folder in $folders) {": KEYS,  # line 176
    '$path = "$folder\\$name"': KEYS,  # line 177
    "if ([IO.File]::Exists($path)) {": KEYS,  # line 178
    "$sections = [Security.AccessControl.AccessControlSections]'Access, Owner'": KEYS,  # line 179
    "$answer['path'] = $path": KEYS,  # line 180
    "$answer['sddl'] = [Security.AccessControl.FileSecurity]::new($path, $sections).GetSecurityDescriptorSddlForm($sections)": (
        KEYS
    ),  # line 181
    "break": KEYS,  # line 182
    "if ($null -eq $answer['path']) { $answer['error'] = 'the key has no file on this server' }": KEYS,  # line 185
    "$answer['error'] = 'the key has no file on this server' }": KEYS,  # line 185
    "foreach ($found in $searcher.Get()) { return Format-Time ([Diagnostics.Process]::GetProcessById([int] $found['ProcessId']).StartTime) }": (
        WMI
    ),  # line 216
    "return Format-Time ([Diagnostics.Process]::GetProcessById([int] $found['ProcessId']).StartTime) }": (
        WMI
    ),  # line 216
    "return $null": WMI,  # line 471
    "$state = 'Unknown' }": WORKERS,  # line 259
    "$started = $null": WORKERS,  # line 269
    "try { $started = Format-Time ([Diagnostics.Process]::GetProcessById($worker.ProcessId).StartTime) } catch { $started = $null }": (
        WORKERS
    ),  # line 270
    "$started = Format-Time ([Diagnostics.Process]::GetProcessById($worker.ProcessId).StartTime) } catch { $started = $null }": (
        WORKERS
    ),  # line 270
    "$started = $null }": WORKERS,  # line 270
    "$workers.Add(@{ pool = $worker.AppPoolName; process_id = $worker.ProcessId; started = $started })": (
        WORKERS
    ),  # line 271
    'throw [TimeoutException]::new("no connection to ${to}:$toPort within $($timeout / 1000) seconds") }': (
        TIME
    ),  # line 289
    '$timeout / 1000) seconds") }': TIME,  # line 289
    "return $null }": EVENTS,  # line 371
    "$since = Get-NeededText $Query 'since'": EVENTS,  # line 372
    "$filter = \"TimeCreated[@SystemTime >= '$since']\"": EVENTS,  # line 373
    "$providers = Get-Field $Query 'providers' $null": EVENTS,  # line 374
    "if ($null -ne $providers) {": EVENTS,  # line 375
    "$parts = foreach ($provider in $providers) { \"@Name='$($provider.Replace(\"'\", ''))'\" }": EVENTS,  # line 376
    "\"@Name='$($provider.Replace(\"'\", ''))'\" }": EVENTS,  # line 376
    "$provider.Replace(\"'\", ''))'\" }": EVENTS,  # line 376
    "$filter = \"Provider[$($parts -join ' or ')] and $filter\"": EVENTS,  # line 377
    "$parts -join ' or ')] and $filter\"": EVENTS,  # line 377
    '$events = [Diagnostics.Eventing.Reader.EventLogQuery]::new($log, [Diagnostics.Eventing.Reader.PathType]::LogName, "*[System[$filter]]")': (
        EVENTS
    ),  # line 379
    "$events.ReverseDirection = $true": EVENTS,  # line 380
    "$reader = [Diagnostics.Eventing.Reader.EventLogReader]::new($events)": EVENTS,  # line 381
    "$levels = @{ 1 = 'Critical'; 2 = 'Error'; 3 = 'Warning'; 4 = 'Information'; 5 = 'Verbose' }": EVENTS,  # line 382
    "$found = [Collections.Generic.List[object]]::new()": EVENTS,  # line 383
    "$limit = [int] (Get-Field $Query 'limit' 100)": EVENTS,  # line 384
    "try {": WMI,  # line 465
    "while ($found.Count -lt $limit) {": EVENTS,  # line 386
    "$record = $reader.ReadEvent()": EVENTS,  # line 387
    "if ($null -eq $record) { break }": EVENTS,  # line 388
    "break }": EVENTS,  # line 388
    "$level = 'Information'": EVENTS,  # line 389
    "if ($levels.ContainsKey([int] $record.Level)) { $level = $levels[[int] $record.Level] }": EVENTS,  # line 390
    "$level = $levels[[int] $record.Level] }": EVENTS,  # line 390
    "$found.Add(@{ time = Format-Time $record.TimeCreated; id = $record.Id; level = $level; provider = $record.ProviderName; message = [string] $record.FormatDescription() })": (
        EVENTS
    ),  # line 391
    "$record.Dispose()": EVENTS,  # line 392
    "$reader.Dispose() }": EVENTS,  # line 395
    "return , $found.ToArray()": EVENTS,  # line 396
    "if ($group.SchemaClassName -ne 'Group') { continue }": GROUPS,  # line 411
    "foreach ($member in $group.Invoke('Members')) {": GROUPS,  # line 412
    "$bytes = $member.GetType().InvokeMember('objectSid', [Reflection.BindingFlags]::GetProperty, $null, $member, $null)": (
        GROUPS
    ),  # line 413
    "if ([Security.Principal.SecurityIdentifier]::new([byte[]] $bytes, 0).Value -eq $Sid) {": GROUPS,  # line 414
    "$found.Add([Security.Principal.SecurityIdentifier]::new([byte[]] $group.Properties['objectSid'].Value, 0).Value)": (
        GROUPS
    ),  # line 415
    "throw }": WMI,  # line 470
    "$groups = @() }": GROUPS,  # line 444
    "'{0:d5} {1}' -f $point.Port, $point.Address })": LISTENERS,  # line 453
    "$found.Add(@{ address = $line.Substring(6); port = [int] $line.Substring(0, 5) }) }": LISTENERS,  # line 455
    "foreach ($feature in $searcher.Get()) { $null = $installed.Add([string] $feature['Name']) }": WMI,  # line 466
    "$null = $installed.Add([string] $feature['Name']) }": WMI,  # line 466
    "if ($_.Exception.ErrorCode -ne [Management.ManagementStatus]::InvalidClass) { throw }": WMI,  # line 470
    "$found = @{}": WMI,  # line 473
    "foreach ($name in $names) { $found[$name] = $installed.Contains($name) }": WMI,  # line 474
    "$found[$name] = $installed.Contains($name) }": WMI,  # line 474
    "$found": WMI,  # line 475
}
