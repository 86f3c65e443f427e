"""Will the large receivers take the mail of a project? Records in, findings out: pure.

lookup        what the DNS says, as values, and who is asked
spf           the record of the domain that bounces go to (spf_terms: its grammar; spf_check: who passes; spf_macros)
place, tags   where findings point to; lists of `name=value`
"""
