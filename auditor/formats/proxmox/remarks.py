"""What a reader of the files should know: lines that are lost, switches that are off, and where the two backends part."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.formats.proxmox.check import addresses
from auditor.formats.proxmox.lookup import Held, Names
from auditor.formats.proxmox.machines import Machine, held
from auditor.formats.proxmox.matching import condition
from auditor.formats.proxmox.product import MANAGEMENT
from auditor.formats.proxmox.record import Backend, Document, Fate, Scope, Trouble
from auditor.formats.proxmox.site import BOTH, Judged, Site, switched_on
from auditor.formats.proxmox.written import Written
from auditor.model.headers import intersect_intervals
from auditor.model.source import Effect, Level, Note, Span


def remarks(site: Site) -> Iterator[Note]:
    """Everything about one cluster."""
    for document in site.documents:
        yield from _troubles(site, document)
        yield from _off(document)
        yield from _forward(site, document)
        yield from _groups(site, document)
    for number, document in site.guests.items():
        yield from _guest(site, number, document)
    yield from _unused(site)
    yield from _cluster_off(site)
    yield from _unfiltered(site)
    yield from _not_for_guests(site)
    yield from _management(site)


# -- lines


def _troubles(site: Site, document: Document) -> Iterator[Note]:
    backends = site.backends(document)
    apart: list[Trouble] = []
    for trouble in site.troubles(document):
        if trouble.only is not None and (backends != (trouble.only,) if trouble.only is Backend.NFT else trouble.only not in backends):
            if Backend.NFT in backends and trouble.trap != "port-ignored":
                apart.append(trouble)
            continue
        if trouble.trap == "backend-differs":
            if Backend.NFT in backends:
                yield _note(trouble, backends)
            continue
        if Backend.CLASSIC in backends:
            yield _note(trouble, backends)
            if len(backends) > 1 and trouble.nft is not trouble.classic and trouble.classic is not Fate.READ:
                apart.append(trouble)
        elif trouble.nft is not Fate.READ or trouble.classic is Fate.READ:
            yield _note(trouble, backends)
    if apart:
        refused = next((each for each in apart if each.nft is Fate.REFUSED), None)
        shown = refused or apart[0]
        classic = "reads this line" if shown.classic is Fate.READ else "leaves this line out"
        nft = {Fate.READ: "reads it", Fate.SKIPPED: "leaves it out", Fate.REFUSED: "applies nothing of the files for it"}[shown.nft]
        message = f"the backends differ: iptables {classic}, nftables {nft}; which one a node runs is in its host.fw, which was not read"
        yield Note("backend-differs", message, shown.span, Effect.UNKNOWN, Level.NOTE)


def _note(trouble: Trouble, backends: tuple[Backend, ...]) -> Note:
    if backends == (Backend.NFT,) and trouble.nft is Fate.REFUSED:
        message = f"{trouble.message}; with nftables nothing of the new files is applied"
        return Note(trouble.trap, message, trouble.span, Effect.REFUSED, Level.ERROR)
    return Note(trouble.trap, trouble.message, trouble.span, trouble.effect, trouble.level)


def _rules(site: Site, document: Document) -> Iterator[tuple[Judged, Written]]:
    """The rules that are switched on and have words."""
    lists = [site.judged(document, document.rules)]
    lists += [site.judged(document, group.rules, in_group=True) for group in document.groups]
    for each in (judged for listed in lists for judged in listed):
        if each.words is not None and each.words.enabled:
            yield each, each.words


def _off(document: Document) -> Iterator[Note]:
    """A time for a switch."""
    found = document.setting("enable") if document.scope is Scope.CLUSTER else None
    if found is not None and found.value not in ("0", "1") and found.value.isdecimal() is not False and int(found.value[:9]) > 1:
        message = f"enable: {found.value[:20]} is a time, the firewall is on for the minute after it and then off: write 1"
        yield Note("option-ignored", message, found.span, Effect.IGNORED, Level.ERROR)


def _forward(site: Site, document: Document) -> Iterator[Note]:
    """Rules for what passes through, where nobody asks them."""
    if Backend.NFT not in site.backends(document):
        message = (
            "only the nftables backend asks FORWARD rules and virtual networks, and the node runs the other: set nftables: 1 in host.fw"
        )
    elif len(site.backends(document)) > 1:
        message = "only the nftables backend (nftables: 1 in host.fw) asks FORWARD rules and virtual networks: by default they are ignored"
    elif document.scope is Scope.VNET:
        return
    else:
        for _, words in _rules(site, document):
            if words.direction == "FORWARD":
                text = "what a node routes is not in these files: this rule is not part of what is checked"
                yield Note("forward-not-checked", text, words.span, Effect.UNKNOWN, Level.NOTE)
        return
    for judged, words in _rules(site, document):
        if words.direction == "FORWARD" and judged.read_by(Backend.NFT):
            yield Note("forward-needs-nftables", message, words.span, Effect.IGNORED, Level.ERROR if words.denies else Level.WARNING)
    if document.scope is Scope.VNET and document.value("policy_forward", "accept") == "drop":
        span = (document.setting("policy_forward") or document).span
        yield Note("forward-needs-nftables", message, span, Effect.IGNORED, Level.ERROR)


def _groups(site: Site, document: Document) -> Iterator[Note]:
    """Calls of groups that are not there."""
    if site.cluster is None or site.cluster.partial:
        return
    classic = Backend.CLASSIC in site.backends(document)
    known = {each.name.lower() if classic else each.name for each in site.cluster.groups}
    folded = {each.name.lower(): each.name.lower() if classic else each.name for each in site.cluster.groups}
    for judged, words in _rules(site, document):
        name = words.action.text
        if words.direction != "GROUP" or name in known or judged.troubles:
            continue
        if name.lower() in folded:
            message = f"there is no group {name}: it is known as {folded[name.lower()]}; what it should decide goes on to the next rule"
            yield Note("name-case", message, words.action.span, Effect.DROPPED, Level.ERROR)
        else:
            message = f"there is no group {name[:40]}: it is empty, and what it should decide goes on to the next rule"
            yield Note("undefined-reference", message, words.action.span, Effect.DROPPED, Level.ERROR)


_OF_PRODUCT = ("management", "blacklist", "local_network")


def _unused(site: Site) -> Iterator[Note]:
    """Names that nothing uses; those of the cluster may be used by guests whose files are not here."""
    used = {word.lower() for document in site.documents for word in _used(site, document)}
    for document in (*((site.cluster,) if site.cluster is not None and site.guests else ()), *site.guests.values()):
        named = [("alias", each.name, each.span) for each in document.aliases]
        named += [("set", each.name, each.span) for each in document.sets if not each.name.lower().startswith("ipfilter-net")]
        named += [("group", each.name, each.span) for each in document.groups]
        for kind, name, span in named:
            if f"{kind} {name.lower()}" not in used and name.lower() not in _OF_PRODUCT:
                message = f"no rule and no set that was read uses the {kind} {name}"
                yield Note("unused-definition", message, span, Effect.IGNORED, Level.NOTE)


def _used(site: Site, document: Document) -> Iterator[str]:
    """The names that a file refers to, with their kinds."""
    for _, words in _rules(site, document):
        if words.direction == "GROUP":
            yield f"group {words.action.text}"
        for option, word in words.options:
            if option in ("source", "dest"):
                kind = "set" if word.text.startswith("+") else "alias"
                yield f"{kind} {word.text.removeprefix('+').rpartition('/')[2]}"
    for ipset in document.sets:
        for entry in ipset.entries:
            yield f"alias {entry.text.rpartition('/')[2]}"


# -- guests


def _name(number: str, machine: Machine | None) -> str:
    return f"{machine.name} ({number})" if machine is not None and machine.name else f"guest {number}"


def _guest(site: Site, number: str, document: Document) -> Iterator[Note]:
    """The switches of a guest that has rules."""
    machine = site.machines.get(number)
    stated = bool(document.rules) or any(each.name == "policy_in" and each.span != document.span for each in document.settings)
    if not stated:
        return
    name = _name(number, machine)
    if document.value("enable", "0") != "1" and document.doubt("enable") is None:
        place = document.setting("enable")
        message = f"{name} is not filtered: its rules count only with enable: 1 in [OPTIONS]"
        yield Note("guest-disabled", message, place.span if place else document.span, Effect.IGNORED, Level.ERROR)
    nics = machine.nics if machine is not None else None
    if nics is None:
        message = f"whether {name} is filtered depends on firewall=1 at its network device, which is not in these files"
        yield Note("nic-firewall-unknown", message, document.span, Effect.UNKNOWN, Level.NOTE)
    for nic in nics or ():
        if nic.filtered is False:
            message = f"{name} has rules in {document.path}, and {nic.name} has no firewall=1: nothing of it is filtered"
            related = (("the rules", document.span),)
            yield Note("nic-firewall-off", message, nic.span, Effect.IGNORED, Level.ERROR, related)


def _cluster_off(site: Site) -> Iterator[Note]:
    """Rules and policies in a cluster that is switched off."""
    cluster = site.cluster
    if cluster is None or switched_on(cluster, cluster.span) is not False:
        return
    written = next((each.path for each in site.documents if each.rules or each.setting("policy_in") is not None), None)
    if written is not None:
        switch = cluster.setting("enable")
        message = (
            f"the firewall of the whole cluster is off without enable: 1 in [OPTIONS]: nothing of {written} counts, and every packet passes"
        )
        yield Note("cluster-disabled", message, switch.span if switch else cluster.span, Effect.IGNORED, Level.ERROR)


def _unfiltered(site: Site) -> Iterator[Note]:
    """Devices without the switch, of guests without rules, where the firewall is in use and nobody said that it is meant."""
    if site.cluster is None or switched_on(site.cluster, site.cluster.span) is not True:
        return
    for number, machine in site.machines.items():
        if number in site.guests:
            continue
        for nic in machine.nics or ():
            if nic.filtered is False and not nic.stated:
                message = f"{_name(number, machine)} {nic.name} has no firewall=1: it is not filtered"
                yield Note("nic-firewall-off", message, nic.span, Effect.IGNORED, Level.NOTE)


def _not_for_guests(site: Site) -> Iterator[Note]:
    """Rules of cluster.fw by which somebody means to protect a guest."""
    cluster = site.cluster
    if cluster is None or switched_on(cluster, cluster.span) is not True:
        return
    inward = [
        (judged, words)
        for judged in site.judged(cluster, cluster.rules)
        if (words := judged.words) is not None and words.enabled and words.direction == "IN" and judged.read_by(Backend.CLASSIC)
    ]
    addressed: set[Span] = set()
    for _, words in inward:
        guest = _guest_at(site, cluster, words)
        if guest is not None:
            addressed.add(words.span)
            message = f"rules of cluster.fw are for the nodes: this one never reaches {_name(guest.number, guest)}"
            yield Note("cluster-rule-not-for-guests", message, words.span, Effect.IGNORED, Level.ERROR if words.denies else Level.WARNING)
    open_ = [number for number in dict.fromkeys((*site.guests, *site.machines)) if _open(site, number)]
    denial = next((words for _, words in inward if words.denies and words.span not in addressed), None)
    if denial is not None and open_:
        told = ", ".join(_name(number, site.machines.get(number)) for number in open_[:3]) + (" and others" if len(open_) > 3 else "")
        message = f"rules of cluster.fw are for the nodes: this one does not protect {told}, where nothing is dropped"
        yield Note("cluster-rule-not-for-guests", message, denial.span, Effect.IGNORED, Level.WARNING)


def _guest_at(site: Site, cluster: Document, words: Written) -> Machine | None:
    word = words.option("dest")
    found = addresses(word, Names(cluster, cluster, Backend.CLASSIC)) if word is not None else None
    if not isinstance(found, Held):
        return None
    return next((each for each in site.machines.values() if intersect_intervals(held(each.nics or ()), found.intervals)), None)


def _open(site: Site, number: str) -> bool:
    """Whether a guest has no rules and lets everything in."""
    document, machine = site.guests.get(number), site.machines.get(number)
    if document is not None and document.rules:
        return False
    filtered = document is not None and document.value("enable", "0") == "1" and document.value("policy_in", "drop") != "accept"
    switched = machine is None or machine.nics is None or all(nic.filtered is not False for nic in machine.nics)
    meant = machine is not None and machine.nics is not None and all(nic.stated for nic in machine.nics)
    return not (filtered and switched) and not (document is None and meant)


# -- backends


def _management(site: Site) -> Iterator[Note]:
    """Denials of the node's own services, which one backend asks before and the other behind its own permits."""
    if site.usual != BOTH:
        return
    documents = [document for document in (*site.hosts.values(), site.cluster) if document is not None]
    for document in documents:
        names = Names(document, site.cluster, Backend.CLASSIC)
        for judged in site.judged(document, document.rules):
            words = judged.words
            if words is None or not words.enabled or words.direction != "IN" or not words.denies or not judged.read_by(Backend.CLASSIC):
                continue
            if condition(words, names).settle(lambda _: None).maybe.meets(MANAGEMENT):
                message = "with nftables the management ports are accepted from the management set before this rule, by iptables behind it"
                yield Note("backend-differs", message, words.span, Effect.UNKNOWN, Level.NOTE)
                return
