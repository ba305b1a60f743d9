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
        'certificate' { return Add-Certificate $Operation }
        'uncertificate' { return Remove-Certificate $Operation }
        'clear_access' { return Clear-Access $Operation }
        'rights' { return Write-Rights $Operation }
        'lock' { return Enter-Lock $Operation }
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
        # What follows was planned from what another run has changed since.
        if ($result['contested']) { break }
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
