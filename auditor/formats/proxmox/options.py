"""The options of each kind of file, and what values they take. A line that does not fit is not read, and the default holds."""

from __future__ import annotations

from auditor import lazyre
from auditor.formats.proxmox.names import LOG_LEVELS
from auditor.formats.proxmox.record import Line, Scope, Setting, Trouble
from auditor.model.source import Effect, Level

_BOOL, _NUMBER = "0 or 1", "a number"
_POLICY, _FORWARD = "ACCEPT, DROP or REJECT", "ACCEPT or DROP"
_LOG, _TEXT = "a log level", "text"
_HELPERS = "a list of connection tracking helpers"

_VALUES = {
    _BOOL: lazyre.compile(r"[01]"),
    _NUMBER: lazyre.compile(r"\d+"),
    _POLICY: lazyre.compile(r"(?:ACCEPT|DROP|REJECT)", lazyre.IGNORECASE),
    _FORWARD: lazyre.compile(r"(?:ACCEPT|DROP)", lazyre.IGNORECASE),
    _LOG: lazyre.compile("|".join(LOG_LEVELS), lazyre.IGNORECASE),
    _TEXT: lazyre.compile(r"\S+"),
    _HELPERS: lazyre.compile(r"(?:(?:amanda|ftp|irc|netbios-ns|pptp|sane|sip|snmp|tftp)[ ,;]*)+", lazyre.IGNORECASE),
}


def _options(kind: str, names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), kind)


OPTIONS: dict[Scope, dict[str, str]] = {
    Scope.CLUSTER: {
        **_options(_NUMBER, "enable"),
        **_options(_BOOL, "ebtables"),
        **_options(_POLICY, "policy_in policy_out"),
        **_options(_FORWARD, "policy_forward"),
        **_options(_TEXT, "log_ratelimit"),
    },
    Scope.HOST: {
        **_options(_BOOL, "enable ndp nosmurfs tcpflags protection_synflood nf_conntrack_allow_invalid log_nf_conntrack nftables"),
        **_options(_NUMBER, "nf_conntrack_max nf_conntrack_tcp_timeout_established nf_conntrack_tcp_timeout_syn_recv"),
        **_options(_NUMBER, "protection_synflood_rate protection_synflood_burst"),
        **_options(_HELPERS, "nf_conntrack_helpers"),
        **_options(_LOG, "log_level_in log_level_out log_level_forward tcp_flags_log_level smurf_log_level"),
    },
    Scope.GUEST: {
        **_options(_BOOL, "enable dhcp ndp radv macfilter ipfilter ips"),
        **_options(_POLICY, "policy_in policy_out"),
        **_options(_TEXT, "ips_queues layer2_protocols"),
        **_options(_LOG, "log_level_in log_level_out"),
    },
    Scope.VNET: {**_options(_BOOL, "enable"), **_options(_FORWARD, "policy_forward"), **_options(_LOG, "log_level_forward")},
}
_LINE = lazyre.compile(r"([A-Za-z0-9_]+):\s*(.*?)")
_WEIGHTY = ("enable", "policy_in", "policy_out", "policy_forward")


def read_option(line: Line, scope: Scope) -> Setting | Trouble:
    """The setting of an option line, or why it is not read."""
    written = _LINE.fullmatch(line.text)
    if written is None:
        return _ignored(line, f"{_cut(line.text)!r} is no option: options are written `name: value`")
    name, value = written.group(1).lower(), written.group(2)
    kind = OPTIONS[scope].get(name)
    if kind is None:
        others = [str(other) for other, names in OPTIONS.items() if name in names]
        where = f"it is an option of the {others[0]}" if others else "there is no such option"
        return _ignored(line, f"{name} is not read here: {where}")
    if _VALUES[kind].fullmatch(value):
        return Setting(name, value.lower(), line.span)
    why = "an option takes no comment behind it" if "#" in value else f"it takes {kind}"
    return _ignored(line, f"{name}: {_cut(value)!r} is not read, {why}; the default holds", name)


def _ignored(line: Line, message: str, name: str = "") -> Trouble:
    level = Level.ERROR if name in _WEIGHTY else Level.WARNING
    return Trouble("option-ignored", message, line.span, level=level, effect=Effect.IGNORED)


def _cut(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"
