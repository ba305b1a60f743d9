# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#Requires -Version 5.1

# Collects what settles the beliefs of docs/windows-checklist.md: one JSON document, an entry for each belief with its command and the answer
# or the error. For a person on a server, as administrator, before and after the steps of that page:
#   powershell.exe -NoProfile -ExecutionPolicy Bypass -File windows_checklist.ps1 -WorkingDirectory C:\identitymanagerContoso -Path C:\Temp\after.json
# It reads only (openid-hash starts a program of the vendor, which prints a hash); -Path names the one file that it writes, without it the
# document is printed. It tells names, rights, paths and times of the server, never the value of a setting and no event's text but that of
# IIS's module. Windows PowerShell 5.1 and .NET Framework 4.6.2.
param(
    [string] $WorkingDirectory = 'C:\identitymanager',
    [string] $Pool = 'DefaultAppPool',
    [string] $Site = 'Default Web Site',
    [string] $Service = 'IdentityManagerAgent',
    [int] $HttpsPort = 443,
    [string] $Path = ''
)

$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 2.0

$runtime = "$WorkingDirectory\Runtime"
$sections = [Security.AccessControl.AccessControlSections]'Access, Owner'

function Format-Time([DateTime] $Time) { $Time.ToUniversalTime().ToString('yyyy-MM-ddTHH:mm:ssZ', [Globalization.CultureInfo]::InvariantCulture) }

function Invoke-Program([string] $Program, [string] $Arguments) {
    $start = [Diagnostics.ProcessStartInfo]::new($Program, $Arguments)
    $start.UseShellExecute = $false
    $start.RedirectStandardOutput = $true
    $start.RedirectStandardError = $true
    $start.WorkingDirectory = [Environment]::SystemDirectory
    $process = [Diagnostics.Process]::Start($start)
    $errors = $process.StandardError.ReadToEndAsync()
    $output = $process.StandardOutput.ReadToEndAsync()
    if (-not $process.WaitForExit(30000)) {
        $process.Kill()
        throw [TimeoutException]::new("'$Program' did not end within 30 seconds")
    }
    @{ exit = $process.ExitCode; output = $output.Result; errors = $errors.Result }
}

function Invoke-AppCmd([string] $Arguments) { Invoke-Program "$env:windir\System32\inetsrv\appcmd.exe" $Arguments }

function Get-Rows([string] $Query, [string[]] $Names) {
    $searcher = [Management.ManagementObjectSearcher]::new($Query)
    try {
        foreach ($found in $searcher.Get()) {
            $row = [ordered] @{}
            foreach ($name in $Names) { $row[$name] = [string] $found[$name] }
            $row
        }
    }
    finally { $searcher.Dispose() }
}

function Get-ServiceRow {
    foreach ($row in @(Get-Rows "SELECT * FROM Win32_Service WHERE Name='$Service'" @('Name', 'State', 'StartName', 'PathName', 'ProcessId'))) {
        if ($row['ProcessId'] -ne '0') { $row['started'] = Format-Time ([Diagnostics.Process]::GetProcessById([int] $row['ProcessId']).StartTime) }
        $row
    }
}

function Get-Registry([Microsoft.Win32.RegistryView] $View, [string] $Key) {
    $base = [Microsoft.Win32.RegistryKey]::OpenBaseKey([Microsoft.Win32.RegistryHive]::LocalMachine, $View)
    try { $base.OpenSubKey($Key) }
    finally { $base.Dispose() }
}

function Get-Values($Key) {
    if ($null -eq $Key) { return $null }
    $found = [ordered] @{}
    foreach ($name in $Key.GetValueNames()) {
        $value = $Key.GetValue($name)
        if ($value -is [byte[]]) { $value = [BitConverter]::ToString($value) }
        $found[$name] = [string] $value
    }
    $found
}

function Get-Files([string] $Folder, [string] $Pattern) {
    if (-not [IO.Directory]::Exists($Folder)) { return }
    foreach ($file in [IO.DirectoryInfo]::new($Folder).GetFiles($Pattern)) {
        @{ name = $file.Name; size = $file.Length; written = Format-Time $file.LastWriteTimeUtc; sddl = [Security.AccessControl.FileSecurity]::new($file.FullName, $sections).GetSecurityDescriptorSddlForm($sections) }
    }
}

function Get-MachineCertificates {
    $store = [Security.Cryptography.X509Certificates.X509Store]::new('My', 'LocalMachine')
    $store.Open('ReadOnly')
    try { foreach ($certificate in $store.Certificates) { if ($certificate.HasPrivateKey) { $certificate } } }
    finally { $store.Close() }
}

function Get-Events([string] $Provider, [string] $Log = 'Application') {
    $events = [Diagnostics.Eventing.Reader.EventLogQuery]::new($Log, [Diagnostics.Eventing.Reader.PathType]::LogName, "*[System[Provider[@Name='$Provider']]]")
    $events.ReverseDirection = $true
    $reader = [Diagnostics.Eventing.Reader.EventLogReader]::new($events)
    try {
        for ($number = 0; $number -lt 20; $number++) {
            $record = $reader.ReadEvent()
            if ($null -eq $record) { break }
            $filled = ''
            if ($record.Properties.Count) { $filled = [string] $record.Properties[0].Value }
            @{ time = Format-Time $record.TimeCreated; id = $record.Id; level = [int] $record.Level; text = [string] $record.FormatDescription(); filled = $filled }
            $record.Dispose()
        }
    }
    finally { $reader.Dispose() }
}

function Get-GroupNames([string] $Group) {
    $found = [ADSI] "WinNT://$([Environment]::MachineName)/$Group,group"
    foreach ($member in $found.Invoke('Members')) { [string] $member.GetType().InvokeMember('Name', [Reflection.BindingFlags]::GetProperty, $null, $member, $null) }
}

function Get-Sid([string] $Name) { [Security.Principal.NTAccount]::new($Name).Translate([Security.Principal.SecurityIdentifier]).Value }

$beliefs = [ordered] @{
    'iis-components' = { Get-Values (Get-Registry 'Registry64' 'SOFTWARE\Microsoft\InetStp\Components') }
    'machine-guid' = { (Get-Registry 'Registry64' 'SOFTWARE\Microsoft\Cryptography').GetValue('MachineGuid', $null) }
    'session-logon' = { $me = [Security.Principal.WindowsIdentity]::GetCurrent(); @{ account = $me.Name; authentication = $me.AuthenticationType } }
    'winrm-config' = {
        $type = [Type]::GetTypeFromProgID('WSMan.Automation', $true)
        $call = [Reflection.BindingFlags]::InvokeMethod
        $local = $type.InvokeMember('CreateSession', $call, $null, [Activator]::CreateInstance($type), $null)
        [string] $type.InvokeMember('Get', $call, $null, $local, @('winrm/config'))
    }
    'winrs-operations' = {
        $type = [Type]::GetTypeFromProgID('WSMan.Automation', $true)
        $call = [Reflection.BindingFlags]::InvokeMethod
        $local = $type.InvokeMember('CreateSession', $call, $null, [Activator]::CreateInstance($type), $null)
        [string] $type.InvokeMember('Get', $call, $null, $local, @('winrm/config/service'))
    }
    'rsat-console' = { [IO.File]::Exists("$env:windir\System32\dsa.msc") }
    'runtime-manifest' = {
        foreach ($folder in [IO.Directory]::GetDirectories("$env:ProgramFiles\dotnet\shared\Microsoft.AspNetCore.App")) {
            @{ folder = $folder; manifest = [IO.File]::Exists("$folder\Microsoft.AspNetCore.App.deps.json") }
        }
    }
    'bundle-registry' = { Get-Values (Get-Registry 'Registry32' 'SOFTWARE\dotnet\Setup\InstalledVersions\x64\sharedfx\Microsoft.AspNetCore.App') }
    'iis-names' = {
        Add-Type -Path "$env:windir\System32\inetsrv\Microsoft.Web.Administration.dll"
        @{
            site = -join [Microsoft.Web.Administration.SiteCollection]::InvalidSiteNameCharacters()
            pool = -join [Microsoft.Web.Administration.ApplicationPoolCollection]::InvalidApplicationPoolNameCharacters()
        }
    }
    'pool-sid' = { @{ name = "IIS APPPOOL\$Pool"; sid = Get-Sid "IIS APPPOOL\$Pool" } }
    'service-sid' = { Invoke-Program "$env:windir\System32\sc.exe" "showsid `"$Service`"" }
    'imported-key' = {
        foreach ($certificate in @(Get-MachineCertificates)) {
            $key = [Security.Cryptography.X509Certificates.RSACertificateExtensions]::GetRSAPrivateKey($certificate)
            @{ thumbprint = $certificate.Thumbprint; opens = $null -ne $key; worker = Invoke-AppCmd 'list wp' }
        }
    }
    'clear-access' = { @{ folder = [Security.AccessControl.DirectorySecurity]::new("$WorkingDirectory\Temp", $sections).GetSecurityDescriptorSddlForm($sections) } }
    'set-rights' = { @{ folder = [Security.AccessControl.DirectorySecurity]::new($WorkingDirectory, $sections).GetSecurityDescriptorSddlForm($sections); below = [Security.AccessControl.DirectorySecurity]::new($runtime, $sections).GetSecurityDescriptorSddlForm($sections) } }
    'removed-key' = {
        $root = "$([Environment]::GetFolderPath('CommonApplicationData'))\Microsoft\Crypto"
        foreach ($folder in "$root\Keys", "$root\RSA\MachineKeys") { if ([IO.Directory]::Exists($folder)) { @{ folder = $folder; files = [IO.Directory]::GetFiles($folder) } } }
    }
    'sslcert-stays' = { Invoke-Program "$env:windir\System32\netsh.exe" 'http show sslcert' }
    'wrong-pfx' = {
        $root = "$([Environment]::GetFolderPath('CommonApplicationData'))\Microsoft\Crypto"
        foreach ($folder in "$root\Keys", "$root\RSA\MachineKeys") { if ([IO.Directory]::Exists($folder)) { @{ folder = $folder; files = [IO.Directory]::GetFiles($folder).Length } } }
    }
    'service-start' = { Get-ServiceRow }
    'process-start' = { Get-Rows "SELECT * FROM Win32_Process WHERE Name='w3wp.exe' OR Name='Usercube-Agent.exe'" @('Name', 'ProcessId', 'CreationDate') }
    'process-owner' = {
        $searcher = [Management.ManagementObjectSearcher]::new("SELECT Handle, Name FROM Win32_Process WHERE Name='w3wp.exe' OR Name='Usercube-Agent.exe'")
        foreach ($found in $searcher.Get()) { @{ name = [string] $found['Name']; owner = [string] $found.InvokeMethod('GetOwnerSid', $null, $null)['Sid'] } }
    }
    'process-path' = { Get-Rows "SELECT * FROM Win32_Process WHERE Name LIKE 'Usercube-%'" @('Name', 'ProcessId', 'ExecutablePath') }
    'job-processes' = { Get-Rows "SELECT * FROM Win32_Process WHERE Name LIKE 'Usercube-%'" @('Name', 'ProcessId', 'ParentProcessId', 'ExecutablePath', 'CreationDate') }
    'listener-owners' = {
        $searcher = [Management.ManagementObjectSearcher]::new('root\StandardCimv2', "SELECT LocalAddress, LocalPort, OwningProcess FROM MSFT_NetTCPConnection WHERE State = 2")
        foreach ($found in $searcher.Get()) { @{ address = [string] $found['LocalAddress']; port = [int] $found['LocalPort']; process = [int] $found['OwningProcess'] } }
    }
    'iplisten' = { @{ value = (Get-Registry 'Registry64' 'SYSTEM\CurrentControlSet\Services\HTTP\Parameters').GetValue('ListenOnlyList', $null); netsh = Invoke-Program "$env:windir\System32\netsh.exe" 'http show iplisten' } }
    'virtual-logon' = { Get-ServiceRow }
    'rsop-rights' = {
        foreach ($query in 'SELECT UserRight, AccountList, GPOID, precedence FROM RSOP_UserPrivilegeRight', 'SELECT id, name FROM RSOP_GPO') {
            foreach ($found in [Management.ManagementObjectSearcher]::new('root\rsop\computer', $query).Get()) {
                $row = @{}
                foreach ($property in $found.Properties) { $row[$property.Name] = $property.Value }
                $row
            }
        }
    }
    'service-urls' = { @{ service = @(Get-ServiceRow); listening = @([Net.NetworkInformation.IPGlobalProperties]::GetIPGlobalProperties().GetActiveTcpListeners() | ForEach-Object { $_.ToString() }) } }
    'service-password' = { Get-ServiceRow }
    'kestrel-section' = {
        $client = [Net.Sockets.TcpClient]::new()
        try {
            $connecting = $client.BeginConnect('127.0.0.1', $HttpsPort, $null, $null)
            if (-not $connecting.AsyncWaitHandle.WaitOne(5000)) { throw [TimeoutException]::new("nothing answers at port $HttpsPort") }
            $client.EndConnect($connecting)
            $accept = [Net.Security.RemoteCertificateValidationCallback] { param($from, $certificate, $chain, $problems) $true }
            $stream = [Net.Security.SslStream]::new($client.GetStream(), $false, $accept)
            $stream.AuthenticateAsClient([Environment]::MachineName, $null, [Security.Authentication.SslProtocols]::Tls12, $false)
            @{ port = $HttpsPort; thumbprint = [Security.Cryptography.X509Certificates.X509Certificate2]::new($stream.RemoteCertificate).Thumbprint }
        }
        finally { $client.Close() }
    }
    'site-starts' = { Invoke-AppCmd "list site `"$Site`" /text:state" }
    'tls-order' = { Invoke-Program "$env:windir\System32\netsh.exe" 'http show sslcert' }
    'binding-wildcard' = { Invoke-AppCmd "list site `"$Site`" /text:bindings" }
    'number-words' = { [int]::Parse('x') }
    'nameless-json' = { ConvertFrom-Json '{"": 1}' }
    'path-words' = {
        @{ refused = -join [IO.Path]::GetInvalidPathChars().Where({ $_ -ge ' ' }) }
        try { [IO.Path]::GetFullPath('') } catch { @{ empty = $_.Exception.InnerException.Message } }
    }
    'separator-name' = { [IO.File]::Open("$env:windir\none\", 'Open') }
    'pool-group' = { @{ members = @(Get-GroupNames 'IIS_IUSRS'); workers = Invoke-AppCmd 'list wp'; folder = [Security.AccessControl.DirectorySecurity]::new($runtime, $sections).GetSecurityDescriptorSddlForm($sections) } }
    'events-name-folder' = { @(Get-Events 'IIS AspNetCore Module V2') }
    'start-in-english' = { @{ culture = [Globalization.CultureInfo]::InstalledUICulture.Name; events = @(Get-Events 'IIS AspNetCore Module V2') } }
    'settings-json' = { @{ errors = @(Get-Events '.NET Runtime' | ForEach-Object { $_.Remove('text'); $_.Remove('filled'); $_ }); workers = Invoke-AppCmd 'list wp' } }
    'web-config-xml' = { Invoke-AppCmd "list config `"$Site`" /section:defaultDocument" }
    'load-order' = { @{ files = @(Get-Files $runtime 'appsettings*.json'); environment = [Environment]::GetEnvironmentVariable('ASPNETCORE_ENVIRONMENT', 'Machine') } }
    'settings-encoding' = { Get-Files $runtime 'appsettings*.json' }
    'environment-name' = { foreach ($name in 'ASPNETCORE_ENVIRONMENT', 'DOTNET_ENVIRONMENT') { @{ name = $name; machine = [Environment]::GetEnvironmentVariable($name, 'Machine') } } }
    'service-variables' = { @{ names = @((Get-Values (Get-Registry 'Registry64' "SYSTEM\CurrentControlSet\Services\$Service")).Keys) } }
    'service-key-readable' = { (Get-Registry 'Registry64' "SYSTEM\CurrentControlSet\Services\$Service").GetAccessControl().GetSecurityDescriptorSddlForm('Access') }
    'openid-hash' = { Invoke-Program "$runtime\Usercube-New-OpenIDSecret.exe" '--client-secret x' }
    'protect-folder' = { @{ tool = [IO.File]::Exists("$runtime\Usercube-Protect-X509JsonFile.exe"); files = @(Get-Files $runtime '*encrypted*.json') } }
    'encrypted-arrays' = { Get-Files $runtime '*encrypted*.json' }
    'firewall-registry' = {
        foreach ($profile in 'DomainProfile', 'StandardProfile', 'PublicProfile') { @{ profile = $profile; values = Get-Values (Get-Registry 'Registry64' "SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy\$profile") } }
        @{ profile = 'rules'; values = @(foreach ($rule in (Get-Values (Get-Registry 'Registry64' 'SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy\FirewallRules')).Values) { if ($rule -match 'LPort=(80|443|5000|5001)\|') { $rule } }) }
    }
    'server-api' = { @{ files = @(Get-Files $runtime 'appsettings*.json') } }
    'agent-state' = { @{ workers = Invoke-AppCmd 'list wp'; service = Get-ServiceRow } }
    'orphaned-job' = { @{ processes = @(Get-Rows "SELECT * FROM Win32_Process WHERE Name LIKE 'Usercube%'" @('Name', 'CreationDate')); logs = @(Get-Files "$WorkingDirectory\Temp\JobLogs" '*') } }
    'run-job' = { @{ files = @(Get-Files $runtime 'appsettings*.json') } }
    'job-state' = { @{ logs = @(Get-Files "$WorkingDirectory\Temp\JobLogs" '*') } }
    'token-endpoint' = { @{ files = @(Get-Files $runtime 'appsettings*.json') } }
    'judged-by-windows' = { [Net.ServicePointManager]::SecurityProtocol.ToString() }
    'sent-certificates' = {
        $sent = [Collections.Generic.List[string]]::new()
        $accept = [Net.Security.RemoteCertificateValidationCallback] {
            param($from, $certificate, $chain, $problems)
            foreach ($one in $chain.ChainPolicy.ExtraStore) { $sent.Add($one.Subject) }
            $true
        }.GetNewClosure()
        $client = [Net.Sockets.TcpClient]::new('127.0.0.1', $HttpsPort)
        try {
            $stream = [Net.Security.SslStream]::new($client.GetStream(), $false, $accept)
            $stream.AuthenticateAsClient([Net.Dns]::GetHostName(), $null, [Security.Authentication.SslProtocols]::Tls12, $false)
        }
        finally { $client.Close() }
        @{ sent = $sent.ToArray() }
    }
    'tls-in-tds' = {
        $sent = [Collections.ArrayList]::new()
        $type, $part = [Net.Security.RemoteCertificateValidationCallback], [Linq.Expressions.Expression]
        $given = [Linq.Expressions.ParameterExpression[]] @(foreach ($one in $type.GetMethod('Invoke').GetParameters()) { $part::Parameter($one.ParameterType) })
        $came = $part::Property($part::Property($given[2], 'ChainPolicy'), 'ExtraStore')
        $note = $part::Call($part::Constant($sent), 'AddRange', $null, $came)
        $accept = $part::Lambda($type, $part::Block($note, $part::Constant($true)), $given).Compile()
        $client = [Net.Sockets.TcpClient]::new('127.0.0.1', $HttpsPort)
        try {
            $stream = [Net.Security.SslStream]::new($client.GetStream(), $false, $accept)
            $shaking = $stream.BeginAuthenticateAsClient([Net.Dns]::GetHostName(), $null, [Security.Authentication.SslProtocols]::Tls12, $false, $null, $null)
            if (-not $shaking.AsyncWaitHandle.WaitOne(30000)) { throw [TimeoutException]::new('no TLS within 30 seconds') }
            $stream.EndAuthenticateAsClient($shaking)
        }
        finally { $client.Close() }
        @{ came = @(foreach ($one in $sent) { $one.Subject }) }
    }
    'tds-8' = { [Net.ServicePointManager]::SecurityProtocol.ToString() }
    'sql-client' = { foreach ($file in @(Get-Files $runtime '*Data.SqlClient.dll')) { @{ file = $file; version = [Diagnostics.FileVersionInfo]::GetVersionInfo("$runtime\$($file['name'])").FileVersion } } }
    'mail-library' = { @{ files = @(Get-Files $runtime 'Mail*.dll'); others = @(Get-Files $runtime 'Mime*.dll') } }
    'job-logs' = { foreach ($folder in "$WorkingDirectory\Temp\JobLogs", "$WorkingDirectory\Temp") { @{ folder = $folder; files = @(Get-Files $folder '*') } } }
    'agent-writes-temp' = { @{ files = @(Get-Files "$WorkingDirectory\Temp" '*') } }
    'scheduler-lock' = { @{ files = @(Get-Files "$WorkingDirectory\Temp" 'scheduler*') } }
    'dot-account' = { Get-Sid ".\$([Environment]::UserName)" }
    'no-was' = { @{ services = @(Get-Rows "SELECT * FROM Win32_Service WHERE Name='WAS' OR Name='W3SVC'" @('Name', 'State')); workers = Invoke-AppCmd 'list wp'; pools = Invoke-AppCmd 'list apppool /text:state' } }
    'event-texts' = { @{ culture = [Globalization.CultureInfo]::CurrentUICulture.Name; events = @(Get-Events 'IIS AspNetCore Module V2') } }
    'open-log-time' = { @{ now = Format-Time ([DateTime]::UtcNow); logs = @(Get-Files "$WorkingDirectory\Temp" '*.log') } }
    'service-rest' = { Get-ServiceRow }
    'pool-stop' = { Get-Events 'Microsoft-Windows-WAS' 'System' | ForEach-Object { $_.Remove('text'); $_.Remove('filled'); $_ } }
    'slow-stop' = { Get-Events 'Microsoft-Windows-WAS' 'System' | ForEach-Object { $_.Remove('text'); $_.Remove('filled'); $_ } }
    'tool-arguments' = { @{ tool = [IO.File]::Exists("$runtime\Usercube-Protect-CertificatePassword.exe"); files = @(Get-Files $runtime 'appsettings*.json') } }
    'extension-words' = {
        $store = [Security.Cryptography.X509Certificates.X509Store]::new('My', 'LocalMachine')
        $store.Open('ReadOnly')
        foreach ($one in $store.Certificates) {
            @{ thumbprint = $one.Thumbprint; words = @($one.Extensions | ForEach-Object { $_.Format($false) }) }
        }
        $store.Close()
    }
    'user-stores' = {
        foreach ($location in 'CurrentUser', 'LocalMachine') {
            $store = [Security.Cryptography.X509Certificates.X509Store]::new('Root', $location)
            $store.Open('ReadOnly')
            @{ location = $location; thumbprints = @($store.Certificates | ForEach-Object { $_.Thumbprint }) }
            $store.Close()
        }
    }
    'web-failures' = {
        foreach ($url in 'http://127.0.0.1:9/', 'http://none.invalid/', 'https://localhost:5986/') {
            try { $null = [Net.WebRequest]::Create($url).GetResponse(); @{ url = $url; message = $null } }
            catch { @{ url = $url; message = $_.Exception.InnerException.Message } }
        }
    }
    'pattern-words' = { try { $null = '' -match '(' } catch { $_.Exception.Message } }
}

$entries = [ordered] @{}
foreach ($id in $beliefs.Keys) {
    $entry = [ordered] @{ command = $beliefs[$id].ToString().Trim(); answer = $null; error = $null }
    try { $entry['answer'] = @(& $beliefs[$id]) }
    catch {
        $cause = $_.Exception
        while ($null -ne $cause.InnerException) { $cause = $cause.InnerException }
        $entry['error'] = "$($cause.GetType().FullName): $($cause.Message)"
    }
    $entries[$id] = $entry
}
$document = [ordered] @{
    collected = Format-Time ([DateTime]::UtcNow)
    windows = [Environment]::OSVersion.VersionString
    powershell = $PSVersionTable.PSVersion.ToString()
    beliefs = $entries
}
$text = ConvertTo-Json -Depth 10 -InputObject $document
if ($Path) { [IO.File]::WriteAllText($Path, $text) } else { $text }
