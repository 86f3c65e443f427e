"""Conditions on articles and subscribers: `country is "DE" and tags has "ai"`, parsed, never run as code.

    condition  = both, { "or", both } ;
    both       = denied, { "and", denied } ;
    denied     = [ "not" ], ( "(", condition, ")" | claim ) ;
    claim      = name, [ "is", [ "not" ], value | "has", value | [ "not" ], "in", "(", values, ")" ] ;
    values     = value, { ",", value } ;
    value      = "text in quotes" | 'text in quotes' | number | "true" | "false" | "null" ;
    name       = letters, digits, "_" and "-", joined by dots: `draft`, `social.linkedin` ;

Keywords may be written in any case. A name alone holds when there is something: not null, not
empty, not 0, and not the text `false` or `no` (a CSV file knows only text).
"""

from postroom.condition.explaining import explain
from postroom.condition.grammar import parse
from postroom.condition.meaning import Condition
from postroom.condition.people import OWN, traits

__all__ = ["OWN", "Condition", "explain", "parse", "traits"]
