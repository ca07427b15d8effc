"""What pf does with rules, shared by the two firewalls built on it.

pf goes through its rules in order and the *last* one that matches decides, unless an earlier matching one says `quick`; with no match the
packet passes; `match` rules never decide. `order.first_match` turns that into the first-match list it equals, exactly. Filters see a packet
after destination translation on its way in. A table's longest prefix decides; `{ !a !b }` is the union of the complements; a pass rule
without a state keyword keeps state. What is loaded at run time (a table filled by a daemon, a name, a downloaded list) is `Addresses` with
a sure and a possible part.

    addresses   sets of addresses with a sure and a possible part: literals, tables, families
    ports       ports as pf writes them: numbers, ranges, operators, service names
    names       the words of pf: protocols, ICMP types, services
    matching    what a rule asks of a packet, as the model's condition: family, protocol, peers and their negation, ports, ICMP types
    order       the first-match form of last match with quick
    ruleset     a ruleset's lines, and the filter of one interface and direction made of them
"""
