#!powershell

# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

#Requires -Version 5.1

# Makes folders, files and certificates so, and launches a job, in the order of a list. What each operation does is in docs/probe-and-writer.md.
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

function Get-StreamSha256([IO.Stream] $Stream) {
    $hasher = [Security.Cryptography.SHA256]::Create()
    try { [BitConverter]::ToString($hasher.ComputeHash($Stream)).Replace('-', '').ToLowerInvariant() }
    finally {
        $Stream.Dispose()
        $hasher.Dispose()
    }
}

function Get-FileSha256([string] $Path) { Get-StreamSha256 ([IO.File]::OpenRead($Path)) }

# Names of things that must not outlive us carry 'im-', so that 'sweep' finds what a killed run left.
function New-Mark { 'im-' + [Guid]::NewGuid().ToString('N').Substring(0, 12) }

# What an SDDL speaks of: its access list, and the owner where it begins with one.
function Get-Sections([string] $Sddl) {
    if ($Sddl.StartsWith('O:')) { return [Security.AccessControl.AccessControlSections]'Access, Owner' }
    [Security.AccessControl.AccessControlSections]'Access'
}

function New-Security([string] $Path) {
    if ([IO.Directory]::Exists($Path)) { return [Security.AccessControl.DirectorySecurity]::new() }
    [Security.AccessControl.FileSecurity]::new()
}

function Read-Security([string] $Path, [Security.AccessControl.AccessControlSections] $Sections) {
    if ([IO.Directory]::Exists($Path)) { return [Security.AccessControl.DirectorySecurity]::new($Path, $Sections) }
    [Security.AccessControl.FileSecurity]::new($Path, $Sections)
}

# Owner and own entries; what is inherited, and the mark that it may be, is left out.
function Format-Security($Security, [Security.AccessControl.AccessControlSections] $Sections) {
    $text = $Security.GetSecurityDescriptorSddlForm($Sections) -creplace '\([A-Z]+;[A-Z]*ID;[^()]*\)', ''
    $text -creplace 'D:(P?)AI', 'D:$1'
}

function Test-Rights([string] $Path, [string] $Sddl) {
    $sections = Get-Sections $Sddl
    $wanted = New-Security $Path
    $wanted.SetSecurityDescriptorSddlForm($Sddl, $sections)
    (Format-Security (Read-Security $Path $sections) $sections) -ceq (Format-Security $wanted $sections)
}

# Belief [set-rights]: an access list that is not protected gets what is inherited beside its own entries, and what is below a folder
# inherits anew, learn.microsoft.com "SetNamedSecurityInfoW".
function Set-Rights([string] $Path, [string] $Sddl) {
    $security = New-Security $Path
    $security.SetSecurityDescriptorSddlForm($Sddl, (Get-Sections $Sddl))
    Set-Acl -LiteralPath $Path -AclObject $security
}

# The rights of what inherits nothing; of all else nothing.
function Get-OwnRights([string] $Path) {
    $sections = [Security.AccessControl.AccessControlSections]'Access'
    $security = Read-Security $Path $sections
    if ($security.AreAccessRulesProtected) { return $security.GetSecurityDescriptorSddlForm($sections) }
    ''
}

function Write-Rights($Operation) {
    $path = Get-NeededText $Operation 'path'
    $sddl = Get-NeededText $Operation 'sddl'
    if (-not [IO.File]::Exists($path) -and -not [IO.Directory]::Exists($path)) { throw [IO.FileNotFoundException]::new("Could not find file '$path'.") }
    if (Test-Rights $path $sddl) { return @{ changed = $false } }
    if (-not $check) { Set-Rights $path $sddl }
    @{ changed = $true }
}

function Write-Folder($Operation) {
    $path = Get-NeededText $Operation 'path'
    $sddl = [string] (Get-Field $Operation 'sddl' '')
    if ([IO.Directory]::Exists($path)) { return @{ changed = $false } }
    if (-not $check) {
        $null = [IO.Directory]::CreateDirectory($path)
        if ($sddl) { Set-Rights $path $sddl }
    }
    @{ changed = $true }
}

# Scanners and indexers open what was just written, which then cannot be opened for writing or removed: that ends by itself.
function Invoke-Patiently([scriptblock] $Action, [int] $Attempts) {
    for ($attempt = 1; ; $attempt++) {
        try { return & $Action }
        catch {
            if ($attempt -ge $Attempts) { throw }
            [Threading.Thread]::Sleep(200)
        }
    }
}

function Write-NewBytes([string] $Path, [byte[]] $Bytes) {
    $stream = [IO.FileStream]::new($Path, [IO.FileMode]::CreateNew, [IO.FileAccess]::Write, [IO.FileShare]::None)
    try {
        $stream.Write($Bytes, 0, $Bytes.Length)
        $stream.Flush($true)
    }
    finally { $stream.Dispose() }
}

# For administrators and the system only, before anything is in it.
function New-PrivateFolder([string] $Path) {
    $null = [IO.Directory]::CreateDirectory($Path)
    Set-Rights $Path 'D:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)'
}

function Remove-OldBackups([string] $Path, [int] $Keep) {
    $folder = [IO.Path]::GetDirectoryName($Path)
    $name = [IO.Path]::GetFileName($Path)
    $found = [string[]] @(foreach ($file in [IO.Directory]::GetFiles($folder, "$name.*.bak")) { if ($file -match '\.\d{8}T\d{9}\.bak$') { $file } })
    [Array]::Sort($found, [StringComparer]::OrdinalIgnoreCase)
    for ($i = 0; $i -lt $found.Length - $Keep; $i++) { Invoke-Patiently { [IO.File]::Delete($found[$i]) } 5 }
}

function Get-BackupName([string] $Path) {
    $Path + '.' + [DateTime]::UtcNow.ToString('yyyyMMdd''T''HHmmssfff', [Globalization.CultureInfo]::InvariantCulture) + '.bak'
}

# As Invoke-Patiently, but nothing is moved over what somebody else put there meanwhile.
function Move-Patiently([string] $From, [string] $To, [int] $Attempts) {
    for ($attempt = 1; ; $attempt++) {
        try {
            [IO.Directory]::Move($From, $To)
            return
        }
        catch {
            if ($attempt -ge $Attempts -or [IO.File]::Exists($To) -or [IO.Directory]::Exists($To)) { throw }
            [Threading.Thread]::Sleep(200)
        }
    }
}

# Replaces a file. ReplaceFileW that fails may leave none at the path (learn.microsoft.com "ReplaceFileW", 1176 and 1177): then the
# former one, or without a backup of it the new one, is put there.
function Set-InPlace([string] $Temporary, [string] $Path, [string] $Backup) {
    for ($attempt = 1; ; $attempt++) {
        try {
            # [NullString]: a plain $null would arrive as an empty path.
            if ($Backup) { [IO.File]::Replace($Temporary, $Path, $Backup) }
            else { [IO.File]::Replace($Temporary, $Path, [NullString]::Value) }
            return
        }
        catch {
            if (-not [IO.File]::Exists($Path)) {
                if (-not $Backup) {
                    Move-Patiently $Temporary $Path 5
                    return
                }
                Move-Patiently $Backup $Path 5
            }
            if ($attempt -ge 5) { throw }
            [Threading.Thread]::Sleep(200)
        }
    }
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
    $sddl = [string] (Get-Field $Operation 'sddl' '')
    # What takes the place of a file that inherits nothing is for the same people from its first byte on.
    if ($exists -and -not $sddl) { $sddl = Get-OwnRights $path }
    $mark = $path + '.' + (New-Mark)
    $temporary = "$mark.tmp"
    if ($sddl) { $temporary = "$mark.new\input" }
    $backup = $null
    try {
        if ($sddl) { New-PrivateFolder "$mark.new" }
        Write-NewBytes $temporary $bytes
        if ($sddl) { Set-Rights $temporary $sddl }
        # Replace keeps the rights of the file that it replaces, learn.microsoft.com "Moving and Replacing Files".
        if ($exists) {
            if ($backups -gt 0) { $backup = Get-BackupName $path }
            if ($sddl -and -not (Test-Rights $path $sddl)) { Set-Rights $path $sddl }
            Set-InPlace $temporary $path ([string] $backup)
        }
        else { Move-Patiently $temporary $path 5 }
        if ($sddl) {
            foreach ($written in $path, $backup) {
                if ($written -and -not (Test-Rights $written $sddl)) { Set-Rights $written $sddl }
            }
        }
    }
    finally {
        if ([IO.File]::Exists($temporary)) { Invoke-Patiently { [IO.File]::Delete($temporary) } 5 }
        if ([IO.Directory]::Exists("$mark.new")) { Invoke-Patiently { [IO.Directory]::Delete("$mark.new", $true) } 5 }
    }
    if ((Get-FileSha256 $path) -ne $hash) { throw (New-Refusal 'NotAsWritten' "'$path' reads back as something else than was written") }
    if ($backups -gt 0) { Remove-OldBackups $path $backups }
    @{ changed = $true; backup = $backup }
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
        Write-NewBytes "$private\input" ([Convert]::FromBase64String([string] (Get-Field $Operation 'content' '')))
        $arguments = foreach ($argument in $Operation['arguments']) { $argument.Replace('{input}', "`"$private\input`"").Replace('{output}', "`"$private\output`"") }
        $ended = Start-Program $program (Get-NeededText $Operation 'folder') $arguments ([int] (Get-Field $Operation 'timeout' 120))
        if (-not [IO.File]::Exists("$private\output")) { throw (New-Refusal 'ToolFailed' "'$program' wrote nothing: $($ended['said'])") }
        $made = [IO.File]::ReadAllBytes("$private\output")
    }
    finally { Invoke-Patiently { [IO.Directory]::Delete($private, $true) } 5 }
    Write-File @{ path = $path; content = [Convert]::ToBase64String($made); backups = [int] (Get-Field $Operation 'backups' 0); sddl = (Get-Field $Operation 'sddl' '') }
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
    $made = [Text.Encoding]::UTF8.GetBytes($text)
    Write-File @{ path = $path; content = [Convert]::ToBase64String($made); backups = [int] (Get-Field $Operation 'backups' 0); sddl = (Get-Field $Operation 'sddl' '') }
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
    # What is kept of a file may hold what only administrators may read there.
    if ($backups -gt 0 -and -not [IO.Directory]::Exists($to)) { New-PrivateFolder $to }
    $null = [IO.Directory]::CreateDirectory([IO.Path]::GetDirectoryName($target))
    $temporary = $target + '.' + (New-Mark) + '.tmp'
    try {
        [IO.File]::Copy($path, $temporary)
        if ([IO.File]::Exists($target)) { Set-InPlace $temporary $target '' }
        else { Move-Patiently $temporary $target 5 }
    }
    finally {
        if ([IO.File]::Exists($temporary)) { Invoke-Patiently { [IO.File]::Delete($temporary) } 5 }
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
        if (-not $check) { Invoke-Patiently { [IO.File]::Delete($path) } 5 }
        return @{ changed = $true }
    }
    if (-not [IO.Directory]::Exists($path)) { return @{ changed = $false } }
    $recurse = [bool] (Get-Field $Operation 'recurse' $false)
    if (-not $check) { Invoke-Patiently { [IO.Directory]::Delete($path, $recurse) } 5 }
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
                if ([IO.File]::Exists($leftover)) { Invoke-Patiently { [IO.File]::Delete($leftover) } 5 }
                else { Invoke-Patiently { [IO.Directory]::Delete($leftover, $true) } 5 }
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
    foreach ($file in [IO.Directory]::GetFiles($From)) { Invoke-Patiently { [IO.File]::Copy($file, [IO.Path]::Combine($To, [IO.Path]::GetFileName($file)), $true) } 5 }
}

# Tells for ever what an archive put into a folder: SHA-256, size and relative name of each file, a line for each.
function Write-Manifest([string] $Archive, [string] $Overlay, [string] $Path) {
    Add-Type -AssemblyName System.IO.Compression, System.IO.Compression.FileSystem
    $found = [Collections.Generic.SortedDictionary[string, string]]::new([StringComparer]::OrdinalIgnoreCase)
    $zip = [IO.Compression.ZipFile]::OpenRead($Archive)
    try {
        # The folder 'overlay' is copied over the rest, so that its files come last.
        foreach ($copied in $false, $true) {
            foreach ($entry in $zip.Entries) {
                $name = $entry.FullName.Replace('/', '\')
                if ($name.EndsWith('\') -or ($copied -and (-not $Overlay -or [IO.Path]::GetDirectoryName($name) -ne $Overlay))) { continue }
                if ($copied) { $name = [IO.Path]::GetFileName($name) }
                $found[$name] = "$(Get-StreamSha256 $entry.Open()) $($entry.Length) $name`n"
            }
        }
    }
    finally { $zip.Dispose() }
    $bytes = [Text.Encoding]::UTF8.GetBytes([string]::Join('', [string[]] @($found.Values)))
    $null = Write-File @{ path = $Path; content = [Convert]::ToBase64String($bytes) }
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
    $rights = ''
    if ([IO.Directory]::Exists($path)) { $rights = Get-OwnRights $path }
    try {
        if ($rights) {
            $null = [IO.Directory]::CreateDirectory($new)
            Set-Rights $new $rights
        }
        Expand-Into $archive $new
        if ($overlay) { Copy-Overlay ([IO.Path]::Combine($new, $overlay)) $new }
        $manifest = [string] (Get-Field $Operation 'manifest' '')
        if ($manifest) { Write-Manifest $archive $overlay ([IO.Path]::Combine($new, $manifest)) }
        # The marker comes last, so that a folder with it is whole.
        [IO.File]::WriteAllText([IO.Path]::Combine($new, $marker), $version)
        if ([IO.Directory]::Exists($path)) { Move-Patiently $path $old 75 }
        try { Move-Patiently $new $path 75 }
        catch {
            if ([IO.Directory]::Exists($old)) { [IO.Directory]::Move($old, $path) }
            throw
        }
    }
    finally {
        if ([IO.Directory]::Exists($new)) { Invoke-Patiently { [IO.Directory]::Delete($new, $true) } 75 }
    }
    if ([IO.Directory]::Exists($old)) { Invoke-Patiently { [IO.Directory]::Delete($old, $true) } 75 }
    if ([bool] (Get-Field $Operation 'delete_archive' $false)) { Invoke-Patiently { [IO.File]::Delete($archive) } 75 }
    @{ changed = $true }
}

# What an archive puts into a folder: SHA-256 by relative name. A file of its folder 'overlay' is the vendor's at the root too.
function Read-Manifest([string] $Archive, [string] $Overlay) {
    Add-Type -AssemblyName System.IO.Compression, System.IO.Compression.FileSystem
    $found = [Collections.Generic.Dictionary[string, string]]::new([StringComparer]::OrdinalIgnoreCase)
    $zip = [IO.Compression.ZipFile]::OpenRead($Archive)
    try {
        foreach ($entry in $zip.Entries) {
            $name = $entry.FullName.Replace('/', '\')
            if ($name.EndsWith('\')) { continue }
            $names = @($name)
            if ($Overlay -and [IO.Path]::GetDirectoryName($name) -eq $Overlay) { $names += [IO.Path]::GetFileName($name) }
            $hash = Get-StreamSha256 $entry.Open()
            foreach ($one in $names) {
                if ($found.ContainsKey($one)) { $found[$one] += " $hash" } else { $found[$one] = $hash }
            }
        }
    }
    finally { $zip.Dispose() }
    $found
}

# Takes a folder that somebody else unpacked for an archive's, if all of its programs are the archive's.
function Compare-WithArchive($Operation) {
    $path = (Get-NeededText $Operation 'path').TrimEnd('\')
    $archive = Get-NeededText $Operation 'archive'
    $version = Get-NeededText $Operation 'version'
    $programs = Get-NeededText $Operation 'programs'
    $program = Get-NeededText $Operation 'program'
    $markerPath = [IO.Path]::Combine($path, (Get-NeededText $Operation 'marker'))
    $manifestPath = [string] (Get-Field $Operation 'manifest' '')
    if ($manifestPath) { $manifestPath = [IO.Path]::Combine($path, $manifestPath) }
    $answer = @{ changed = $false; own = @(); altered = @(); missing = @() }
    $marked = [IO.File]::Exists($markerPath)
    if ($marked) {
        $present = [IO.File]::ReadAllText($markerPath).Trim()
        if ($present -ne $version) { throw (New-Refusal 'OtherVersion' "'$path' holds version '$present', wanted '$version'") }
        if (-not $manifestPath -or [IO.File]::Exists($manifestPath)) { return $answer }
    }
    $answer['changed'] = $true
    if ($check) { return $answer }
    $hash = Get-FileSha256 $archive
    if ($hash -ne [string] (Get-Field $Operation 'sha256' '')) { throw (New-Refusal 'BadChecksum' "'$archive' has the SHA-256 $hash, not the one that was asked for") }
    $manifest = Read-Manifest $archive ([string] (Get-Field $Operation 'overlay' ''))
    $own = [Collections.Generic.List[string]]::new()
    $altered = [Collections.Generic.List[string]]::new()
    $missing = [Collections.Generic.HashSet[string]]::new($manifest.Keys, [StringComparer]::OrdinalIgnoreCase)
    foreach ($file in [IO.Directory]::GetFiles($path, '*', [IO.SearchOption]::AllDirectories)) {
        if ($file -eq $markerPath -or $file -eq $manifestPath) { continue }
        $name = $file.Substring($path.Length + 1)
        $null = $missing.Remove($name)
        if (-not $manifest.ContainsKey($name)) { $own.Add($name) }
        elseif (-not $manifest[$name].Contains((Get-FileSha256 $file))) { $altered.Add($name) }
    }
    $kinds = @{ own = $own; altered = $altered; missing = [Collections.Generic.List[string]]::new($missing) }
    $others = [Collections.Generic.List[string]]::new()
    foreach ($kind in $kinds.Keys) {
        $kinds[$kind].Sort([StringComparer]::OrdinalIgnoreCase)
        foreach ($name in $kinds[$kind]) { if ($name -match $programs) { $others.Add($name) } }
        $answer[$kind] = $kinds[$kind].ToArray()
    }
    if ($others.Count -and -not $marked) {
        $others.Sort([StringComparer]::OrdinalIgnoreCase)
        $there = [IO.Path]::Combine($path, $program)
        $is = 'none'
        if ([IO.File]::Exists($there)) { $is = [string] [Diagnostics.FileVersionInfo]::GetVersionInfo($there).FileVersion }
        throw (New-Refusal 'OtherVersion' "found another version than the archive's: $program has the file version '$is', and $($others.Count) programs are not those of the archive, such as $($others[0])")
    }
    if ($manifestPath) { Write-Manifest $archive ([string] (Get-Field $Operation 'overlay' '')) $manifestPath }
    [IO.File]::WriteAllText($markerPath, $version)
    if ([bool] (Get-Field $Operation 'delete_archive' $false)) { Invoke-Patiently { [IO.File]::Delete($archive) } 75 }
    $answer
}

function Read-Marker([string] $Folder, [string] $Marker) {
    $path = [IO.Path]::Combine($Folder, $Marker)
    if ([IO.File]::Exists($path)) { return [IO.File]::ReadAllText($path).Trim() }
    ''
}

# Owner, own entries and protection; what is inherited comes from where the copy is.
function Copy-Rights([string] $From, [string] $To) {
    $sections = [Security.AccessControl.AccessControlSections]'Access, Owner'
    $sddl = Format-Security (Read-Security $From $sections) $sections
    if (-not (Test-Rights $To $sddl)) { Set-Rights $To $sddl }
}

# A copy of what inherits nothing is for the same people from its first byte on.
function Copy-Carried([string] $From, [string] $To) {
    if ([IO.File]::Exists($To) -and (Get-FileSha256 $To) -eq (Get-FileSha256 $From)) { return }
    $mark = $To + '.' + (New-Mark)
    $temporary = "$mark.tmp"
    $rights = Get-OwnRights $From
    if ($rights) { $temporary = "$mark.new\input" }
    try {
        if ($rights) { New-PrivateFolder "$mark.new" }
        [IO.File]::Copy($From, $temporary)
        if ($rights) { Set-Rights $temporary $rights }
        if ([IO.File]::Exists($To)) { Remove-Stubbornly $To }
        Move-Patiently $temporary $To 75
    }
    finally {
        if ([IO.File]::Exists($temporary)) { Remove-Stubbornly $temporary }
        if ([IO.Directory]::Exists("$mark.new")) { Invoke-Patiently { [IO.Directory]::Delete("$mark.new", $true) } 75 }
    }
}

# A read-only file is removed too.
function Remove-Stubbornly([string] $Path) {
    Invoke-Patiently {
        [IO.File]::SetAttributes($Path, [IO.FileAttributes]::Normal)
        [IO.File]::Delete($Path)
    } 75
}

# What a run that was killed left in a folder that nobody uses yet.
function Clear-Unfinished([string] $Folder) {
    foreach ($file in [IO.Directory]::GetFiles($Folder, '*.im-*.tmp', [IO.SearchOption]::AllDirectories)) {
        if ($file -match '\.im-[0-9a-f]{12}\.tmp$') { Remove-Stubbornly $file }
    }
    foreach ($left in [IO.Directory]::GetDirectories($Folder, '*.im-*.new', [IO.SearchOption]::AllDirectories)) {
        if ($left -match '\.im-[0-9a-f]{12}\.new$') { Invoke-Patiently { [IO.Directory]::Delete($left, $true) } 75 }
    }
}

# Makes a folder that is to take the place of another like it: its own files, then the owner and rights of all that both have.
function Copy-Own([string] $From, [string] $To, [string[]] $Names) {
    Clear-Unfinished $To
    foreach ($name in $Names) {
        $null = [IO.Directory]::CreateDirectory([IO.Path]::GetDirectoryName([IO.Path]::Combine($To, $name)))
        Copy-Carried ([IO.Path]::Combine($From, $name)) ([IO.Path]::Combine($To, $name))
    }
    Copy-Rights $From $To
    foreach ($entry in [IO.Directory]::GetFileSystemEntries($From, '*', [IO.SearchOption]::AllDirectories)) {
        $same = [IO.Path]::Combine($To, $entry.Substring($From.Length + 1))
        if ([IO.File]::Exists($same) -or [IO.Directory]::Exists($same)) { Copy-Rights $entry $same }
    }
}

# Lets a folder take the place of another, which gets the name 'former': all of it or nothing, and nothing twice.
function Switch-Folders($Operation) {
    $path = (Get-NeededText $Operation 'path').TrimEnd('\')
    $new = (Get-NeededText $Operation 'new').TrimEnd('\')
    $former = (Get-NeededText $Operation 'former').TrimEnd('\')
    $marker = Get-NeededText $Operation 'marker'
    $version = Get-NeededText $Operation 'version'
    if ((Read-Marker $path $marker) -eq $version) { return @{ changed = $false } }
    $found = Read-Marker $new $marker
    if ($found -ne $version) { throw (New-Refusal 'OtherVersion' "'$new' holds version '$found', wanted '$version'") }
    $held = [IO.Directory]::Exists($path)
    # A run that was killed between both renames has left a former one and none in its place.
    if ($held -eq [IO.Directory]::Exists($former)) { throw (New-Refusal 'InTheWay' "wanted one of '$path' and '$former', found both or none") }
    if ($check) { return @{ changed = $true } }
    $names = Get-Field $Operation 'carry' $null
    if ($held) {
        if ($null -ne $names) { Copy-Own $path $new ([string[]] @($names)) }
        Move-Patiently $path $former 75
    }
    try { Move-Patiently $new $path 75 }
    catch {
        Move-Patiently $former $path 75
        throw
    }
    @{ changed = $true }
}

# Removes a version that is kept, or files of it. Its name is one that 'sweep' finds first, so that no half of it is ever a version.
function Remove-Version($Operation) {
    $path = (Get-NeededText $Operation 'path').TrimEnd('\')
    $names = [string[]] @(Get-Field $Operation 'files' @())
    # An empty list is no file, never the whole folder.
    if ($Operation.Contains('files')) {
        $present = [string[]] @(foreach ($name in $names) { if ([IO.File]::Exists([IO.Path]::Combine($path, $name))) { $name } })
        if (-not $check) { foreach ($name in $present) { Remove-Stubbornly ([IO.Path]::Combine($path, $name)) } }
        return @{ changed = $present.Length -gt 0 }
    }
    if (-not [IO.Directory]::Exists($path)) { return @{ changed = $false } }
    if ($check) { return @{ changed = $true } }
    $old = $path + '.' + (New-Mark) + '.old'
    Move-Patiently $path $old 75
    foreach ($file in [IO.Directory]::GetFiles($old, '*', [IO.SearchOption]::AllDirectories)) { [IO.File]::SetAttributes($file, [IO.FileAttributes]::Normal) }
    Invoke-Patiently { [IO.Directory]::Delete($old, $true) } 75
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

# Adds what is allowed on a folder and below it, as AddAccessRule does: to an entry that can say it too, else as a new one.
function Add-Access($Operation) {
    $path = Get-NeededText $Operation 'path'
    $sid = [Security.Principal.SecurityIdentifier]::new((Get-NeededText $Operation 'sid'))
    $rights = [Security.AccessControl.FileSystemRights] (Get-NeededText $Operation 'rights')
    if (-not [IO.Directory]::Exists($path)) { throw [IO.DirectoryNotFoundException]::new("Could not find a part of the path '$path'.") }
    $security = Get-Acl -LiteralPath $path
    $before = $security.GetSecurityDescriptorSddlForm([Security.AccessControl.AccessControlSections]'Access')
    $below = [Security.AccessControl.InheritanceFlags]'ContainerInherit, ObjectInherit'
    $security.AddAccessRule([Security.AccessControl.FileSystemAccessRule]::new($sid, $rights, $below, [Security.AccessControl.PropagationFlags]'None', [Security.AccessControl.AccessControlType]'Allow'))
    if ($security.GetSecurityDescriptorSddlForm([Security.AccessControl.AccessControlSections]'Access') -eq $before) { return @{ changed = $false } }
    if (-not $check) { Set-Acl -LiteralPath $path -AclObject $security }
    @{ changed = $true }
}

# Puts a run into the lock's file unless that names another run whose time is not over. Nobody else opens the file meanwhile.
function Update-Lock([string] $Path, [string] $Run, [string] $Owner, [int] $Seconds) {
    $format = "yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'"
    $culture = [Globalization.CultureInfo]::InvariantCulture
    $stream = Invoke-Patiently { [IO.FileStream]::new($Path, [IO.FileMode]::OpenOrCreate, [IO.FileAccess]::ReadWrite, [IO.FileShare]::None) } 25
    try {
        $former = @([IO.StreamReader]::new($stream).ReadToEnd().Split([char] 10)) + @('', '', '')
        $answer = @{ mine = $false; until = $former[0]; other = $former[1] -cne $Run; owner = $former[2] }
        $now = [DateTime]::UtcNow
        $until = [DateTime]::MinValue
        $styles = [Globalization.DateTimeStyles]'AssumeUniversal, AdjustToUniversal'
        $known = [DateTime]::TryParseExact($former[0], $format, $culture, $styles, [ref] $until)
        # A time further away than any run asks for comes from a clock that was wrong.
        if ($known -and $answer['other'] -and $former[2] -cne $Owner -and $until -gt $now -and $until -lt $now.AddSeconds(7200)) { return $answer }
        $bytes = [Text.Encoding]::UTF8.GetBytes($now.AddSeconds($Seconds).ToString($format, $culture) + "`n$Run`n$Owner`n")
        $stream.SetLength(0)
        $stream.Write($bytes, 0, $bytes.Length)
        $stream.Flush($true)
        $answer['mine'] = $true
        $answer
    }
    finally { $stream.Dispose() }
}

# One run at a time changes what all agents of this server share. The file stays, so that the next run knows of the last one.
function Enter-Lock($Operation) {
    $path = Get-NeededText $Operation 'path'
    $run = Get-NeededText $Operation 'run'
    $owner = Get-NeededText $Operation 'owner'
    if ($check) { return @{ changed = $false; contested = $false } }
    $last = [DateTime]::UtcNow.AddSeconds([int] (Get-Field $Operation 'wait' 0))
    while ($true) {
        $found = Update-Lock $path $run $owner ([int] (Get-Field $Operation 'seconds' 120))
        if ($found['mine']) { break }
        if ([DateTime]::UtcNow -ge $last) {
            throw (New-Refusal 'Locked' "found that a run for the inventory host $($found['owner']) changes what all agents of this server share, until $($found['until']) at the latest; wanted that no other run does. Run again after that time")
        }
        [Threading.Thread]::Sleep(1000)
    }
    $since = [string] (Get-Field $Operation 'since' '')
    @{ changed = $false; contested = [bool] ($since -and $found['other'] -and [string]::CompareOrdinal($found['until'], $since) -gt 0) }
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

function Find-Jobs($Operation) {
    $folder = (Get-NeededText $Operation 'path').TrimEnd('\') + '\'
    $prefix = Get-NeededText $Operation 'prefix'
    $but = [string[]] (Get-Field $Operation 'except' @())
    $jobs = [Collections.Generic.List[object]]::new()
    foreach ($process in [Diagnostics.Process]::GetProcesses()) {
        try {
            $name = $process.ProcessName
            if (-not $name.StartsWith($prefix, [StringComparison]::OrdinalIgnoreCase) -or $but -contains $name) { continue }
            $program = Get-ProgramPath $process
            if ($null -eq $program -or ($program -and -not $program.StartsWith($folder, [StringComparison]::OrdinalIgnoreCase))) { continue }
            $started = $null
            try { $started = $process.StartTime.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", [Globalization.CultureInfo]::InvariantCulture) }
            catch { $started = $null }
            if (-not $program) { $program = $null }
            $jobs.Add(@{ id = $process.Id; name = $name; path = $program; started = $started })
        }
        finally { $process.Dispose() }
    }
    return , $jobs.ToArray()
}

# What follows in the list is done once no such program runs; where one still does when the time is over, none of it is.
function Wait-Jobs($Operation) {
    $clock = [Diagnostics.Stopwatch]::StartNew()
    $seconds = [int] (Get-Field $Operation 'seconds' 0)
    $jobs = Find-Jobs $Operation
    while ($jobs.Length -and -not $check -and $clock.Elapsed.TotalSeconds -lt $seconds) {
        [Threading.Thread]::Sleep(1000)
        $jobs = Find-Jobs $Operation
    }
    $time = [DateTime]::UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", [Globalization.CultureInfo]::InvariantCulture)
    @{ changed = $false; processes = $jobs; reached = -not $jobs.Length; waited = [int] $clock.Elapsed.TotalSeconds; time = $time }
}

# An application pool's state with its workers; $Order is the state that it is told to take, or nothing.
function Read-Pool([string] $Name, [string] $Order) {
    $manager = New-Object -TypeName Microsoft.Web.Administration.ServerManager
    try {
        $pool = $null
        foreach ($one in $manager.ApplicationPools) { if ($one.Name -eq $Name) { $pool = $one } }
        if ($null -eq $pool) { throw (New-Refusal 'NoPool' "there is no application pool '$Name'") }
        $state = $pool.get_State().ToString()
        $workers = [Collections.Generic.List[object]]::new()
        foreach ($worker in @($manager.WorkerProcesses)) {
            if ($worker.AppPoolName -eq $Name) { $workers.Add(@{ pool = $worker.AppPoolName; process_id = $worker.ProcessId }) }
        }
        # Belief [pool-stop]: a pool that is Stopping takes no order, and Stop returns while it is, OctopusDeploy/Library PR 153.
        if ($Order -eq 'Stopped' -and $state -ne 'Stopped' -and $state -ne 'Stopping') { $null = $pool.Stop() }
        if ($Order -eq 'Started' -and $state -ne 'Started' -and $state -ne 'Starting') { $null = $pool.Start() }
        @{ pools = @(@{ name = $Name; state = $state }); workers = $workers.ToArray() }
    }
    finally { $manager.Dispose() }
}

function Test-Pool($Found, [string] $State) { $Found['pools'][0]['state'] -eq $State -and ($State -ne 'Stopped' -or -not $Found['workers'].Length) }

# Stopped is a pool without workers. Where the time is over before it has the state, nothing that follows in the list is done.
function Set-Pool($Operation) {
    $path = [Environment]::GetFolderPath([Environment+SpecialFolder]::System) + '\inetsrv\Microsoft.Web.Administration.dll'
    if (-not [IO.File]::Exists($path)) { throw (New-Refusal 'NoServer' 'there is no IIS on this server') }
    $null = [Reflection.Assembly]::LoadFrom($path)
    $name = Get-NeededText $Operation 'name'
    $state = Get-NeededText $Operation 'state'
    $seconds = [int] (Get-Field $Operation 'seconds' 0)
    $order = $state
    if ($check) { $order = '' }
    $found = Read-Pool $name $order
    $changed = $found['pools'][0]['state'] -ne $state
    $clock = [Diagnostics.Stopwatch]::StartNew()
    $reached = $check -or -not $seconds -or (Test-Pool $found $state)
    while (-not $reached) {
        $found = Read-Pool $name ''
        $reached = Test-Pool $found $state
        if ($reached -or $clock.Elapsed.TotalSeconds -ge $seconds) { break }
        [Threading.Thread]::Sleep(1000)
    }
    $found['changed'] = $changed
    $found['reached'] = $reached
    $found['waited'] = [int] $clock.Elapsed.TotalSeconds
    $found
}

# Asks a proxy for a way through to the server, RFC 9110 9.3.6; byte by byte, since what follows the answer belongs to TLS.
function Open-Tunnel($Stream, [string] $Target, [string] $Authorization) {
    $head = "CONNECT $Target HTTP/1.1`r`nHost: $Target`r`n"
    if ($Authorization) { $head += "Proxy-Authorization: $Authorization`r`n" }
    $bytes = [Text.Encoding]::ASCII.GetBytes("$head`r`n")
    $Stream.Write($bytes, 0, $bytes.Length)
    $answer = ''
    while (-not $answer.EndsWith("`r`n`r`n")) {
        $byte = $Stream.ReadByte()
        if ($byte -lt 0 -or $answer.Length -gt 16384) { break }
        $answer += [char] $byte
    }
    if ($answer -notmatch '^HTTP/1\.[01] 2\d\d\b') { throw [IO.IOException]::new("the proxy answered '$($answer.Split([char[]] "`r")[0])'") }
}

# With a thumbprint only that certificate is accepted. Belief [judged-by-windows]: without a callback SslStream judges it as Windows does, .NET's "SslStream".
function Open-Tls($Stream, [string] $ServerName, [string] $Thumbprint) {
    $accept = $null
    if ($Thumbprint) {
        $accept = [Net.Security.RemoteCertificateValidationCallback] {
            param($from, $certificate, $chain, $problems)
            $certificate.GetCertHashString() -eq $Thumbprint
        }.GetNewClosure()
    }
    $tls = [Net.Security.SslStream]::new($Stream, $false, $accept)
    $tls.AuthenticateAsClient($ServerName, $null, [Security.Authentication.SslProtocols]::Tls12, $false)
    return , $tls
}

# Until the other side ends it, or is silent for too long after it has begun.
function Read-ToEnd($Stream) {
    $memory = [IO.MemoryStream]::new()
    $buffer = [byte[]]::new(8192)
    while ($memory.Length -lt 131072) {
        $count = 0
        try { $count = $Stream.Read($buffer, 0, $buffer.Length) } catch { if (-not $memory.Length) { throw } }
        if ($count -le 0) { break }
        $memory.Write($buffer, 0, $count)
    }
    [Text.Encoding]::GetEncoding(28591).GetString($memory.ToArray())
}

# A request of our own over TcpClient and SslStream, which nothing below sends again. The field 'sent' tells afterwards whether any of it has left.
function Send-Once($Request) {
    $hostName = Get-NeededText $Request 'host'
    $to, $toPort = (Get-NeededText $Request 'address'), [int] (Get-Field $Request 'port' 443)
    $target = "${to}:$toPort"
    $proxy = Get-Field $Request 'proxy' $null
    if ($null -ne $proxy) { $to, $toPort = (Get-NeededText $proxy 'address'), [int] (Get-Field $proxy 'port' 80) }
    $body = [Text.Encoding]::ASCII.GetBytes([string] (Get-Field $Request 'body' ''))
    $head = "POST $(Get-NeededText $Request 'path') HTTP/1.1`r`nHost: $hostName`r`nConnection: close`r`nContent-Length: $($body.Length)`r`n"
    $headers = Get-Field $Request 'headers' @{}
    foreach ($name in $headers.Keys) { $head += "${name}: $($headers[$name])`r`n" }
    $bytes = [byte[]] ([Text.Encoding]::ASCII.GetBytes("$head`r`n") + $body)
    $client = [Net.Sockets.TcpClient]::new($to, $toPort)
    try {
        $client.ReceiveTimeout = 1000 * [int] (Get-Field $Request 'timeout' 30)
        $client.SendTimeout = $client.ReceiveTimeout
        $stream = $client.GetStream()
        if ($null -ne $proxy) { Open-Tunnel $stream $target ([string] (Get-Field $proxy 'authorization' '')) }
        if ((Get-Field $Request 'scheme' 'https') -eq 'https') {
            $stream = Open-Tls $stream ([string] (Get-Field $Request 'server_name' $hostName)) ([string] (Get-Field $Request 'thumbprint' ''))
        }
        $Request['sent'] = $true
        $stream.Write($bytes, 0, $bytes.Length)
        $stream.Flush()
        $text = Read-ToEnd $stream
    }
    finally { $client.Close() }
    if ($text -notmatch '^HTTP/1\.[01] (\d\d\d)\b') { throw [IO.InvalidDataException]::new('the answer is not HTTP') }
    @{ status = [int] $Matches[1]; text = $text }
}

# The token of an answer, whose body may come in chunks: their sizes stand between two line ends, RFC 9112 7.1. Nothing where there is none.
function Get-Token([string] $Answer) {
    $found = [regex]::Match(($Answer -replace '\r\n[0-9A-Fa-f]+[^\r\n]*\r\n', ''), '"access_token"\s*:\s*"([^"]+)"')
    if ($found.Success) { [regex]::Unescape($found.Groups[1].Value) }
}

# Puts the run into the file, which nobody else opens until the stream is closed. Nothing where the run is in it already, or is still at it.
function Open-Claim([string] $Path, [string] $Run, [string] $Known, $Answer) {
    try { $stream = Invoke-Patiently { [IO.FileStream]::new($Path, [IO.FileMode]::OpenOrCreate, [IO.FileAccess]::ReadWrite, [IO.FileShare]::None) } 5 }
    catch { return $null }
    $former = @([IO.StreamReader]::new($stream).ReadToEnd().Split([char] 10)) + @('')
    if ($former[0] -ceq $Run) {
        $Answer['known'] = $former[1]
        $stream.Dispose()
        return $null
    }
    $bytes = [Text.Encoding]::UTF8.GetBytes("$Run`n$Known`n")
    $stream.SetLength(0)
    $stream.Write($bytes, 0, $bytes.Length)
    $stream.Flush($true)
    return $stream
}

# Launches a job of the agent with a token, which stays here. One run sends it once, however often it is told to: what became of it is not known then.
function Invoke-Launch($Operation) {
    $path = Get-NeededText $Operation 'path'
    $run = Get-NeededText $Operation 'run'
    $answer = @{ changed = $true; sent = $false; repeated = $false; status = $null; refused = $null; error = $null; known = [string] (Get-Field $Operation 'known' '') }
    if ($check) { return $answer }
    $launch = $Operation['launch']
    try {
        $given = Send-Once $Operation['token']
        $token = Get-Token $given['text']
        if ($token) {
            $launch['headers'] = @{ Authorization = "Bearer $token"; Accept = 'application/json' }
            $claim = Open-Claim $path $run $answer['known'] $answer
            if ($null -eq $claim) { $answer['repeated'] = $true }
            else {
                try { $answer['status'] = (Send-Once $launch)['status'] }
                finally {
                    $answer['sent'] = $launch.Contains('sent')
                    if (-not $answer['sent']) { $claim.SetLength(0) }
                    $claim.Dispose()
                }
            }
        }
        else { $answer['refused'] = $given['status'] }
    }
    catch {
        $cause = $_.Exception
        while ($null -ne $cause.InnerException) { $cause = $cause.InnerException }
        $answer['error'] = @{ type = $cause.GetType().FullName; message = $cause.Message }
    }
    $answer['changed'] = $answer['sent']
    $answer
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
        'compare' { return Compare-WithArchive $Operation }
        'swap' { return Switch-Folders $Operation }
        'prune' { return Remove-Version $Operation }
        'certificate' { return Add-Certificate $Operation }
        'uncertificate' { return Remove-Certificate $Operation }
        'clear_access' { return Clear-Access $Operation }
        'grant' { return Add-Access $Operation }
        'rights' { return Write-Rights $Operation }
        'lock' { return Enter-Lock $Operation }
        'jobs' { return Wait-Jobs $Operation }
        'pool' { return Set-Pool $Operation }
        'launch' { return Invoke-Launch $Operation }
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
        # What follows was planned from what another run has changed since, or may not be done in this state.
        if ($result['contested'] -or $result['reached'] -eq $false) { break }
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
# Ansible's wrapper takes the exit status from here, ansible-core's module_wrapper.ps1; 'exit' would be lost.
if ($answer.Contains('failed')) { $global:LASTEXITCODE = 1 }
