#!powershell

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#Requires -Version 5.1

# Makes folders, files and certificates so, in the order of a list. What each operation does is in docs/probe-and-writer.md.
# Windows PowerShell 5.1 and .NET Framework 4.6.2; no module_utils, so nothing is compiled here and Ansible writes no event about us.

$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 2.0

$check = [bool] $complex_args['_ansible_check_mode']

function Get-Field($Operation, [string] $Name, $Default) {
    if ($Operation.Contains($Name) -and $null -ne $Operation[$Name]) { return $Operation[$Name] }
    $Default
}

function Get-NeededText($Operation, [string] $Name) {
    $value = Get-Field $Operation $Name $null
    if ($value -isnot [string] -or $value -eq '') { throw [ArgumentException]::new("the field '$Name' must be a text") }
    $value
}

# A failure that has a name of ours, carried as the exception's data.
function New-Refusal([string] $Type, [string] $Message) {
    $refusal = [InvalidOperationException]::new($Message)
    $refusal.Data['type'] = $Type
    $refusal
}

function Get-Sha256([byte[]] $Bytes) {
    $hasher = [Security.Cryptography.SHA256]::Create()
    try { [BitConverter]::ToString($hasher.ComputeHash($Bytes)).Replace('-', '').ToLowerInvariant() }
    finally { $hasher.Dispose() }
}

function Get-FileSha256([string] $Path) {
    $hasher = [Security.Cryptography.SHA256]::Create()
    $stream = [IO.File]::OpenRead($Path)
    try { [BitConverter]::ToString($hasher.ComputeHash($stream)).Replace('-', '').ToLowerInvariant() }
    finally {
        $stream.Dispose()
        $hasher.Dispose()
    }
}

# Names of things that must not outlive us carry 'im-', so that 'sweep' finds what a killed run left.
function New-Mark { 'im-' + [Guid]::NewGuid().ToString('N').Substring(0, 12) }

function Write-Folder($Operation) {
    $path = Get-NeededText $Operation 'path'
    if ([IO.Directory]::Exists($path)) { return @{ changed = $false } }
    if (-not $check) { $null = [IO.Directory]::CreateDirectory($path) }
    @{ changed = $true }
}

function Write-NewBytes([string] $Path, [byte[]] $Bytes, [string] $Sddl) {
    $stream = [IO.FileStream]::new($Path, [IO.FileMode]::CreateNew, [IO.FileAccess]::Write, [IO.FileShare]::None)
    try {
        if ($Sddl) {
            # Rights first, content afterwards: nobody reads what is not theirs in between.
            $security = [Security.AccessControl.FileSecurity]::new()
            $security.SetSecurityDescriptorSddlForm($Sddl, [Security.AccessControl.AccessControlSections]'Access')
            $stream.Dispose()
            Set-Acl -LiteralPath $Path -AclObject $security
            $stream = [IO.FileStream]::new($Path, [IO.FileMode]::Open, [IO.FileAccess]::Write, [IO.FileShare]::None)
        }
        $stream.Write($Bytes, 0, $Bytes.Length)
        $stream.Flush($true)
    }
    finally { $stream.Dispose() }
}

function Remove-OldBackups([string] $Path, [int] $Keep) {
    $folder = [IO.Path]::GetDirectoryName($Path)
    $name = [IO.Path]::GetFileName($Path)
    $found = [string[]] @(foreach ($file in [IO.Directory]::GetFiles($folder, "$name.*.bak")) { if ($file -match '\.\d{8}T\d{9}\.bak$') { $file } })
    [Array]::Sort($found, [StringComparer]::OrdinalIgnoreCase)
    for ($i = 0; $i -lt $found.Length - $Keep; $i++) { [IO.File]::Delete($found[$i]) }
}

function Get-BackupName([string] $Path) {
    $Path + '.' + [DateTime]::UtcNow.ToString('yyyyMMdd''T''HHmmssfff', [Globalization.CultureInfo]::InvariantCulture) + '.bak'
}

function Write-File($Operation) {
    $path = Get-NeededText $Operation 'path'
    $bytes = [Convert]::FromBase64String([string] (Get-Field $Operation 'content' ''))
    $hash = Get-Sha256 $bytes
    $backups = [int] (Get-Field $Operation 'backups' 0)
    $exists = [IO.File]::Exists($path)
    $present = 'absent'
    if ($exists) { $present = Get-FileSha256 $path }
    if ($present -eq $hash) { return @{ changed = $false; backup = $null } }
    $expected = Get-Field $Operation 'expect' $null
    if ($null -ne $expected -and $present -ne $expected) {
        throw (New-Refusal 'ChangedMeanwhile' "'$path' is not what it was when the plan was made: somebody changed it; run again")
    }
    if ($check) { return @{ changed = $true; backup = $null } }
    # Replace would put a new file in the place of a read-only one.
    if ($exists -and ([IO.File]::GetAttributes($path) -band [IO.FileAttributes]::ReadOnly)) { throw [UnauthorizedAccessException]::new("Access to the path '$path' is denied.") }
    $temporary = $path + '.' + (New-Mark) + '.tmp'
    $backup = $null
    try {
        Write-NewBytes $temporary $bytes ([string] (Get-Field $Operation 'sddl' ''))
        # Belief [replace-keeps-rights]: Replace keeps the rights of the file that it replaces, learn.microsoft.com "ReplaceFileW".
        if ($exists) {
            if ($backups -gt 0) {
                $backup = Get-BackupName $path
                [IO.File]::Replace($temporary, $path, $backup)
            }
            else {
                # [NullString]: a plain $null would arrive as an empty path.
                [IO.File]::Replace($temporary, $path, [NullString]::Value)
            }
        }
        else { [IO.File]::Move($temporary, $path) }
    }
    finally {
        if ([IO.File]::Exists($temporary)) { [IO.File]::Delete($temporary) }
    }
    if ((Get-FileSha256 $path) -ne $hash) { throw (New-Refusal 'NotAsWritten' "'$path' reads back as something else than was written") }
    if ($backups -gt 0) { Remove-OldBackups $path $backups }
    @{ changed = $true; backup = $backup }
}

# For administrators and the system only, before anything is in it.
function New-PrivateFolder([string] $Path) {
    $null = [IO.Directory]::CreateDirectory($Path)
    $security = [Security.AccessControl.DirectorySecurity]::new()
    $security.SetSecurityDescriptorSddlForm('D:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)', [Security.AccessControl.AccessControlSections]'Access')
    Set-Acl -LiteralPath $Path -AclObject $security
}

# Gives what the program put out, and what it said altogether, cut for messages.
function Start-Program([string] $Program, [string] $Folder, [string[]] $Arguments, [int] $Seconds) {
    $start = [Diagnostics.ProcessStartInfo]::new($Program)
    $start.Arguments = $Arguments -join ' '
    $start.WorkingDirectory = $Folder
    $start.UseShellExecute = $false
    $start.CreateNoWindow = $true
    $start.RedirectStandardOutput = $true
    $start.RedirectStandardError = $true
    $process = [Diagnostics.Process]::Start($start)
    try {
        # Both at once: a program that fills one pipe while we wait for the other would never end.
        $output = $process.StandardOutput.ReadToEndAsync()
        $errors = $process.StandardError.ReadToEndAsync()
        if (-not $process.WaitForExit(1000 * $Seconds)) {
            $process.Kill()
            throw (New-Refusal 'ToolFailed' "'$Program' did not end within $Seconds seconds")
        }
        $said = ($errors.Result + ' ' + $output.Result).Trim()
        if ($said.Length -gt 500) { $said = $said.Substring(0, 500) }
        if ($process.ExitCode) { throw (New-Refusal 'ToolFailed' "'$Program' ended with exit code $($process.ExitCode): $said") }
        @{ output = $output.Result.Trim(); said = $said }
    }
    finally { $process.Dispose() }
}

function Assert-Unchanged($Operation) {
    $path = Get-NeededText $Operation 'path'
    $present = 'absent'
    if ([IO.File]::Exists($path)) { $present = Get-FileSha256 $path }
    $expected = Get-Field $Operation 'expect' $null
    if ($null -ne $expected -and $present -ne $expected) {
        throw (New-Refusal 'ChangedMeanwhile' "'$path' is not what it was when the plan was made: somebody changed it; run again")
    }
}

function Assert-Program([string] $Program) {
    if (-not [IO.File]::Exists($Program)) { throw (New-Refusal 'NoProgram' "there is no program '$Program'") }
}

# Secrets reach this program in a file, not in its arguments, which the process list shows.
function Protect-Content($Operation) {
    $path = Get-NeededText $Operation 'path'
    $program = Get-NeededText $Operation 'program'
    Assert-Unchanged $Operation
    if ($check) { return @{ changed = $true; backup = $null } }
    Assert-Program $program
    $private = $path + '.' + (New-Mark) + '.new'
    $made = $null
    try {
        New-PrivateFolder $private
        Write-NewBytes "$private\input" ([Convert]::FromBase64String([string] (Get-Field $Operation 'content' ''))) ''
        $arguments = foreach ($argument in $Operation['arguments']) { $argument.Replace('{input}', "`"$private\input`"").Replace('{output}', "`"$private\output`"") }
        $ended = Start-Program $program (Get-NeededText $Operation 'folder') $arguments ([int] (Get-Field $Operation 'timeout' 120))
        if (-not [IO.File]::Exists("$private\output")) { throw (New-Refusal 'ToolFailed' "'$program' wrote nothing: $($ended['said'])") }
        $made = [IO.File]::ReadAllBytes("$private\output")
    }
    finally { [IO.Directory]::Delete($private, $true) }
    Write-File @{ path = $path; content = [Convert]::ToBase64String($made); backups = [int] (Get-Field $Operation 'backups' 0) }
}

# For a program that takes a secret as an argument and knows no other way: whoever sees the process list sees it.
function Write-Composed($Operation) {
    $path = Get-NeededText $Operation 'path'
    Assert-Unchanged $Operation
    if ($check) { return @{ changed = $true; backup = $null } }
    $text = [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String([string] (Get-Field $Operation 'content' '')))
    foreach ($part in $Operation['parts']) {
        $program = Get-NeededText $part 'program'
        Assert-Program $program
        $ended = Start-Program $program (Get-NeededText $Operation 'folder') ([string[]] $part['arguments']) ([int] (Get-Field $Operation 'timeout' 120))
        # One word of plain characters, which needs no escapes wherever it stands. What else it said may hold the secret.
        if ($ended['output'] -notmatch '\A[!#-\[\]-~]+\z') { throw (New-Refusal 'ToolFailed' "'$program' put out something else than one protected text") }
        $text = $text.Replace((Get-NeededText $part 'mark'), $ended['output'])
    }
    Write-File @{ path = $path; content = [Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($text)); backups = [int] (Get-Field $Operation 'backups' 0) }
}

function Copy-File($Operation) {
    $path = Get-NeededText $Operation 'path'
    $to = Get-NeededText $Operation 'to'
    $backups = [int] (Get-Field $Operation 'backups' 0)
    $hash = Get-FileSha256 $path
    $target = $to
    if ($backups -gt 0) {
        $name = [IO.Path]::GetFileName($path)
        $target = Get-BackupName ([IO.Path]::Combine($to, $name))
        if ([IO.Directory]::Exists($to)) {
            $old = [string[]] [IO.Directory]::GetFiles($to, "$name.*.bak")
            [Array]::Sort($old, [StringComparer]::OrdinalIgnoreCase)
            if ($old.Length -and (Get-FileSha256 $old[$old.Length - 1]) -eq $hash) { return @{ changed = $false; backup = $old[$old.Length - 1] } }
        }
    }
    elseif ([IO.File]::Exists($to) -and (Get-FileSha256 $to) -eq $hash) { return @{ changed = $false; backup = $null } }
    if ($check) { return @{ changed = $true; backup = $null } }
    $null = [IO.Directory]::CreateDirectory([IO.Path]::GetDirectoryName($target))
    $temporary = $target + '.' + (New-Mark) + '.tmp'
    try {
        [IO.File]::Copy($path, $temporary)
        if ([IO.File]::Exists($target)) { [IO.File]::Replace($temporary, $target, [NullString]::Value) }
        else { [IO.File]::Move($temporary, $target) }
    }
    finally {
        if ([IO.File]::Exists($temporary)) { [IO.File]::Delete($temporary) }
    }
    if ($backups -gt 0) {
        Remove-OldBackups ([IO.Path]::Combine($to, [IO.Path]::GetFileName($path))) $backups
        return @{ changed = $true; backup = $target }
    }
    @{ changed = $true; backup = $null }
}

function Remove-Thing($Operation) {
    $path = Get-NeededText $Operation 'path'
    if ([IO.File]::Exists($path)) {
        if (-not $check) { [IO.File]::Delete($path) }
        return @{ changed = $true }
    }
    if (-not [IO.Directory]::Exists($path)) { return @{ changed = $false } }
    if (-not $check) { [IO.Directory]::Delete($path, [bool] (Get-Field $Operation 'recurse' $false)) }
    @{ changed = $true }
}

function Clear-Leftovers($Operation) {
    $path = Get-NeededText $Operation 'path'
    $limit = [DateTime]::UtcNow.AddSeconds(-[int] (Get-Field $Operation 'older_than' 3600))
    $removed = [Collections.Generic.List[string]]::new()
    if ([IO.Directory]::Exists($path)) {
        foreach ($file in [IO.Directory]::GetFiles($path, '*.im-*.tmp')) {
            if ($file -match '\.im-[0-9a-f]{12}\.tmp$' -and [IO.File]::GetLastWriteTimeUtc($file) -le $limit) { $removed.Add($file) }
        }
        foreach ($folder in [IO.Directory]::GetDirectories($path, '*.im-*')) {
            if ($folder -match '\.im-[0-9a-f]{12}\.(new|old)$' -and [IO.Directory]::GetLastWriteTimeUtc($folder) -le $limit) { $removed.Add($folder) }
        }
        if (-not $check) {
            foreach ($leftover in $removed) {
                if ([IO.File]::Exists($leftover)) { [IO.File]::Delete($leftover) }
                else { [IO.Directory]::Delete($leftover, $true) }
            }
        }
    }
    @{ changed = $removed.Count -gt 0; removed = $removed.ToArray() }
}

function Expand-Into([string] $Archive, [string] $Folder) {
    Add-Type -AssemblyName System.IO.Compression, System.IO.Compression.FileSystem
    $root = [IO.Path]::GetFullPath($Folder).TrimEnd('\') + '\'
    $null = [IO.Directory]::CreateDirectory($root)
    $zip = [IO.Compression.ZipFile]::OpenRead($Archive)
    try {
        foreach ($entry in $zip.Entries) {
            $name = $entry.FullName.Replace('/', '\')
            $target = [IO.Path]::GetFullPath([IO.Path]::Combine($root, $name))
            if ([IO.Path]::IsPathRooted($name) -or -not $target.StartsWith($root, [StringComparison]::OrdinalIgnoreCase)) {
                throw (New-Refusal 'UnsafeArchive' "the archive's entry '$($entry.FullName)' leaves the folder that it is unpacked into")
            }
            if ($name.EndsWith('\')) {
                $null = [IO.Directory]::CreateDirectory($target)
                continue
            }
            $null = [IO.Directory]::CreateDirectory([IO.Path]::GetDirectoryName($target))
            [IO.Compression.ZipFileExtensions]::ExtractToFile($entry, $target, $false)
        }
    }
    finally { $zip.Dispose() }
}

function Copy-Overlay([string] $From, [string] $To) {
    if (-not [IO.Directory]::Exists($From)) { throw (New-Refusal 'NoOverlay' "the archive has no folder '$([IO.Path]::GetFileName($From))'") }
    foreach ($file in [IO.Directory]::GetFiles($From)) { [IO.File]::Copy($file, [IO.Path]::Combine($To, [IO.Path]::GetFileName($file)), $true) }
}

function Expand-Archive-Whole($Operation) {
    $path = (Get-NeededText $Operation 'path').TrimEnd('\')
    $archive = Get-NeededText $Operation 'archive'
    $version = Get-NeededText $Operation 'version'
    $marker = Get-NeededText $Operation 'marker'
    $overlay = [string] (Get-Field $Operation 'overlay' '')
    $markerPath = [IO.Path]::Combine($path, $marker)
    if ([IO.File]::Exists($markerPath)) {
        $present = [IO.File]::ReadAllText($markerPath).Trim()
        if ($present -eq $version) { return @{ changed = $false } }
        throw (New-Refusal 'OtherVersion' "'$path' holds version '$present', wanted '$version': an installed version is not replaced")
    }
    if ([IO.Directory]::Exists($path) -and [IO.Directory]::GetFileSystemEntries($path).Length) {
        throw (New-Refusal 'OtherVersion' "'$path' holds files that did not come from here: move them away, or empty the folder")
    }
    if ($check) { return @{ changed = $true } }
    $hash = Get-FileSha256 $archive
    if ($hash -ne [string] (Get-Field $Operation 'sha256' '')) { throw (New-Refusal 'BadChecksum' "'$archive' has the SHA-256 $hash, not the one that was asked for") }
    $mark = New-Mark
    $new = "$path.$mark.new"
    $old = "$path.$mark.old"
    try {
        Expand-Into $archive $new
        if ($overlay) { Copy-Overlay ([IO.Path]::Combine($new, $overlay)) $new }
        # The marker comes last, so that a folder with it is whole.
        [IO.File]::WriteAllText([IO.Path]::Combine($new, $marker), $version)
        if ([IO.Directory]::Exists($path)) { [IO.Directory]::Move($path, $old) }
        [IO.Directory]::Move($new, $path)
    }
    finally {
        if ([IO.Directory]::Exists($new)) { [IO.Directory]::Delete($new, $true) }
    }
    if ([IO.Directory]::Exists($old)) { [IO.Directory]::Delete($old, $true) }
    if ([bool] (Get-Field $Operation 'delete_archive' $false)) { [IO.File]::Delete($archive) }
    @{ changed = $true }
}

function Open-Store($Operation, [string] $Mode) {
    $location = [Security.Cryptography.X509Certificates.StoreLocation] (Get-Field $Operation 'location' 'LocalMachine')
    $store = [Security.Cryptography.X509Certificates.X509Store]::new([string] (Get-Field $Operation 'store' 'My'), $location)
    $store.Open([Security.Cryptography.X509Certificates.OpenFlags] "$Mode, OpenExistingOnly")
    $store
}

function Find-Certificate($Operation, [string] $Thumbprint) {
    $store = Open-Store $Operation 'ReadOnly'
    try {
        foreach ($certificate in $store.Certificates) {
            if ($certificate.Thumbprint -eq $Thumbprint) { return $certificate }
        }
        return $null
    }
    finally { $store.Close() }
}

function Add-Certificate($Operation) {
    $thumbprint = (Get-NeededText $Operation 'thumbprint').ToUpperInvariant()
    $present = Find-Certificate $Operation $thumbprint
    $keyless = [bool] (Get-Field $Operation 'keyless' $false)
    if ($null -ne $present -and ($keyless -or $present.HasPrivateKey)) { return @{ changed = $false; thumbprint = $present.Thumbprint } }
    if ($check) { return @{ changed = $true; thumbprint = $thumbprint } }
    $bytes = [Convert]::FromBase64String((Get-NeededText $Operation 'content'))
    $password = [string] (Get-Field $Operation 'password' '')
    # Looked at without PersistKeySet first. Belief [wrong-pfx]: its key goes away with the object, learn.microsoft.com "X509KeyStorageFlags".
    $certificate = [Security.Cryptography.X509Certificates.X509Certificate2]::new($bytes, $password, [Security.Cryptography.X509Certificates.X509KeyStorageFlags]::MachineKeySet)
    $found = $certificate.Thumbprint
    $hasKey = $certificate.HasPrivateKey
    $certificate.Dispose()
    if ($found -ne $thumbprint) { throw (New-Refusal 'WrongCertificate' "the PFX holds the certificate $found, not $thumbprint") }
    if (-not $hasKey -and -not $keyless) { throw (New-Refusal 'NoPrivateKey' "the PFX of $thumbprint holds no private key") }
    # Belief [imported-key]: with these flags the key stays, and the agent's identity opens it, learn.microsoft.com "X509KeyStorageFlags".
    $flags = [Security.Cryptography.X509Certificates.X509KeyStorageFlags]'MachineKeySet, PersistKeySet'
    if ([bool] (Get-Field $Operation 'exportable' $false)) { $flags = $flags -bor [Security.Cryptography.X509Certificates.X509KeyStorageFlags]::Exportable }
    $certificate = [Security.Cryptography.X509Certificates.X509Certificate2]::new($bytes, $password, $flags)
    $store = Open-Store $Operation 'ReadWrite'
    try { $store.Add($certificate) }
    finally { $store.Close() }
    @{ changed = $true; thumbprint = $certificate.Thumbprint }
}

function Remove-Certificate($Operation) {
    $thumbprint = Get-NeededText $Operation 'thumbprint'
    $present = Find-Certificate $Operation $thumbprint
    if ($null -eq $present) { return @{ changed = $false } }
    if (-not $check) {
        $store = Open-Store $Operation 'ReadWrite'
        try { $store.Remove($present) }
        finally { $store.Close() }
    }
    @{ changed = $true }
}

# Takes all that is allowed (or denied) to somebody by entries of the folder's or file's own; inherited ones stay.
function Clear-Access($Operation) {
    $path = Get-NeededText $Operation 'path'
    $sid = [Security.Principal.SecurityIdentifier]::new((Get-NeededText $Operation 'sid'))
    $type = [Security.AccessControl.AccessControlType] (Get-NeededText $Operation 'type')
    $security = Get-Acl -LiteralPath $path
    $before = $security.GetSecurityDescriptorSddlForm([Security.AccessControl.AccessControlSections]'Access')
    # Of this rule only the account and the kind count.
    $security.RemoveAccessRuleAll([Security.AccessControl.FileSystemAccessRule]::new($sid, [Security.AccessControl.FileSystemRights]'FullControl', $type))
    if ($security.GetSecurityDescriptorSddlForm([Security.AccessControl.AccessControlSections]'Access') -eq $before) { return @{ changed = $false } }
    # Belief [clear-access]: what comes from Get-Acl is set with owner and inherited entries as they are, learn.microsoft.com "Set-Acl".
    if (-not $check) { Set-Acl -LiteralPath $path -AclObject $security }
    @{ changed = $true }
}

function Invoke-Operation($Operation) {
    switch ([string] (Get-Field $Operation 'operation' '')) {
        'folder' { return Write-Folder $Operation }
        'file' { return Write-File $Operation }
        'protect' { return Protect-Content $Operation }
        'compose' { return Write-Composed $Operation }
        'copy' { return Copy-File $Operation }
        'remove' { return Remove-Thing $Operation }
        'sweep' { return Clear-Leftovers $Operation }
        'extract' { return Expand-Archive-Whole $Operation }
        'certificate' { return Add-Certificate $Operation }
        'uncertificate' { return Remove-Certificate $Operation }
        'clear_access' { return Clear-Access $Operation }
    }
    throw (New-Refusal 'UnknownOperation' "no such operation: '$(Get-Field $Operation 'operation' '')'")
}

$results = [Collections.Generic.List[object]]::new()
$changed = $false
$answer = @{ protocol = 1 }
foreach ($operation in $complex_args['operations']) {
    try {
        $result = Invoke-Operation $operation
        $result['operation'] = $operation['operation']
        $result['path'] = [string] (Get-Field $operation 'path' '')
        if ($result['changed']) { $changed = $true }
        $results.Add($result)
    }
    catch {
        # .NET's exceptions arrive wrapped in PowerShell's; the innermost one says what happened.
        $cause = $_.Exception
        while ($null -ne $cause.InnerException) { $cause = $cause.InnerException }
        $type = $cause.GetType().FullName
        if ($cause.Data.Contains('type')) { $type = [string] $cause.Data['type'] }
        $answer['failed'] = $true
        $answer['type'] = $type
        $answer['msg'] = "$(Get-Field $operation 'operation' '') '$(Get-Field $operation 'path' '')': $($cause.Message)"
        break
    }
}
$answer['changed'] = $changed
$answer['results'] = $results.ToArray()
$answer | ConvertTo-Json -Depth 20 -Compress
# Belief [exit-status]: Ansible's wrapper takes the exit status from here, ansible-core's exec_wrapper.ps1; 'exit' would be lost.
if ($answer.Contains('failed')) { $global:LASTEXITCODE = 1 }
