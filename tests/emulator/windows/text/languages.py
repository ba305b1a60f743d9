"""What Windows says in other languages: names of accounts and features, the .NET messages that scripts
see, and the events of WAS.

learn.microsoft.com "Well-known SIDs" names accounts by SIDs because their names are translated; the names and messages
are those of the language packs.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t


@dataclasses.dataclass(frozen=True)
class Language:
    """A language of Windows.

    Attributes:
        accounts: the names of built-in accounts, by SID.
        features: the display names of features, by the names of win_feature.
        messages: regular expressions of English messages, with what stands in their place.
    """

    accounts: t.Mapping[str, str]
    features: t.Mapping[str, str]
    messages: tuple[tuple[str, str], ...]

    def said(self, message: str) -> str:
        """Return a message in this language, or as it is where it is not known."""
        for pattern, text in self.messages:
            found = re.fullmatch(pattern, message, re.DOTALL)
            if found:
                return found.expand(text)
        return message


CRASHED = (
    r"A process serving application pool '(.*)' terminated unexpectedly\. The process id was '(\d+)'\."
    r" The process exit code was '(.*)'\."
)
ENGLISH = Language(
    {},
    {
        "Web-Server": "Web Server (IIS)",
        "Web-AppInit": "Application Initialization",
        "Web-Scripting-Tools": "IIS Management Scripts and Tools",
        "RSAT-ADDS-Tools": "AD DS Snap-Ins and Command-Line Tools",
    },
    (),
)
GERMAN = Language(
    {
        "S-1-1-0": "Jeder",
        "S-1-3-0": "ERSTELLER-BESITZER",
        "S-1-5-7": "NT-AUTORITÄT\\ANONYMOUS-ANMELDUNG",
        "S-1-5-11": "NT-AUTORITÄT\\Authentifizierte Benutzer",
        "S-1-5-4": "NT-AUTORITÄT\\INTERAKTIV",
        "S-1-5-6": "NT-AUTORITÄT\\DIENST",
        "S-1-5-18": "NT-AUTORITÄT\\SYSTEM",
        "S-1-5-19": "NT-AUTORITÄT\\Lokaler Dienst",
        "S-1-5-20": "NT-AUTORITÄT\\Netzwerkdienst",
        "S-1-5-32-544": "VORDEFINIERT\\Administratoren",
        "S-1-5-32-545": "VORDEFINIERT\\Benutzer",
        "S-1-5-32-546": "VORDEFINIERT\\Gäste",
        "S-1-5-32-568": "VORDEFINIERT\\IIS_IUSRS",
    },
    {
        "Web-Server": "Webserver (IIS)",
        "Web-AppInit": "Anwendungsinitialisierung",
        "Web-Scripting-Tools": "IIS-Verwaltungsskripts und -tools",
        "RSAT-ADDS-Tools": "AD DS-Snap-Ins und -Befehlszeilentools",
    },
    (
        (r"Could not find file '(.*)'\.", r'Die Datei "\1" konnte nicht gefunden werden.'),
        (r"Could not find a part of the path '(.*)'\.", r'Ein Teil des Pfades "\1" konnte nicht gefunden werden.'),
        (r"Access to the path '(.*)' is denied\.", r'Der Zugriff auf den Pfad "\1" wurde verweigert.'),
        (
            r"The process cannot access the file '(.*)' because it is being used by another process\.",
            r'Der Prozess kann nicht auf die Datei "\1" zugreifen, da sie von einem anderen Prozess verwendet wird.',
        ),
        (r"There is not enough space on the disk\.\r\n", "Es steht nicht genug Speicherplatz zur Verfügung.\r\n"),
        (
            r"The service has not been started\. \(Exception from HRESULT: 0x80070426\)",
            "Der Dienst wurde nicht gestartet. (Ausnahme von HRESULT: 0x80070426)",
        ),
        (
            r"The service cannot accept control messages at this time\. \(Exception from HRESULT: 0x80070425\)",
            "Der Dienst kann momentan keine Steuermeldungen annehmen. (Ausnahme von HRESULT: 0x80070425)",
        ),
        (
            r"Application pool '?(.*?)'? (?:has been|is being automatically) disabled.*",
            r'Der Anwendungspool "\1" wurde deaktiviert.',
        ),
        (
            r"The identity of application pool (.*) is invalid\..*",
            r'Die Identität des Anwendungspools "\1" ist ungültig.',
        ),
        (
            CRASHED,
            r'Ein Prozess für den Anwendungspool "\1" wurde unerwartet beendet. Die Prozess-ID war "\2". Der'
            r' Prozessexitcode war "\3".',
        ),
        (r"The specified network password is not correct\.\r\n", "Das angegebene Netzwerkkennwort ist falsch.\r\n"),
    ),
)
FRENCH = Language(
    {
        "S-1-1-0": "Tout le monde",
        "S-1-3-0": "CREATEUR PROPRIETAIRE",
        "S-1-5-7": "AUTORITE NT\\ANONYMOUS LOGON",
        "S-1-5-11": "AUTORITE NT\\Utilisateurs authentifiés",
        "S-1-5-4": "AUTORITE NT\\INTERACTIF",
        "S-1-5-6": "AUTORITE NT\\SERVICE",
        "S-1-5-18": "AUTORITE NT\\Système",
        "S-1-5-19": "AUTORITE NT\\SERVICE LOCAL",
        "S-1-5-20": "AUTORITE NT\\SERVICE RÉSEAU",
        "S-1-5-32-544": "BUILTIN\\Administrateurs",
        "S-1-5-32-545": "BUILTIN\\Utilisateurs",
        "S-1-5-32-546": "BUILTIN\\Invités",
        "S-1-5-32-568": "BUILTIN\\IIS_IUSRS",
    },
    {
        "Web-Server": "Serveur Web (IIS)",
        "Web-AppInit": "Initialisation d’applications",
        "Web-Scripting-Tools": "Scripts et outils de gestion IIS",
        "RSAT-ADDS-Tools": "Composants logiciels enfichables et outils en ligne de commande AD DS",
    },
    (
        (r"Could not find file '(.*)'\.", r"Impossible de trouver le fichier '\1'."),
        (r"Could not find a part of the path '(.*)'\.", r"Impossible de trouver une partie du chemin d'accès '\1'."),
        (r"Access to the path '(.*)' is denied\.", r"L'accès au chemin d'accès '\1' est refusé."),
        (
            r"The process cannot access the file '(.*)' because it is being used by another process\.",
            r"Le processus ne peut pas accéder au fichier '\1', car il est en cours d'utilisation par un autre"
            " processus.",
        ),
        (r"There is not enough space on the disk\.\r\n", "Espace insuffisant sur le disque.\r\n"),
        (
            r"The service has not been started\. \(Exception from HRESULT: 0x80070426\)",
            "Le service n’a pas été démarré. (Exception de HRESULT : 0x80070426)",
        ),
        (
            r"The service cannot accept control messages at this time\. \(Exception from HRESULT: 0x80070425\)",
            "Le service ne peut pas accepter des commandes en ce moment. (Exception de HRESULT : 0x80070425)",
        ),
        (
            r"Application pool '?(.*?)'? (?:has been|is being automatically) disabled.*",
            r"Le pool d’applications « \1 » a été désactivé.",
        ),
        (
            r"The identity of application pool (.*) is invalid\..*",
            r"L’identité du pool d’applications « \1 » n’est pas valide.",
        ),
        (
            CRASHED,
            r"Un processus traitant le pool d’applications « \1 » s’est arrêté de manière inattendue."
            r" L’identificateur du processus était « \2 ». Le code de sortie du processus était « \3 ».",
        ),
        (r"The specified network password is not correct\.\r\n", "Le mot de passe réseau spécifié est incorrect.\r\n"),
    ),
)
LANGUAGES = {"english": ENGLISH, "french": FRENCH, "german": GERMAN}
