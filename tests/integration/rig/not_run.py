"""Statements of the probe that the engine cannot carry, by their first line, with the reason."""

from __future__ import annotations

KEYS = "Wine hands out no private key object (0x80090016), so the key's file is not looked for"
EVENTS = "Wine has no event log: asking for the logs' names fails"
WMI = "Wine has no System.Management: making a searcher fails"
RSOP = "as WMI; test_policy_rights.py runs them with doubles of the searchers"
WORKERS = "the double of IIS has no worker processes, and each pool has a state"
TIME = "a connection that hangs cannot be had without a network that swallows packets"
LISTENERS = "Wine lists no TCP listeners"
ALONE = "the store in which a thumbprint is asked for holds no other certificate"
REST = "no service of Wine stays on its way for as long as a question takes"
WINRM = "Wine has no WinRM: the class of its object is not there"
NAMES = "no name is known under Wine"
DOMAIN = "the engine's Windows has no DNS suffix"

NOT_RUN = {
    "[Threading.Thread]::Sleep(1000)": REST,  # of a service; that of IIS runs
    "$found = Read-Service-Now $Query": REST,
    "continue }": ALONE,  # line 225
    "if ($null -eq $key) { throw [InvalidOperationException]::new('the private key is not an RSA key') }": KEYS,  # line 189
    "throw [InvalidOperationException]::new('the private key is not an RSA key') }": KEYS,  # line 189
    "$root = [Environment]::GetFolderPath([Environment+SpecialFolder]::CommonApplicationData)": KEYS,  # line 190
    "if ($key -is [Security.Cryptography.RSACng]) {": KEYS,  # line 191
    "$name = $key.Key.UniqueName": KEYS,  # line 192
    '$folders = @("$root\\Microsoft\\Crypto\\Keys", "$root\\Microsoft\\Crypto\\RSA\\MachineKeys")': KEYS,  # line 193
    '"$root\\Microsoft\\Crypto\\Keys", "$root\\Microsoft\\Crypto\\RSA\\MachineKeys")': KEYS,  # line 193
    "$name = $key.CspKeyContainerInfo.UniqueKeyContainerName": KEYS,  # line 196
    '$folders = @("$root\\Microsoft\\Crypto\\RSA\\MachineKeys", "$root\\Microsoft\\Crypto\\Keys")': KEYS,  # line 197
    '"$root\\Microsoft\\Crypto\\RSA\\MachineKeys", "$root\\Microsoft\\Crypto\\Keys")': KEYS,  # line 197
    "foreach ($folder in $folders) {": KEYS,  # line 199
    '$path = "$folder\\$name"': KEYS,  # line 200
    "if ([IO.File]::Exists($path)) {": KEYS,  # line 201
    "$answer['path'] = $path": KEYS,  # line 203
    "$answer['sddl'] = [Security.AccessControl.FileSecurity]::new($path, $sections).GetSecurityDescriptorSddlForm($sections)": KEYS,  # line 204
    "break": KEYS,  # line 205
    "if ($null -eq $answer['path']) { $answer['error'] = 'the key has no file on this server' }": KEYS,  # line 208
    "$answer['error'] = 'the key has no file on this server' }": KEYS,  # line 208
    "return $null": WMI,  # line 599
    "if ($worker['pool'] -eq $name) { return $false } }": WORKERS,  # line 281
    "return $false } }": WORKERS,  # line 281
    "$state = 'Unknown' }": WORKERS,  # line 316
    "$processes = @() }": WORKERS,  # line 327
    "$started = $null": WORKERS,  # line 329
    "$started = $null }": WORKERS,  # line 330
    "$workers.Add(@{ pool = $worker.AppPoolName; process_id = $worker.ProcessId; started = $started; owner = Get-ProcessOwner $worker.ProcessId })": WORKERS,
    '$searcher = [Management.ManagementObjectSearcher]::new("SELECT Handle FROM Win32_Process WHERE ProcessId=$Id")': WMI,
    "foreach ($found in $searcher.Get()) { return $found.InvokeMethod('GetOwnerSid', $null, $null)['Sid'] }": WMI,
    "return $found.InvokeMethod('GetOwnerSid', $null, $null)['Sid'] }": WMI,
    "return $null }": EVENTS,  # line 453
    "$since = Get-NeededText $Query 'since'": EVENTS,  # line 454
    "$filter = \"TimeCreated[@SystemTime >= '$since']\"": EVENTS,  # line 455
    "$providers = Get-Field $Query 'providers' $null": EVENTS,  # line 456
    "if ($null -ne $providers) {": EVENTS,  # line 457
    "$parts = foreach ($provider in $providers) { \"@Name='$($provider.Replace(\"'\", ''))'\" }": EVENTS,  # line 458
    "\"@Name='$($provider.Replace(\"'\", ''))'\" }": EVENTS,  # line 458
    "$provider.Replace(\"'\", ''))'\" }": EVENTS,  # line 458
    "$filter = \"Provider[$($parts -join ' or ')] and $filter\"": EVENTS,  # line 459
    "$parts -join ' or ')] and $filter\"": EVENTS,  # line 459
    '$events = [Diagnostics.Eventing.Reader.EventLogQuery]::new($log, [Diagnostics.Eventing.Reader.PathType]::LogName, "*[System[$filter]]")': EVENTS,  # line 461
    "$events.ReverseDirection = $true": EVENTS,  # line 462
    "$reader = [Diagnostics.Eventing.Reader.EventLogReader]::new($events)": EVENTS,  # line 463
    "$levels = @{ 1 = 'Critical'; 2 = 'Error'; 3 = 'Warning'; 4 = 'Information'; 5 = 'Verbose' }": EVENTS,  # line 464
    "$found = [Collections.Generic.List[object]]::new()": EVENTS,  # line 465
    "$limit = [int] (Get-Field $Query 'limit' 100)": EVENTS,  # line 466
    "try {": WMI,  # line 537
    "while ($found.Count -lt $limit) {": EVENTS,  # line 468
    "$record = $reader.ReadEvent()": EVENTS,  # line 469
    "if ($null -eq $record) { break }": EVENTS,  # line 470
    "break }": EVENTS,  # line 470
    "$level = 'Information'": EVENTS,  # line 471
    "if ($levels.ContainsKey([int] $record.Level)) { $level = $levels[[int] $record.Level] }": EVENTS,  # line 472
    "$level = $levels[[int] $record.Level] }": EVENTS,  # line 472
    "$text = ''": EVENTS,  # line 473
    "try { $text = [string] $record.FormatDescription() } catch { $text = '' }": EVENTS,  # line 474
    "$text = [string] $record.FormatDescription() } catch { $text = '' }": EVENTS,  # line 474
    "$text = '' }": EVENTS,  # line 474
    "if ($text -eq '') { $text = [string]::Join(' ', [string[]] @(foreach ($property in $record.Properties) { [string] $property.Value })) }": EVENTS,  # line 476
    "$text = [string]::Join(' ', [string[]] @(foreach ($property in $record.Properties) { [string] $property.Value })) }": EVENTS,  # line 476
    "foreach ($property in $record.Properties) { [string] $property.Value })) }": EVENTS,  # line 476
    "[string] $property.Value })) }": EVENTS,  # line 476
    "$found.Add(@{ time = Format-Time $record.TimeCreated; id = $record.Id; level = $level; provider = $record.ProviderName; message = $text })": EVENTS,  # line 477
    "$record.Dispose()": EVENTS,  # line 478
    "$reader.Dispose() }": EVENTS,  # line 481
    "return , $found.ToArray()": EVENTS,  # line 482
    "throw }": WMI,  # line 542
    "'{0:d5} {1}' -f $point.Port, $point.Address })": LISTENERS,  # line 524
    "foreach ($feature in $searcher.Get()) { $null = $installed.Add([int] $feature['ID']) }": WMI,  # line 538
    "$null = $installed.Add([int] $feature['ID']) }": WMI,  # line 538
    "if ($_.Exception.ErrorCode -ne [Management.ManagementStatus]::InvalidClass) { throw }": WMI,  # line 542
    "$found = @{}": WMI,  # line 545
    "foreach ($name in $names) { $found[$name] = $numbers.ContainsKey($name) -and $installed.Contains($numbers[$name]) }": WMI,  # line 546
    "$found[$name] = $numbers.ContainsKey($name) -and $installed.Contains($numbers[$name]) }": WMI,  # line 546
    "$found": WMI,  # line 547
    "foreach ($computer in $searcher.Get()) {": WMI,  # line 596
    "if ($computer['PartOfDomain']) { return [string] $computer['Domain'] }": WMI,  # line 597
    "return [string] $computer['Domain'] }": WMI,  # line 597
    "$call = [Reflection.BindingFlags]::InvokeMethod": WINRM,
    "$local = $type.InvokeMember('CreateSession', $call, $null, [Activator]::CreateInstance($type), $null)": WINRM,
    "$winrm = [string] $type.InvokeMember('Get', $call, $null, $local, @('winrm/config'))": WINRM,
    "'winrm/config'))": WINRM,
    "return $suffix": DOMAIN,  # line 604
    "foreach ($policy in $searcher.Get()) { $policies[[string] $policy['id']] = [string] $policy['name'] }": RSOP,
    "$policies[[string] $policy['id']] = [string] $policy['name'] }": RSOP,
    "$searcher = [Management.ManagementObjectSearcher]::new('root\\rsop\\computer', 'SELECT UserRight, AccountList, GPOID FROM RSOP_UserPrivilegeRight WHERE precedence = 1')": RSOP,
    "foreach ($right in $searcher.Get()) {": RSOP,
    "if ($names -notcontains $right['UserRight']) { continue }": RSOP,
    "$policy = [string] $right['GPOID']": RSOP,
    "if ($policies.ContainsKey($policy)) { $policy = $policies[$policy] }": RSOP,
    "$policy = $policies[$policy] }": RSOP,
    "$listed = [string[]] @(foreach ($account in $right['AccountList']) { ([string] $account).TrimStart('*') })": RSOP,
    "foreach ($account in $right['AccountList']) { ([string] $account).TrimStart('*') })": RSOP,
    "([string] $account).TrimStart('*') })": RSOP,
    "$found[[string] $right['UserRight']] = @{ policy = $policy; listed = $listed; accounts = Read-Accounts @{ names = $listed } }": RSOP,
    '$searcher = [Management.ManagementObjectSearcher]::new("SELECT CreationDate FROM Win32_Process WHERE ProcessId=$Id")': WMI,
    "foreach ($found in $searcher.Get()) { return Format-Time ([Management.ManagementDateTimeConverter]::ToDateTime([string] $found['CreationDate'])) }": WMI,
    "return Format-Time ([Management.ManagementDateTimeConverter]::ToDateTime([string] $found['CreationDate'])) }": WMI,
    '$searcher = [Management.ManagementObjectSearcher]::new("SELECT ExecutablePath FROM Win32_Process WHERE ProcessId=$($Process.Id)")': WMI,
    '$Process.Id)")': WMI,
    "foreach ($found in $searcher.Get()) { return [string] $found['ExecutablePath'] }": WMI,
    "return [string] $found['ExecutablePath'] }": WMI,
    "$path = $null }": "the engine tells each program's file",
    "foreach ($found in $searcher.Get()) { return [int] $found['ProcessId'] }": WMI,
    "return [int] $found['ProcessId'] }": WMI,
    "return 0": WMI,
    "try { $started = Get-ProcessStart $process } catch { $started = $null }": WMI,
    "$started = Get-ProcessStart $process } catch { $started = $null }": WMI,
    "$owner = Get-ProcessOwner $process": WMI,
    "try { $started = Get-ProcessStart $worker.ProcessId } catch { $started = $null }": WORKERS,
    "$started = Get-ProcessStart $worker.ProcessId } catch { $started = $null }": WORKERS,
    'throw [TimeoutException]::new("no connection to ${To}:$Port within $($Timeout / 1000) seconds") }': TIME,
    '$Timeout / 1000) seconds") }': TIME,
    "return $known.Length -gt 0": NAMES,
    "return Open-Tcp $To $Port $Timeout ([Net.Sockets.AddressFamily]::InterNetworkV6)": NAMES,
    "foreach ($connection in $searcher.Get()) {": WMI,
    "$id = [int] $connection['OwningProcess']": WMI,
    "$name = $null": WMI,
    "try { $name = [Diagnostics.Process]::GetProcessById($id).ProcessName } catch { $name = $null }": WMI,
    "$name = [Diagnostics.Process]::GetProcessById($id).ProcessName } catch { $name = $null }": WMI,
    "$name = $null }": WMI,
    "$owners[[int] $connection['LocalPort']] = @{ process_id = $id; process = $name }": WMI,
    "$owners": WMI,
    "$listener = @{ address = $line.Substring(6); port = [int] $line.Substring(0, 5) }": LISTENERS,
    "if ($owners.ContainsKey($listener['port'])) { $listener += $owners[$listener['port']] }": LISTENERS,
    "$listener += $owners[$listener['port']] }": LISTENERS,
    "$found.Add($listener)": LISTENERS,
    "foreach ($address in $known) { if ($address.AddressFamily -ne [Net.Sockets.AddressFamily]::InterNetworkV6) { return $false } }": NAMES,
    "if ($address.AddressFamily -ne [Net.Sockets.AddressFamily]::InterNetworkV6) { return $false } }": NAMES,
}
