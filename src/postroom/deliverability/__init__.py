"""Will the large receivers take the mail of a project? Records in, findings out: pure, but for `resolver`.

lookup        what the DNS says, as values, and who is asked
resolver      asks it over the network, in bounded time
spf           the record of the domain that bounces go to (spf_terms: its grammar; spf_check: who passes; spf_macros)
dkim          the public halves of the keys that sign
dmarc         the policy of From's domain, and alignment
organisation  which domain a name belongs to
mx, ptr, tls  can it get mail; is the sending address called by its name; is the server to be trusted
receivers     the rules of Gmail, Yahoo and Microsoft, as data
judge         all of it, for one channel
place, tags   where findings point to; lists of `name=value`
"""

from postroom.deliverability.dkim import Signing
from postroom.deliverability.judge import Judgement, Mailing, judge, ranked, without_network
from postroom.deliverability.place import Place
from postroom.deliverability.receivers import Verdict
from postroom.deliverability.resolver import Resolver
from postroom.deliverability.tls import Clear, Secured, Unsecured

__all__ = [
    "Clear",
    "Judgement",
    "Mailing",
    "Place",
    "Resolver",
    "Secured",
    "Signing",
    "Unsecured",
    "Verdict",
    "judge",
    "ranked",
    "without_network",
]
