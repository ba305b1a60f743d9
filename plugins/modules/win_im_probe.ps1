#!powershell

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#Requires -Version 5.1

# Answers a list of questions about this server, in one run. Reads only. What each kind asks and answers is in docs/probe-and-writer.md.
# Windows PowerShell 5.1 and .NET Framework 4.6.2; no module_utils, so nothing is compiled here and Ansible writes no event about us.

$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 2.0

$utf8 = [System.Text.UTF8Encoding]::new($false)
$latin = [Text.Encoding]::GetEncoding(28591)
$sections = [Security.AccessControl.AccessControlSections]'Access, Owner'
$isoFormat = "yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'"

function Format-Time([DateTime] $Time) {
    $Time.ToUniversalTime().ToString($isoFormat, [Globalization.CultureInfo]::InvariantCulture)
}

# A query is a dictionary; an absent field has its default.
function Get-Field($Query, [string] $Name, $Default) {
    if ($Query.Contains($Name) -and $null -ne $Query[$Name]) { return , $Query[$Name] }
    return , $Default
}

function Get-NeededText($Query, [string] $Name) {
    $value = Get-Field $Query $Name $null
    if ($value -isnot [string] -or $value -eq '') { throw [ArgumentException]::new("the field '$Name' must be a text") }
    $value
}

function Get-NeededList($Query, [string] $Name) {
    $value = Get-Field $Query $Name $null
    if ($value -is [string] -or $value -isnot [Collections.IEnumerable]) { throw [ArgumentException]::new("the field '$Name' must be a list") }
    return , @($value)
}

function Get-Hex([byte[]] $Bytes) {
    [BitConverter]::ToString($Bytes).Replace('-', '')
}

# Shared for everything, so that a log in use can be read.
function Open-Shared([string] $Path) {
    [IO.FileStream]::new($Path, 'Open', 'Read', 'ReadWrite, Delete')
}

function Read-File($Query) {
    $path = Get-NeededText $Query 'path'
    $limit = [long] (Get-Field $Query 'max_bytes' 1048576)
    if ([IO.Directory]::Exists($path)) {
        return @{ type = 'folder'; size = $null; sha256 = $null; content = $null; last_write = Format-Time ([IO.Directory]::GetLastWriteTimeUtc($path)) }
    }
    if (-not [IO.File]::Exists($path)) { return $null }
    $stream = Open-Shared $path
    $hasher = [Security.Cryptography.SHA256]::Create()
    try {
        $content = $null
        $size = $stream.Length
        if ($size -le $limit) {
            $memory = [IO.MemoryStream]::new()
            $stream.CopyTo($memory)
            $bytes = $memory.ToArray()
            $size = $bytes.Length
            $hash = $hasher.ComputeHash($bytes)
            $content = [Convert]::ToBase64String($bytes)
        }
        else {
            $hash = $hasher.ComputeHash($stream)
        }
    }
    finally {
        $hasher.Dispose()
        $stream.Dispose()
    }
    @{ type = 'file'; size = $size; sha256 = (Get-Hex $hash).ToLowerInvariant(); content = $content; last_write = Format-Time ([IO.File]::GetLastWriteTimeUtc($path)) }
}

function Get-FileVersion([string] $Path) {
    if ($Path -notmatch '\.(dll|exe)$') { return $null }
    $version = [Diagnostics.FileVersionInfo]::GetVersionInfo($Path).ProductVersion
    if ($version) { return $version }
    return $null
}

# The last bytes of a file.
function Read-Tail([string] $Path, [long] $Count) {
    $stream = Open-Shared $Path
    try {
        $null = $stream.Seek([Math]::Max(0, $stream.Length - $Count), [IO.SeekOrigin]::Begin)
        $memory = [IO.MemoryStream]::new()
        $stream.CopyTo($memory)
        return [Convert]::ToBase64String($memory.ToArray())
    }
    finally { $stream.Dispose() }
}

function Get-FileHashText([string] $Path) {
    $stream = Open-Shared $Path
    $hasher = [Security.Cryptography.SHA256]::Create()
    try { return (Get-Hex $hasher.ComputeHash($stream)).ToLowerInvariant() }
    finally {
        $hasher.Dispose()
        $stream.Dispose()
    }
}

# Folders have neither size nor version.
function Read-Names([string[]] $Folders, [string] $Root) {
    [Array]::Sort($Folders, [StringComparer]::OrdinalIgnoreCase)
    $found = [Collections.Generic.List[object]]::new()
    foreach ($folder in $Folders) {
        $found.Add(@{ name = $folder.Substring($Root.Length + 1); size = 0; version = $null; last_write = Format-Time ([IO.Directory]::GetLastWriteTimeUtc($folder)); tail = $null })
    }
    return , $found.ToArray()
}

function Read-Folder($Query) {
    $path = (Get-NeededText $Query 'path').TrimEnd('\')
    # With the separator, since C: alone is the current directory of that drive.
    $from = "$path\"
    if (-not [IO.Directory]::Exists($from)) { return $null }
    $option = [IO.SearchOption]::TopDirectoryOnly
    if (Get-Field $Query 'recurse' $false) { $option = [IO.SearchOption]::AllDirectories }
    $pattern = Get-Field $Query 'pattern' '*'
    if (Get-Field $Query 'folders' $false) { return , (Read-Names ([IO.Directory]::GetDirectories($from, $pattern, $option)) $path) }
    $names = [string[]] [IO.Directory]::GetFiles($from, $pattern, $option)
    [Array]::Sort($names, [StringComparer]::OrdinalIgnoreCase)
    $newest = [int] (Get-Field $Query 'newest' 0)
    if ($newest -gt 0 -and $names.Length -gt $newest) {
        $ages = [long[]] @(foreach ($name in $names) { -[IO.File]::GetLastWriteTimeUtc($name).Ticks })
        [Array]::Sort($ages, $names)
        $names = [string[]] $names[0..($newest - 1)]
        [Array]::Sort($names, [StringComparer]::OrdinalIgnoreCase)
    }
    $limit = [int] (Get-Field $Query 'limit' 1000)
    $tail = [long] (Get-Field $Query 'tail' 0)
    $rights = [bool] (Get-Field $Query 'rights' $false)
    $hashes = [bool] (Get-Field $Query 'hashes' $false)
    $found = [Collections.Generic.List[object]]::new()
    foreach ($name in $names) {
        if ($found.Count -ge $limit) { break }
        $info = [IO.FileInfo]::new($name)
        $end = $null
        if ($tail -gt 0) { $end = Read-Tail $name $tail }
        $item = @{ name = $name.Substring($path.Length + 1); size = $info.Length; version = Get-FileVersion $name; last_write = Format-Time $info.LastWriteTimeUtc; tail = $end }
        if ($rights) { $item['sddl'] = [Security.AccessControl.FileSecurity]::new($name, $sections).GetSecurityDescriptorSddlForm($sections) }
        if ($hashes) { $item['sha256'] = Get-FileHashText $name }
        $found.Add($item)
    }
    return , $found.ToArray()
}

function Read-Drive($Query) {
    $path = Get-NeededText $Query 'path'
    $drive = [IO.DriveInfo]::new([IO.Path]::GetPathRoot($path))
    if (-not $drive.IsReady) { return $null }
    @{ free = $drive.AvailableFreeSpace; size = $drive.TotalSize }
}

function Read-Rights($Query) {
    $found = [Collections.Generic.List[object]]::new()
    foreach ($path in (Get-NeededList $Query 'paths')) {
        $security = $null
        if ([IO.Directory]::Exists($path)) { $security = [Security.AccessControl.DirectorySecurity]::new($path, $sections) }
        elseif ([IO.File]::Exists($path)) { $security = [Security.AccessControl.FileSecurity]::new($path, $sections) }
        if ($null -eq $security) { $found.Add($null) }
        else { $found.Add(@{ path = $path; sddl = $security.GetSecurityDescriptorSddlForm($sections) }) }
    }
    return , $found.ToArray()
}

function Split-RegistryPath([string] $Path) {
    $hive, $rest = $Path.Split([char[]] '\', 2)
    $hives = @{ 'HKLM:' = 'LocalMachine'; 'HKCU:' = 'CurrentUser'; 'HKU:' = 'Users'; 'HKCR:' = 'ClassesRoot' }
    if (-not $hives.ContainsKey($hive)) { throw [ArgumentException]::new("the field 'key' must begin with HKLM:\, HKCU:\, HKU:\ or HKCR:\") }
    return $hives[$hive], [string] $rest
}

function Read-RegistryKey($Key, $Names, [int] $Depth, [string] $Match) {
    $values = @{}
    $wanted = $Names
    if ($null -eq $wanted) { $wanted = $Key.GetValueNames() }
    $present = [Collections.Generic.HashSet[string]]::new([string[]] $Key.GetValueNames(), [StringComparer]::OrdinalIgnoreCase)
    foreach ($name in $wanted) {
        if (-not $present.Contains($name)) { continue }
        $kind = $Key.GetValueKind($name)
        $data = $Key.GetValue($name, $null, 'DoNotExpandEnvironmentNames')
        if ($Match -and ($data -isnot [string] -or $data -notmatch $Match)) { continue }
        if ($data -is [byte[]]) { $data = [Convert]::ToBase64String($data) }
        elseif ($data -is [int]) { $data = [BitConverter]::ToUInt32([BitConverter]::GetBytes($data), 0) }
        elseif ($data -is [long]) { $data = [BitConverter]::ToUInt64([BitConverter]::GetBytes($data), 0) }
        elseif ($data -is [string[]]) { $data = , $data }
        $values[$name] = @{ type = $kind.ToString(); data = $data }
        if ($kind -eq [Microsoft.Win32.RegistryValueKind]::MultiString) { $values[$name]['data'] = [string[]] $Key.GetValue($name) }
    }
    $keys = [string[]] $Key.GetSubKeyNames()
    [Array]::Sort($keys, [StringComparer]::OrdinalIgnoreCase)
    $children = @{}
    if ($Depth -gt 0) {
        foreach ($name in $keys) {
            $child = $Key.OpenSubKey($name)
            if ($null -eq $child) { continue }
            try { $children[$name] = Read-RegistryKey $child $Names ($Depth - 1) $Match }
            finally { $child.Dispose() }
        }
    }
    @{ values = $values; keys = $keys; children = $children }
}

function Read-Registry($Query) {
    $hive, $rest = Split-RegistryPath (Get-NeededText $Query 'key')
    $names = Get-Field $Query 'names' $null
    $base = [Microsoft.Win32.RegistryKey]::OpenBaseKey($hive, 'Registry64')
    try {
        $key = $base.OpenSubKey($rest)
        if ($null -eq $key) { return $null }
        try { return Read-RegistryKey $key $names ([int] (Get-Field $Query 'depth' 0)) ([string] (Get-Field $Query 'match' '')) }
        finally { $key.Dispose() }
    }
    finally { $base.Dispose() }
}

# The key's file has its container's name below ProgramData\Microsoft\Crypto, learn.microsoft.com "Key Storage and Retrieval"; keys of CAPI that CNG opens stay in RSA\MachineKeys (dotnet/runtime issue 97121).
function Read-KeyFile($Certificate) {
    $answer = @{ path = $null; sddl = $null; error = $null }
    try {
        $key = [Security.Cryptography.X509Certificates.RSACertificateExtensions]::GetRSAPrivateKey($Certificate)
        if ($null -eq $key) { throw [InvalidOperationException]::new('the private key is not an RSA key') }
        $root = [Environment]::GetFolderPath([Environment+SpecialFolder]::CommonApplicationData)
        if ($key -is [Security.Cryptography.RSACng]) {
            $name = $key.Key.UniqueName
            $folders = @("$root\Microsoft\Crypto\Keys", "$root\Microsoft\Crypto\RSA\MachineKeys")
        }
        else {
            $name = $key.CspKeyContainerInfo.UniqueKeyContainerName
            $folders = @("$root\Microsoft\Crypto\RSA\MachineKeys", "$root\Microsoft\Crypto\Keys")
        }
        foreach ($folder in $folders) {
            $path = "$folder\$name"
            if ([IO.File]::Exists($path)) {
                $answer['path'] = $path
                $answer['sddl'] = [Security.AccessControl.FileSecurity]::new($path, $sections).GetSecurityDescriptorSddlForm($sections)
                break
            }
        }
        if ($null -eq $answer['path']) { $answer['error'] = 'the key has no file on this server' }
    }
    catch {
        $answer['error'] = (Get-Cause $_.Exception).Message
    }
    $answer
}

function Read-Certificates($Query) {
    $location = [Security.Cryptography.X509Certificates.StoreLocation] (Get-Field $Query 'location' 'LocalMachine')
    $store = [Security.Cryptography.X509Certificates.X509Store]::new([string] (Get-Field $Query 'store' 'My'), $location)
    try { $store.Open('ReadOnly, OpenExistingOnly') }
    catch [Security.Cryptography.CryptographicException] { return $null }
    try {
        $only = Get-Field $Query 'thumbprint' $null
        $found = [Collections.Generic.List[object]]::new()
        foreach ($certificate in $store.Certificates) {
            if ($null -ne $only -and $certificate.Thumbprint -ne $only) { continue }
            $key = $null
            if ($certificate.HasPrivateKey) { $key = Read-KeyFile $certificate }
            $found.Add(@{ thumbprint = $certificate.Thumbprint; certificate = [Convert]::ToBase64String($certificate.RawData); has_private_key = $certificate.HasPrivateKey; key = $key })
        }
        return , $found.ToArray()
    }
    finally { $store.Close() }
}

# Belief [process-start]: where "Debug programs" was taken from administrators, Process.StartTime is refused, and WMI tells it all the same,
# learn.microsoft.com "Win32_Process class", CreationDate.
function Get-ProcessStart([int] $Id) {
    try { return Format-Time ([Diagnostics.Process]::GetProcessById($Id).StartTime) }
    catch {
        $searcher = [Management.ManagementObjectSearcher]::new("SELECT CreationDate FROM Win32_Process WHERE ProcessId=$Id")
        foreach ($found in $searcher.Get()) { return Format-Time ([Management.ManagementDateTimeConverter]::ToDateTime([string] $found['CreationDate'])) }
        return $null
    }
}

# Whom a process runs as, as a SID; nothing where Windows does not tell. Belief [process-owner]: an administrator is told of all processes, and of an
# application pool's or a service's own account by its SID, learn.microsoft.com "GetOwnerSid method of the Win32_Process class".
function Get-ProcessOwner([int] $Id) {
    try {
        $searcher = [Management.ManagementObjectSearcher]::new("SELECT Handle FROM Win32_Process WHERE ProcessId=$Id")
        foreach ($found in $searcher.Get()) { return $found.InvokeMethod('GetOwnerSid', $null, $null)['Sid'] }
        return $null
    }
    catch { return $null }
}

# Belief [service-start]: Win32_Service names the process, learn.microsoft.com "Win32_Service class". Not worth an error where it cannot be asked.
function Get-ServiceProcess([string] $Name) {
    try {
        $searcher = [Management.ManagementObjectSearcher]::new("SELECT ProcessId FROM Win32_Service WHERE Name='$($Name.Replace("'", "\'"))'")
        foreach ($found in $searcher.Get()) { return [int] $found['ProcessId'] }
        return 0
    }
    catch { return 0 }
}

# With the field 'wait' it answers once the service is on its way no more, or the time is over.
function Read-Service($Query) {
    $found = Read-Service-Now $Query
    $wait = Get-Field $Query 'wait' $null
    if ($null -eq $wait -or $null -eq $found) { return $found }
    $clock = [Diagnostics.Stopwatch]::StartNew()
    $seconds = [int] (Get-Field $wait 'seconds' 60)
    while ($null -ne $found -and $found['state'].EndsWith('Pending') -and $clock.Elapsed.TotalSeconds -lt $seconds) {
        [Threading.Thread]::Sleep(1000)
        $found = Read-Service-Now $Query
    }
    if ($null -eq $found) { return $null }
    $found['reached'] = -not $found['state'].EndsWith('Pending')
    $found['waited'] = [int] $clock.Elapsed.TotalSeconds
    $found
}

function Read-Service-Now($Query) {
    $name = Get-NeededText $Query 'name'
    Add-Type -AssemblyName System.ServiceProcess
    $service = $null
    foreach ($candidate in [ServiceProcess.ServiceController]::GetServices()) {
        if ($candidate.ServiceName -eq $name) { $service = $candidate }
    }
    if ($null -eq $service) { return $null }
    $state = $service.Status.ToString()
    $started = $null
    $owner = $null
    $process = 0
    if ($state -eq 'Running') { $process = Get-ServiceProcess $service.ServiceName }
    if ($process) {
        try { $started = Get-ProcessStart $process } catch { $started = $null }
        $owner = Get-ProcessOwner $process
    }
    # ServiceController of .NET Framework 4.6.2 knows neither path nor account; the registry does.
    $key = [Microsoft.Win32.Registry]::LocalMachine.OpenSubKey("SYSTEM\CurrentControlSet\Services\$($service.ServiceName)")
    try {
        $modes = @{ 0 = 'automatic'; 1 = 'automatic'; 2 = 'automatic'; 3 = 'manual'; 4 = 'disabled' }
        $mode = $modes[[int] $key.GetValue('Start', 3)]
        if ($mode -eq 'automatic' -and [int] $key.GetValue('DelayedAutostart', 0) -eq 1) { $mode = 'delayed' }
        @{
            name = $service.ServiceName; display_name = $service.DisplayName; state = $state; started = $started; owner = $owner; start_mode = $mode
            path = [string] $key.GetValue('ImagePath', '', 'DoNotExpandEnvironmentNames')
            account = [string] $key.GetValue('ObjectName', ''); description = [string] $key.GetValue('Description', '')
        }
    }
    finally { if ($null -ne $key) { $key.Dispose() } }
}

function Test-Iis-Reached($Found, $Wait) {
    $kind = 'sites'
    $name = [string] (Get-Field $Wait 'site' '')
    if (-not $name) {
        $kind = 'pools'
        $name = Get-NeededText $Wait 'pool'
    }
    $state = Get-NeededText $Wait 'state'
    if ($kind -eq 'pools' -and $state -eq 'Stopped') {
        # A worker may go on after its pool has stopped.
        foreach ($worker in $Found['workers']) { if ($worker['pool'] -eq $name) { return $false } }
    }
    foreach ($item in $Found[$kind]) { if ($item['name'] -eq $name) { return $item['state'] -eq $state } }
    return $false
}

# With the field 'wait' it answers once the state is reached, or the time is over.
function Read-Iis($Query) {
    $found = Read-Iis-Now
    $wait = Get-Field $Query 'wait' $null
    if ($null -eq $wait -or $null -eq $found) { return $found }
    $clock = [Diagnostics.Stopwatch]::StartNew()
    $seconds = [int] (Get-Field $wait 'seconds' 60)
    $reached = Test-Iis-Reached $found $wait
    while (-not $reached -and $clock.Elapsed.TotalSeconds -lt $seconds) {
        [Threading.Thread]::Sleep(1000)
        $found = Read-Iis-Now
        $reached = Test-Iis-Reached $found $wait
    }
    $found['reached'] = $reached
    $found['waited'] = [int] $clock.Elapsed.TotalSeconds
    $found
}

function Open-Iis {
    $path = [Environment]::GetFolderPath('System') + '\inetsrv\Microsoft.Web.Administration.dll'
    if (-not [IO.File]::Exists($path)) { return $null }
    $null = [Reflection.Assembly]::LoadFrom($path)
    New-Object -TypeName Microsoft.Web.Administration.ServerManager
}

function Read-Iis-Now {
    $manager = Open-Iis
    if ($null -eq $manager) { return $null }
    try {
        $pools = [Collections.Generic.List[object]]::new()
        $sites = [Collections.Generic.List[object]]::new()
        $workers = [Collections.Generic.List[object]]::new()
        foreach ($pool in $manager.ApplicationPools) {
            $state = 'Unknown'
            try { $state = $pool.get_State().ToString() } catch { $state = 'Unknown' }
            $pools.Add(@{ name = $pool.Name; state = $state })
        }
        foreach ($site in $manager.Sites) {
            # A site without an http binding is unknown to the web server: its State throws.
            $state = 'Unknown'
            try { $state = $site.get_State().ToString() } catch { $state = 'Unknown' }
            $sites.Add(@{ name = $site.Name; id = $site.Id; state = $state })
        }
        $processes = @()
        # Belief [no-was]: without the service WAS there are none, and asking throws 0x80070426, ERROR_SERVICE_NOT_ACTIVE of appcmd.
        try { $processes = @($manager.WorkerProcesses) } catch { $processes = @() }
        foreach ($worker in $processes) {
            $started = $null
            try { $started = Get-ProcessStart $worker.ProcessId } catch { $started = $null }
            $workers.Add(@{ pool = $worker.AppPoolName; process_id = $worker.ProcessId; started = $started; owner = Get-ProcessOwner $worker.ProcessId })
        }
        @{ pools = $pools.ToArray(); sites = $sites.ToArray(); workers = $workers.ToArray() }
    }
    finally { $manager.Dispose() }
}

# Asks a proxy for a way through to the server, RFC 9110 9.3.6.
function Open-Tunnel($Stream, [string] $To, [int] $Port, [string] $Authorization) {
    if ($To.Contains(':')) { $To = "[$To]" }
    $head = "CONNECT ${To}:$Port HTTP/1.1`r`nHost: ${To}:$Port`r`n"
    if ($Authorization) { $head += "Proxy-Authorization: $Authorization`r`n" }
    $bytes = [Text.Encoding]::ASCII.GetBytes("$head`r`n")
    $Stream.Write($bytes, 0, $bytes.Length)
    $answer = ''
    # Byte by byte: what follows the answer belongs to TLS.
    while (-not $answer.EndsWith("`r`n`r`n")) {
        $byte = $Stream.ReadByte()
        if ($byte -lt 0 -or $answer.Length -gt 16384) { break }
        $answer += [char] $byte
    }
    if ($answer -notmatch '^HTTP/1\.[01] 2\d\d\b') { throw [IO.IOException]::new("the proxy answered '$($answer.Split([char[]] "`r")[0])'") }
}

function Open-Tcp([string] $To, [int] $Port, [int] $Timeout, [Net.Sockets.AddressFamily] $Family) {
    $client = [Net.Sockets.TcpClient]::new($Family)
    try {
        $connecting = $client.BeginConnect($To, $Port, $null, $null)
        if (-not $connecting.AsyncWaitHandle.WaitOne($Timeout)) { throw [TimeoutException]::new("no connection to ${To}:$Port within $($Timeout / 1000) seconds") }
        $client.EndConnect($connecting)
        $client.ReceiveTimeout = $client.SendTimeout = $Timeout
        return $client
    }
    catch {
        $client.Close()
        throw
    }
}

# Whether all addresses of a name are IPv6 ones.
function Test-OnlyIPv6([string] $Name) {
    try { $known = [Net.Dns]::GetHostAddresses($Name) } catch { return $false }
    foreach ($address in $known) { if ($address.AddressFamily -ne [Net.Sockets.AddressFamily]::InterNetworkV6) { return $false } }
    return $known.Length -gt 0
}

# TcpClient takes IPv4 addresses only unless it is told otherwise: IPv6 is for what has no other address.
function Connect-Tcp([string] $To, [int] $Port, [int] $Timeout) {
    $literal = $null
    if ([Net.IPAddress]::TryParse($To, [ref] $literal)) { return Open-Tcp $To $Port $Timeout $literal.AddressFamily }
    try { return Open-Tcp $To $Port $Timeout 'InterNetwork' }
    catch {
        if ((Get-Cause $_.Exception) -is [TimeoutException] -or -not (Test-OnlyIPv6 $To)) { throw }
        return Open-Tcp $To $Port $Timeout ([Net.Sockets.AddressFamily]::InterNetworkV6)
    }
}

# Accepts any certificate, and notes what came with it. Compiled, for threads on which no script block runs. Belief [sent-certificates]: that is in the ExtraStore of the chain that
# SslStream hands over, VerifyRemoteCertificate of SecureChannel in .NET Framework's reference source.
function New-Acceptance($Sent) {
    $type, $part = [Net.Security.RemoteCertificateValidationCallback], [Linq.Expressions.Expression]
    $given = [Linq.Expressions.ParameterExpression[]] @(foreach ($one in $type.GetMethod('Invoke').GetParameters()) { $part::Parameter($one.ParameterType) })
    $came = $part::Property($part::Property($given[2], 'ChainPolicy'), 'ExtraStore')
    $note = $part::Call($part::Constant($Sent), 'AddRange', $null, $came)
    $part::Lambda($type, $part::Block($note, $part::Constant($true)), $given).Compile()
}

# How Windows judges a certificate here, without asking anybody whether it was revoked: each certificate up to the root, with what is wrong with it.
function Read-Chain([byte[]] $Certificate, $Sent) {
    $chain = [Security.Cryptography.X509Certificates.X509Chain]::new($true)
    try {
        $chain.ChainPolicy.RevocationMode = 'NoCheck'
        $chain.ChainPolicy.UrlRetrievalTimeout = [TimeSpan]::FromSeconds(5)
        foreach ($one in $Sent) { $null = $chain.ChainPolicy.ExtraStore.Add($one) }
        $null = $chain.Build([Security.Cryptography.X509Certificates.X509Certificate2]::new($Certificate))
        $certificates = [Collections.Generic.List[object]]::new()
        foreach ($element in $chain.ChainElements) {
            $certificates.Add(@{ thumbprint = $element.Certificate.Thumbprint; subject = $element.Certificate.Subject; status = [string[]] @(foreach ($one in $element.ChainElementStatus) { $one.Status.ToString() }) })
        }
        $sentThumbprints = [string[]] @(foreach ($one in $chain.ChainPolicy.ExtraStore) { $one.Thumbprint })
        @{ status = [string[]] @(foreach ($one in $chain.ChainStatus) { $one.Status.ToString() }); certificates = $certificates.ToArray(); sent = $sentThumbprints }
    }
    finally { $chain.Dispose() }
}

# A request of our own over TcpClient and SslStream: address, TLS server name and Host header can differ, and the certificate is reported, and judged only where that is asked for.
function Send-Request($Query) {
    $address = Get-NeededText $Query 'address'
    $hostName = Get-NeededText $Query 'host'
    $port = [int] (Get-Field $Query 'port' 443)
    $timeout = 1000 * [int] (Get-Field $Query 'timeout' 10)
    $limit = [int] (Get-Field $Query 'max_bytes' 65536)
    $proxy = Get-Field $Query 'proxy' $null
    $to, $toPort = $address, $port
    if ($null -ne $proxy) { $to, $toPort = (Get-NeededText $proxy 'address'), [int] (Get-Field $proxy 'port' 80) }
    $client = Connect-Tcp $to $toPort $timeout
    $served = $null
    $sent = [Collections.ArrayList]::new()
    try {
        $stream = $client.GetStream()
        if ($null -ne $proxy) { Open-Tunnel $stream $address $port ([string] (Get-Field $proxy 'authorization' '')) }
        if ((Get-Field $Query 'scheme' 'https') -eq 'https') {
            # For a request that carries a secret. Belief [judged-by-windows]: without a callback SslStream judges the certificate as Windows does, .NET's "SslStream".
            $accept = $null
            if (-not (Get-Field $Query 'verify' $false)) { $accept = New-Acceptance $sent }
            $stream = [Net.Security.SslStream]::new($stream, $false, $accept)
            $stream.AuthenticateAsClient([string] (Get-Field $Query 'server_name' $hostName), $null, 'Tls12', $false)
            $served = [Security.Cryptography.X509Certificates.X509Certificate2]::new($stream.RemoteCertificate)
        }
        $body = [string] (Get-Field $Query 'body' '')
        $bodyBytes = $utf8.GetBytes($body)
        $head = [Text.StringBuilder]::new()
        $null = $head.Append("$(Get-Field $Query 'method' 'GET') $(Get-Field $Query 'path' '/') HTTP/1.1`r`nHost: $hostName`r`nConnection: close`r`n")
        $headers = Get-Field $Query 'headers' @{}
        foreach ($name in $headers.Keys) { $null = $head.Append("${name}: $($headers[$name])`r`n") }
        if ($bodyBytes.Length) { $null = $head.Append("Content-Length: $($bodyBytes.Length)`r`n") }
        $null = $head.Append("`r`n")
        $headBytes = [Text.Encoding]::ASCII.GetBytes($head.ToString())
        $stream.Write($headBytes, 0, $headBytes.Length)
        # Not an empty write: TLS below may refuse to send nothing.
        if ($bodyBytes.Length) { $stream.Write($bodyBytes, 0, $bodyBytes.Length) }
        $stream.Flush()
        $memory = [IO.MemoryStream]::new()
        $buffer = [byte[]]::new(8192)
        while ($memory.Length -lt $limit + 16384) {
            $count = $stream.Read($buffer, 0, $buffer.Length)
            if ($count -le 0) { break }
            $memory.Write($buffer, 0, $count)
        }
        $answer = Read-Answer $memory.ToArray() $limit $served
        if (Get-Field $Query 'chain' $false) {
            $answer['chain'] = $null
            if ($null -ne $served) { $answer['chain'] = Read-Chain $served.RawData $sent }
        }
        $answer
    }
    finally { $client.Close() }
}

# Asks for a token and, with it, the same server further questions. The token stays here: it is in no answer, not even where the server repeats it.
function Send-WithToken($Query) {
    $asked = Get-Field $Query 'token' $null
    if ($asked -isnot [Collections.IDictionary]) { throw [ArgumentException]::new("the field 'token' must be a request") }
    $paths = Get-NeededList $Query 'paths'
    $given = Send-Request $asked
    $text = $latin.GetString([Convert]::FromBase64String($given['body']))
    $found = [regex]::Match($text, '"access_token"\s*:\s*"([^"]+)"')
    $answers = [Collections.Generic.List[object]]::new()
    if (-not $found.Success) {
        $seen = $latin.GetBytes($text.Substring(0, [Math]::Min($text.Length, 48)))
        return @{ refused = @{ status = $given['status']; body = [Convert]::ToBase64String($seen) }; answers = $answers.ToArray() }
    }
    $token = [regex]::Unescape($found.Groups[1].Value)
    foreach ($path in $paths) {
        $next = @{ path = $path; headers = @{ Authorization = "Bearer $token"; Accept = 'application/json' } }
        foreach ($name in 'address', 'host', 'port', 'server_name', 'timeout', 'verify', 'proxy') { $next[$name] = Get-Field $asked $name $null }
        try {
            $answer = Send-Request $next
            $body = $latin.GetString([Convert]::FromBase64String($answer['body'])).Replace($token, '********')
            $answers.Add(@{ status = $answer['status']; body = [Convert]::ToBase64String($latin.GetBytes($body)) })
        }
        catch {
            $cause = Get-Cause $_.Exception
            $answers.Add(@{ error = @{ type = $cause.GetType().FullName; message = $cause.Message } })
        }
    }
    @{ refused = $null; answers = $answers.ToArray() }
}

function Read-Answer([byte[]] $Bytes, [int] $Limit, $Served) {
    $text = $latin.GetString($Bytes)
    $end = $text.IndexOf("`r`n`r`n")
    if ($end -lt 0 -or -not $text.StartsWith('HTTP/')) { throw [IO.InvalidDataException]::new('the answer is not HTTP') }
    $lines = $text.Substring(0, $end).Split([string[]] "`r`n", [StringSplitOptions]::None)
    $first = $lines[0].Split([char[]] ' ', 3)
    $reason = ''
    if ($first.Length -gt 2) { $reason = $first[2] }
    $headers = @{}
    for ($i = 1; $i -lt $lines.Length; $i++) {
        $colon = $lines[$i].IndexOf(':')
        if ($colon -gt 0) { $headers[$lines[$i].Substring(0, $colon).ToLowerInvariant()] = $lines[$i].Substring($colon + 1).Trim() }
    }
    $body = $text.Substring($end + 4)
    if ($headers.ContainsKey('transfer-encoding') -and $headers['transfer-encoding'] -eq 'chunked') { $body = Join-Chunks $body }
    if ($body.Length -gt $Limit) { $body = $body.Substring(0, $Limit) }
    $certificate = $null
    $thumbprint = $null
    if ($null -ne $Served) {
        $certificate = [Convert]::ToBase64String($Served.RawData)
        $thumbprint = $Served.Thumbprint
    }
    @{
        status = [int] $first[1]; reason = $reason; headers = $headers; certificate = $certificate; thumbprint = $thumbprint
        body = [Convert]::ToBase64String($latin.GetBytes($body))
    }
}

function Join-Chunks([string] $Body) {
    $joined = [Text.StringBuilder]::new()
    $at = 0
    while ($true) {
        $line = $Body.IndexOf("`r`n", $at)
        if ($line -lt 0) { break }
        $size = [Convert]::ToInt32($Body.Substring($at, $line - $at).Split(';')[0].Trim(), 16)
        if ($size -eq 0) { break }
        $size = [Math]::Min($size, $Body.Length - $line - 2)
        $null = $joined.Append($Body, $line + 2, $size)
        $at = $line + 2 + $size + 2
        if ($at -ge $Body.Length) { break }
    }
    $joined.ToString()
}

# What a download would meet, asked as WebRequest.psm1 of ansible.windows asks: .NET's proxy for this account, redirects followed, TLS judged. The body is not read.
function Test-Download($Query) {
    $url = Get-NeededText $Query 'url'
    foreach ($path in (Get-Field $Query 'unless' @())) {
        if ([IO.File]::Exists($path) -or [IO.Directory]::Exists($path)) { return $null }
    }
    [Net.ServicePointManager]::SecurityProtocol = [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12
    $request = [Net.WebRequest]::Create($url)
    $request.Timeout = 1000 * [int] (Get-Field $Query 'timeout' 30)
    $proxy = Get-Field $Query 'proxy' $null
    if ($null -ne $proxy) {
        $way = [Net.WebProxy]::new("http://$(Get-NeededText $proxy 'address'):$([int] (Get-Field $proxy 'port' 80))", $true)
        $user = [string] (Get-Field $proxy 'user' '')
        if ($user) { $way.Credentials = [Net.NetworkCredential]::new($user, [string] (Get-Field $proxy 'password' '')) }
        $request.Proxy = $way
    }
    $response = $null
    try { $response = $request.GetResponse() }
    catch [Net.WebException] {
        $response = $_.Exception.Response
        if ($null -eq $response) { throw }
    }
    try { @{ status = [int] $response.StatusCode; reason = [string] $response.StatusDescription } }
    finally {
        # First: closing alone would read the body to its end.
        $request.Abort()
        $response.Close()
    }
}

# What was served in TLS, with how Windows judges it.
function Add-Served($Tls, $Sent, $Found) {
    $served = [Security.Cryptography.X509Certificates.X509Certificate2]::new($Tls.RemoteCertificate)
    $Found['certificate'] = [Convert]::ToBase64String($served.RawData)
    $Found['chain'] = Read-Chain $served.RawData $Sent
}

# TLS with whoever has it, whose certificate is noted.
function Open-Tls($Stream, [string] $ServerName, $Found) {
    $sent = [Collections.ArrayList]::new()
    $tls = [Net.Security.SslStream]::new($Stream, $false, (New-Acceptance $sent))
    $tls.AuthenticateAsClient($ServerName, $null, 'Tls12', $false)
    Add-Served $tls $sent $Found
    return , $tls
}

# The data of one packet, [MS-TDS] 2.2.3.1.
function Read-Packet($Stream, [int] $Type) {
    $reader = [IO.BinaryReader]::new($Stream)
    $head = $reader.ReadBytes(8)
    if ($head.Length -and $head[0] -ne $Type) { throw [IO.InvalidDataException]::new('the answer is none of SQL Server') }
    $length = 0
    if ($head.Length -eq 8) { $length = 256 * $head[2] + $head[3] - 8 }
    $data = $reader.ReadBytes([Math]::Max($length, 0))
    if (-not $data.Length -or $data.Length -lt $length) { throw [IO.EndOfStreamException]::new('the other side has closed the connection') }
    return , $data
}

# 0x12 is PRELOGIN, 1 the status of a message's last packet.
function Send-Packet($Stream, [byte[]] $Data) {
    $length = $Data.Length + 8
    $Stream.Write([byte[]] (@(0x12, 1, ($length -shr 8), ($length -band 255), 0, 0, 1, 0) + $Data), 0, $length)
}

# The TCP port of an instance, as SQL Server Browser tells it, [MC-SQLR] 2.2.3 and 2.2.5.
function Find-Instance([string] $To, [string] $Instance, [int] $Timeout) {
    $client = [Net.Sockets.UdpClient]::new($To, 1434)
    try {
        $client.Client.ReceiveTimeout = $Timeout
        $asked = [byte[]] (@(4) + [Text.Encoding]::Default.GetBytes($Instance) + 0)
        $null = $client.Send($asked, $asked.Length)
        $from = [Net.IPEndPoint]::new(0, 0)
        $told = [Text.Encoding]::Default.GetString($client.Receive([ref] $from))
        if ($told -notmatch ';tcp;(\d{1,5});') { throw [IO.InvalidDataException]::new('SQL Server Browser tells no TCP port of this instance') }
        return [int] $Matches[1]
    }
    finally { $client.Close() }
}

# What SQL Server says to a client that wants encryption (on) or not (off), [MS-TDS] 2.2.6.5: VERSION and ENCRYPTION.
function Read-Prelogin($Stream, [string] $Asked) {
    Send-Packet $Stream @(0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 255, 9, 0, 0, 0, 0, 0, [int] ($Asked -eq 'on'))
    $data = Read-Packet $Stream 4
    for ($at = 0; $at + 4 -lt $data.Length -and $data[$at] -ne 255; $at += 5) {
        $place = 256 * $data[$at + 1] + $data[$at + 2]
        if ($data[$at] -eq 1 -and $place -lt $data.Length) { return ('off', 'on', 'not_supported', 'required')[$data[$place] -band 3] }
    }
    throw [IO.InvalidDataException]::new('the answer is none of SQL Server')
}

# TLS inside packets, [MS-TDS] 3.2.5.2, and no logon: SslStream has one end of a connection of our own, whose other end is passed on. Belief [tls-in-tds]: SQL Server takes TLS after
# so short a PRELOGIN, and SslStream asks a compiled callback from a thread of its own, [MS-TDS] 4.1 and .NET's "SslStream.BeginAuthenticateAsClient".
function Open-TlsInTds($Client, [string] $ServerName, $Found, [int] $Timeout) {
    $sent = [Collections.ArrayList]::new()
    $until = [DateTime]::UtcNow.AddMilliseconds($Timeout)
    $listener = [Net.Sockets.TcpListener]::new([Net.IPAddress]::Loopback, 0)
    $near, $far = [Net.Sockets.TcpClient]::new(), $null
    try {
        $listener.Start(1)
        $near.Connect([Net.IPAddress]::Loopback, $listener.LocalEndpoint.Port)
        $far = $listener.AcceptTcpClient()
        $ours, $theirs, $buffer = $far.GetStream(), $Client.GetStream(), [byte[]]::new(4088)
        $tls = [Net.Security.SslStream]::new($near.GetStream(), $false, (New-Acceptance $sent))
        $shaking = $tls.BeginAuthenticateAsClient($ServerName, $null, 'Tls12', $false, $null, $null)
        while (-not $shaking.IsCompleted) {
            if ([DateTime]::UtcNow -gt $until) { throw [TimeoutException]::new("no TLS within $($Timeout / 1000) seconds") }
            if ($far.Client.Poll(0, 'SelectRead')) { Send-Packet $theirs $buffer[0..($ours.Read($buffer, 0, 4088) - 1)] }
            elseif ($Client.Client.Poll(10000, 'SelectRead')) {
                $data = Read-Packet $theirs 0x12
                $ours.Write($data, 0, $data.Length)
            }
        }
        $tls.EndAuthenticateAsClient($shaking)
        Add-Served $tls $sent $Found
    }
    finally {
        $near.Close()
        if ($null -ne $far) { $far.Close() }
        $listener.Stop()
    }
}

# One reply of a mail server, which may have several lines: the last one has a space behind its number, RFC 5321 4.2.1.
function Read-Reply($Stream) {
    $text = ''
    $line = ''
    while ($text.Length -lt 16384) {
        $byte = $Stream.ReadByte()
        if ($byte -lt 0) { break }
        $text += [char] $byte
        if ($byte -ne 10) { $line += [char] $byte }
        elseif ($line -match '^\d{3}( |\r?$)') { break }
        else { $line = '' }
    }
    $text
}

function Send-Line($Stream, [string] $Line, $Replies) {
    if ($Line -match '[\r\n]') { throw [ArgumentException]::new("the field 'smtp' must have no line ends") }
    $bytes = [Text.Encoding]::ASCII.GetBytes("$Line`r`n")
    $Stream.Write($bytes, 0, $bytes.Length)
    $Stream.Flush()
    $reply = Read-Reply $Stream
    $Replies.Add(@{ said = $Line.Split([char[]] ' :')[0]; reply = $reply })
    $reply
}

# A conversation with a mail server that ends before there is a mail, RFC 5321 and RFC 3207. Neither a name nor a password is sent.
function Test-Smtp($Stream, $Smtp, [string] $HostName, $Found) {
    $replies = [Collections.Generic.List[object]]::new()
    $Found['replies'] = $replies
    $greeting = Read-Reply $Stream
    $replies.Add(@{ said = ''; reply = $greeting })
    if (-not $greeting.StartsWith('220')) { return }
    $hello = "EHLO $(Get-NeededText $Smtp 'name')"
    $reply = Send-Line $Stream $hello $replies
    if ((Get-Field $Smtp 'starttls' $false) -and $reply -match '(?m)^250[ -]STARTTLS\b') {
        if (-not (Send-Line $Stream 'STARTTLS' $replies).StartsWith('220')) { return }
        $Found['step'] = 'tls'
        $Stream = Open-Tls $Stream $HostName $Found
        $Found['step'] = 'smtp'
        $reply = Send-Line $Stream $hello $replies
    }
    $from, $to = (Get-NeededText $Smtp 'from'), (Get-NeededText $Smtp 'to')
    foreach ($line in "MAIL FROM:<$from>", "RCPT TO:<$to>", 'RSET', 'QUIT') {
        if (-not $reply.StartsWith('2')) { return }
        $reply = Send-Line $Stream $line $replies
    }
}

# How far the server comes on its way to another one: its name, an instance's port, TCP, a proxy, SQL Server's PRELOGIN, TLS, a mail server's conversation. The step that failed is told with the error.
function Test-Reach($Query) {
    $hostName = Get-NeededText $Query 'host'
    $port = [int] (Get-Field $Query 'port' 443)
    $timeout = 1000 * [int] (Get-Field $Query 'timeout' 10)
    $proxy = Get-Field $Query 'proxy' $null
    $smtp = Get-Field $Query 'smtp' $null
    $tds = Get-Field $Query 'tds' $null
    $instance = Get-Field $Query 'instance' $null
    if ($null -ne $tds -and $tds -notin 'on', 'off') { throw [ArgumentException]::new("the field 'tds' must be on or off") }
    $to, $toPort = $hostName, $port
    if ($null -ne $proxy) { $to, $toPort = (Get-NeededText $proxy 'address'), [int] (Get-Field $proxy 'port' 80) }
    $found = @{ step = 'name'; error = $null; code = $null; addresses = [string[]] @(); port = $null; encryption = $null; certificate = $null; chain = $null; replies = @() }
    $client = $null
    try {
        $found['addresses'] = [string[]] @(foreach ($one in [Net.Dns]::GetHostAddresses($to)) { $one.ToString() })
        if ($null -ne $instance) {
            $found['step'] = 'browser'
            $found['port'] = $toPort = Find-Instance $to $instance $timeout
        }
        $found['step'] = 'tcp'
        $client = Connect-Tcp $to $toPort $timeout
        $stream = $client.GetStream()
        if ($null -ne $proxy) {
            $found['step'] = 'proxy'
            Open-Tunnel $stream $hostName $port ([string] (Get-Field $proxy 'authorization' ''))
        }
        if (Get-Field $Query 'tls' $false) {
            $found['step'] = 'tls'
            $stream = Open-Tls $stream $hostName $found
        }
        if ($null -ne $tds) {
            $found['step'] = 'tds'
            $found['encryption'] = Read-Prelogin $stream $tds
            if ($found['encryption'] -ne 'not_supported') {
                $found['step'] = 'tls'
                Open-TlsInTds $client $hostName $found $timeout
            }
        }
        if ($null -ne $smtp) {
            $found['step'] = 'smtp'
            Test-Smtp $stream $smtp $hostName $found
        }
        $found['step'] = 'end'
    }
    catch {
        $cause = Get-Cause $_.Exception
        if ($cause -is [ArgumentException]) { throw }
        $found['error'] = $cause.Message
        if ($cause -is [Net.Sockets.SocketException]) { $found['code'] = $cause.SocketErrorCode.ToString() }
        elseif ($cause -is [TimeoutException]) { $found['code'] = 'TimedOut' }
    }
    finally { if ($null -ne $client) { $client.Close() } }
    $found
}

# Where Windows finds programs by their names: the folders of the machine's Path, in order.
function Find-Programs($Query) {
    $folders = ([string] [Environment]::GetEnvironmentVariable('Path', 'Machine')).Split(';')
    $found = @{}
    foreach ($name in (Get-NeededList $Query 'names')) {
        $found[$name] = $null
        foreach ($folder in $folders) {
            $path = "$($folder.Trim().Trim([char] '"').TrimEnd('\'))\$name"
            if ($null -eq $found[$name] -and $path -match '^[A-Za-z]:' -and [IO.File]::Exists($path)) { $found[$name] = @{ path = $path; version = Get-FileVersion $path } }
        }
    }
    $found
}

function Read-Events($Query) {
    $log = Get-Field $Query 'log' 'Application'
    if (-not [Diagnostics.Eventing.Reader.EventLogSession]::GlobalSession.GetLogNames().Contains($log)) { return $null }
    $since = Get-NeededText $Query 'since'
    $filter = "TimeCreated[@SystemTime >= '$since']"
    $providers = Get-Field $Query 'providers' $null
    if ($null -ne $providers) {
        $parts = foreach ($provider in $providers) { "@Name='$($provider.Replace("'", ''))'" }
        $filter = "Provider[$($parts -join ' or ')] and $filter"
    }
    $events = [Diagnostics.Eventing.Reader.EventLogQuery]::new($log, [Diagnostics.Eventing.Reader.PathType]::LogName, "*[System[$filter]]")
    $events.ReverseDirection = $true
    $reader = [Diagnostics.Eventing.Reader.EventLogReader]::new($events)
    $levels = @{ 1 = 'Critical'; 2 = 'Error'; 3 = 'Warning'; 4 = 'Information'; 5 = 'Verbose' }
    $found = [Collections.Generic.List[object]]::new()
    $limit = [int] (Get-Field $Query 'limit' 100)
    try {
        while ($found.Count -lt $limit) {
            $record = $reader.ReadEvent()
            if ($null -eq $record) { break }
            $level = 'Information'
            if ($levels.ContainsKey([int] $record.Level)) { $level = $levels[[int] $record.Level] }
            $text = ''
            try { $text = [string] $record.FormatDescription() } catch { $text = '' }
            # Belief [event-texts]: without the provider's messages, or those of this language, the description is empty or throws, and the record has what it is filled with, dotnet/runtime 56469.
            if ($text -eq '') { $text = [string]::Join(' ', [string[]] @(foreach ($property in $record.Properties) { [string] $property.Value })) }
            $found.Add(@{ time = Format-Time $record.TimeCreated; id = $record.Id; level = $level; provider = $record.ProviderName; message = $text })
            $record.Dispose()
        }
    }
    finally { $reader.Dispose() }
    return , $found.ToArray()
}

function Read-Environment($Query) {
    $scope = [EnvironmentVariableTarget] (Get-Field $Query 'scope' 'Machine')
    $found = @{}
    foreach ($name in (Get-NeededList $Query 'names')) { $found[$name] = [Environment]::GetEnvironmentVariable($name, $scope) }
    $found
}

function Read-Accounts($Query) {
    $found = [Collections.Generic.List[object]]::new()
    foreach ($asked in (Get-NeededList $Query 'names')) {
        try {
            if ($asked -match '^S-1-') {
                $sid = [Security.Principal.SecurityIdentifier]::new($asked)
                $name = $sid.Translate([Security.Principal.NTAccount]).Value
            }
            else {
                # Belief [dot-account]: Windows knows no authority "."; it is how the service controller writes this server, SID.psm1 of ansible-core.
                $text = $asked
                if ($text.StartsWith('.\')) { $text = [Environment]::MachineName + $text.Substring(1) }
                $account = [Security.Principal.NTAccount]::new($text)
                $sid = $account.Translate([Security.Principal.SecurityIdentifier])
                $name = $sid.Translate([Security.Principal.NTAccount]).Value
            }
        }
        catch {
            # Unknown here, or (a SID's text) none at all: absent, which is no error.
            $cause = Get-Cause $_.Exception
            if ($cause -isnot [Security.Principal.IdentityNotMappedException] -and $cause -isnot [ArgumentException]) { throw }
            $found.Add($null)
            continue
        }
        $found.Add(@{ asked = $asked; sid = $sid.Value; name = $name })
    }
    return , $found.ToArray()
}

# Which process listens on each port. Belief [listener-owners]: what HTTP.sys listens on is the process 4 (System), learn.microsoft.com
# "MSFT_NetTCPConnection class", whose state 2 is Listen.
function Read-Owners {
    $owners = @{}
    $searcher = [Management.ManagementObjectSearcher]::new('root\StandardCimv2', 'SELECT LocalPort, OwningProcess FROM MSFT_NetTCPConnection WHERE State = 2')
    foreach ($connection in $searcher.Get()) {
        $id = [int] $connection['OwningProcess']
        $name = $null
        try { $name = [Diagnostics.Process]::GetProcessById($id).ProcessName } catch { $name = $null }
        $owners[[int] $connection['LocalPort']] = @{ process_id = $id; process = $name }
    }
    $owners
}

function Read-Listeners($Query) {
    $found = [Collections.Generic.List[object]]::new()
    $owners = @{}
    if (Get-Field $Query 'owners' $false) {
        try { $owners = Read-Owners } catch { $owners = @{} }
    }
    $points = [Net.NetworkInformation.IPGlobalProperties]::GetIPGlobalProperties().GetActiveTcpListeners()
    $lines = [string[]] @(foreach ($point in $points) { '{0:d5} {1}' -f $point.Port, $point.Address })
    [Array]::Sort($lines, [StringComparer]::Ordinal)
    foreach ($line in $lines) {
        $listener = @{ address = $line.Substring(6); port = [int] $line.Substring(0, 5) }
        if ($owners.ContainsKey($listener['port'])) { $listener += $owners[$listener['port']] }
        $found.Add($listener)
    }
    return , $found.ToArray()
}

# The program's file of a process: '' where Windows does not tell it, nothing where the process has ended. Belief [process-path]: where
# Process.MainModule is refused, WMI tells it, learn.microsoft.com "Win32_Process class", ExecutablePath.
function Get-ProgramPath($Process) {
    try { return $Process.MainModule.FileName }
    catch {
        $searcher = [Management.ManagementObjectSearcher]::new("SELECT ExecutablePath FROM Win32_Process WHERE ProcessId=$($Process.Id)")
        foreach ($found in $searcher.Get()) { return [string] $found['ExecutablePath'] }
        return $null
    }
}

function Read-Processes-Now($Query) {
    $folder = (Get-NeededText $Query 'folder').TrimEnd('\') + '\'
    $prefix = Get-NeededText $Query 'prefix'
    $but = [string[]] (Get-Field $Query 'except' @())
    $found = [Collections.Generic.List[object]]::new()
    foreach ($process in [Diagnostics.Process]::GetProcesses()) {
        try {
            $name = $process.ProcessName
            if (-not $name.StartsWith($prefix, [StringComparison]::OrdinalIgnoreCase) -or $but -contains $name) { continue }
            $path = Get-ProgramPath $process
            if ($null -eq $path -or ($path -and -not $path.StartsWith($folder, [StringComparison]::OrdinalIgnoreCase))) { continue }
            $started = $null
            try { $started = Get-ProcessStart $process.Id } catch { $started = $null }
            if (-not $path) { $path = $null }
            $found.Add(@{ id = $process.Id; name = $name; path = $path; started = $started })
        }
        finally { $process.Dispose() }
    }
    return , $found.ToArray()
}

# It answers once there is none of them, or the time is over.
function Read-Processes($Query) {
    $clock = [Diagnostics.Stopwatch]::StartNew()
    $seconds = [int] (Get-Field (Get-Field $Query 'wait' @{}) 'seconds' 0)
    $found = Read-Processes-Now $Query
    while ($found.Length -and $clock.Elapsed.TotalSeconds -lt $seconds) {
        [Threading.Thread]::Sleep(1000)
        $found = Read-Processes-Now $Query
    }
    @{ processes = $found; reached = -not $found.Length; waited = [int] $clock.Elapsed.TotalSeconds }
}

# Win32_ServerFeature lists what is installed under numbers that are the same in every language, and under names that are not:
# learn.microsoft.com "Win32_ServerFeature class", which lists the numbers.
function Read-Features($Query) {
    $names = Get-NeededList $Query 'names'
    $numbers = @{ 'Web-Server' = 2; 'Web-AppInit' = 445; 'Web-Scripting-Tools' = 176; 'RSAT-ADDS-Tools' = 299 }
    $installed = [Collections.Generic.HashSet[int]]::new()
    $searcher = [Management.ManagementObjectSearcher]::new('SELECT ID FROM Win32_ServerFeature')
    try {
        foreach ($feature in $searcher.Get()) { $null = $installed.Add([int] $feature['ID']) }
    }
    catch [Management.ManagementException] {
        # A Windows that is no server has no such class.
        if ($_.Exception.ErrorCode -ne [Management.ManagementStatus]::InvalidClass) { throw }
        return $null
    }
    $found = @{}
    foreach ($name in $names) { $found[$name] = $numbers.ContainsKey($name) -and $installed.Contains($numbers[$name]) }
    $found
}

function Test-Policy([string] $Key, [string] $Name) {
    [int] (Get-MachineValue "SOFTWARE\Policies\Microsoft\Windows\PowerShell\$Key" $Name) -eq 1
}

function Read-Policies {
    @{
        module_logging = Test-Policy 'ModuleLogging' 'EnableModuleLogging'
        script_block_logging = Test-Policy 'ScriptBlockLogging' 'EnableScriptBlockLogging'
        transcription = Test-Policy 'Transcription' 'EnableTranscripting'
    }
}

# Whom group policies give rights. Belief [rsop-rights]: Windows keeps there what it applied last, the policy that decides with precedence 1,
# learn.microsoft.com "RSOP_UserPrivilegeRight class", "RSOP_PolicySetting class" and "RSOP_GPO class"; it may be old.
function Read-PolicyRights($Query) {
    $names = Get-NeededList $Query 'names'
    $found = @{}
    try {
        $policies = @{}
        $searcher = [Management.ManagementObjectSearcher]::new('root\rsop\computer', 'SELECT id, name FROM RSOP_GPO')
        foreach ($policy in $searcher.Get()) { $policies[[string] $policy['id']] = [string] $policy['name'] }
        $searcher = [Management.ManagementObjectSearcher]::new('root\rsop\computer', 'SELECT UserRight, AccountList, GPOID FROM RSOP_UserPrivilegeRight WHERE precedence = 1')
        foreach ($right in $searcher.Get()) {
            if ($names -notcontains $right['UserRight']) { continue }
            $policy = [string] $right['GPOID']
            if ($policies.ContainsKey($policy)) { $policy = $policies[$policy] }
            $listed = [string[]] @(foreach ($account in $right['AccountList']) { ([string] $account).TrimStart('*') })
            $found[[string] $right['UserRight']] = @{ policy = $policy; listed = $listed; accounts = Read-Accounts @{ names = $listed } }
        }
    }
    catch { return $null }
    $found
}

# Who asks, what PowerShell lets the session do, and WinRM's configuration as its own XML, or nothing where WinRM does not tell.
function Read-Session {
    # Belief [session-logon]: the token of a WinRM session names the package that authenticated it, learn.microsoft.com
    # "WindowsIdentity.AuthenticationType".
    $identity = [Security.Principal.WindowsIdentity]::GetCurrent()
    $winrm = $null
    try {
        # Belief [winrm-config]: an administrator's session may read it there, as winrm.cmd does, learn.microsoft.com "WSMan.CreateSession".
        $type = [Type]::GetTypeFromProgID('WSMan.Automation', $true)
        $call = [Reflection.BindingFlags]::InvokeMethod
        $local = $type.InvokeMember('CreateSession', $call, $null, [Activator]::CreateInstance($type), $null)
        $winrm = [string] $type.InvokeMember('Get', $call, $null, $local, @('winrm/config'))
    }
    catch { $winrm = $null }
    @{
        account = $identity.Name; sid = $identity.User.Value; authentication = [string] $identity.AuthenticationType
        language_mode = [string] $ExecutionContext.SessionState.LanguageMode; winrm = $winrm
    }
}

function Compare-Secret($Query) {
    $name = Get-NeededText $Query 'name'
    $expected = [string] (Get-Field $Query 'expected' '')
    if ((Get-Field $Query 'what' '') -ne 'pool_password') { throw [ArgumentException]::new("the field 'what' must be pool_password") }
    $manager = Open-Iis
    if ($null -eq $manager) { return $null }
    try {
        foreach ($pool in $manager.ApplicationPools) {
            if ($pool.Name -ne $name) { continue }
            $stored = $pool.ProcessModel.Password
            if ([string]::IsNullOrEmpty($stored)) { return $null }
            return [string]::Equals($stored, $expected, [StringComparison]::Ordinal)
        }
        return $null
    }
    finally { $manager.Dispose() }
}

# .NET's exceptions arrive wrapped in PowerShell's; the innermost one says what happened.
function Get-Cause([Exception] $Exception) {
    while ($null -ne $Exception.InnerException) { $Exception = $Exception.InnerException }
    $Exception
}

# A server in a workgroup may have a DNS suffix, so that is asked only where Windows cannot tell.
function Read-Domain {
    try {
        $searcher = [Management.ManagementObjectSearcher]::new('SELECT PartOfDomain, Domain FROM Win32_ComputerSystem')
        foreach ($computer in $searcher.Get()) {
            if ($computer['PartOfDomain']) { return [string] $computer['Domain'] }
        }
        return $null
    }
    catch {
        $suffix = [Net.NetworkInformation.IPGlobalProperties]::GetIPGlobalProperties().DomainName
        if ([string]::IsNullOrEmpty($suffix)) { return $null }
        return $suffix
    }
}

function Get-MachineValue([string] $Key, [string] $Name) {
    $found = [Microsoft.Win32.RegistryKey]::OpenBaseKey('LocalMachine', 'Registry64').OpenSubKey($Key)
    if ($null -eq $found) { return $null }
    $found.GetValue($Name, $null)
    $found.Dispose()
}

function Read-Host-Facts {
    $domain = Read-Domain
    $product = [string] (Get-MachineValue 'SOFTWARE\Microsoft\Windows NT\CurrentVersion' 'ProductName')
    # Belief [machine-guid]: setup of Windows makes it, and it stays; a copy of an installed Windows has the same one until sysprep,
    # learn.microsoft.com "Sysprep (Generalize)".
    $id = Get-MachineValue 'SOFTWARE\Microsoft\Cryptography' 'MachineGuid'
    $principal = [Security.Principal.WindowsPrincipal]::new([Security.Principal.WindowsIdentity]::GetCurrent())
    @{
        computer_name = [Environment]::MachineName; machine_id = $id; domain = $domain; os_version = [Environment]::OSVersion.Version.ToString(); product_name = $product
        powershell = $PSVersionTable.PSVersion.ToString(); elevated = $principal.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)
        time = Format-Time ([DateTime]::UtcNow); system_root = [Environment]::GetFolderPath('Windows')
        program_files = [Environment]::GetFolderPath('ProgramFiles')
        program_data = [Environment]::GetFolderPath('CommonApplicationData')
    }
}

$kinds = @{
    file = 'Read-File'; files = 'Read-Folder'; drive = 'Read-Drive'; acl = 'Read-Rights'; registry = 'Read-Registry'; certificates = 'Read-Certificates'
    service = 'Read-Service'; iis = 'Read-Iis'; http = 'Send-Request'; with_token = 'Send-WithToken'; download = 'Test-Download'; reach = 'Test-Reach'
    programs = 'Find-Programs'; events = 'Read-Events'; environment = 'Read-Environment'; account = 'Read-Accounts'; listeners = 'Read-Listeners'
    processes = 'Read-Processes'; features = 'Read-Features'; policies = 'Read-Policies'; policy_rights = 'Read-PolicyRights'
    session = 'Read-Session'; secret_matches = 'Compare-Secret'
}

function Get-Answer($Query) {
    $kind = [string] (Get-Field $Query 'kind' '')
    if (-not $kinds.ContainsKey($kind)) { throw [NotSupportedException]::new("no such question: '$kind'") }
    return , (& $kinds[$kind] $Query)
}

$answers = [Collections.Generic.List[object]]::new()
foreach ($query in $complex_args['queries']) {
    try {
        # Assigned on purpose: what a function returns as nothing would become {} in the JSON.
        $value = $null
        $value = Get-Answer $query
        $answers.Add(@{ value = $value })
    }
    catch {
        $cause = Get-Cause $_.Exception
        $type = $cause.GetType().FullName
        if ($cause -is [NotSupportedException] -and $cause.Message.StartsWith('no such question')) { $type = 'UnknownQuery' }
        elseif ($cause -is [ArgumentException] -and $cause.Message.StartsWith("the field '")) { $type = 'BadQuery' }
        $answers.Add(@{ error = @{ type = $type; message = $cause.Message } })
    }
}

@{ changed = $false; protocol = 1; answers = $answers.ToArray(); host = Read-Host-Facts } | ConvertTo-Json -Depth 20 -Compress
