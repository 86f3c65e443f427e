"""Tell where sentences end: what rendering cuts by and what the checks count.

A rule of thumb in every language, leaning one way: where it is unsure it does not cut, so a
sentence that is drawn from an article may come out long but never broken.
"""

from __future__ import annotations

import regex

_ENDS = ".!?…。！？｡؟۔।"
_FULL_WIDTH = "。！？｡"
_CLOSERS = "\"'”’»«›)\\]}」』）】"
_OPENERS = "\"'“”‘’„«»‹›(\\[{「『（【¿¡*–—-"

_STOP = regex.compile(rf"[{_ENDS}]+[{_CLOSERS}]*")

# What is quoted or put in brackets is never cut open.
_ENCLOSED = regex.compile(
    r"„[^„“”]{1,600}[“”]|“[^“”]{1,600}”|\"[^\"]{1,600}\"|«[^«»]{1,600}»|»[^«»]{1,600}«"
    r"|「[^「」]{1,600}」|『[^『』]{1,600}』|\([^()]{1,600}\)|（[^（）]{1,600}）|\[[^\[\]]{1,600}\]"
)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Followed by more of the same sentence, whatever letter comes next.
_NEVER_LAST = _words(
    "mr mrs ms dr prof rev gen sen gov capt lt sgt st mt messrs mme mlle hon vs cf e.g i.e viz approx "
    "hr fr z.b d.h u.a s.o s.u o.ä u.ä vgl bzw sog evtl ggf inkl exkl zzgl sr sra srta dra ud uds "
    "p.ex dott avv"
)
# Not the end when a number follows.
_BEFORE_NUMBER = _words(
    "no nos nr fig figs eq p pp s vol vols ch sec art abb kap bd ca al ver max min tel str "
    "jan feb mar apr jun jul aug sep sept oct okt nov dec dez"
)
# May end a sentence; then a word follows that commonly begins one.
_SOMETIMES_LAST = _words("inc ltd co corp llc plc jr sr bros a.m p.m b.c a.d ph.d m.d b.a m.a")
_BEGINNERS = _words(
    "the a an it he she we they you i this that these those there here in on at for but and so yet if when "
    "while as after before since what who why how where our his her their its my your not no one some many "
    "most however then now to by with from der die das ein eine es er sie wir ihr ich und aber doch wenn als "
    "im in am auf le la les un une il elle nous vous el los las una"
)
# Languages that write an ordinal as "3." before its noun.
_ORDINAL_LANGUAGES = _words("de da nb nn no fi cs sk pl sl hr bs sr hu et lv is tr")
_INITIALS = regex.compile(r"(?:\p{L}\.)*\p{L}")
_ORDINAL = regex.compile(r"\d{1,2}")
_FIRST_WORD = regex.compile(rf"[{_OPENERS}\s]*([\p{{L}}\p{{M}}\p{{N}}’']+)")


def split(text: str, language: str = "en") -> tuple[str, ...]:
    """Split one paragraph of plain text into its sentences.

    Each keeps its closing marks and is stripped of blank space around it; joined by a space
    (by nothing in Chinese and Japanese) they give the paragraph back. `language` is a BCP 47 tag.
    """
    enclosed = [match.span() for match in _ENCLOSED.finditer(text)]
    sentences: list[str] = []
    start = 0
    for stop in _STOP.finditer(text):
        end = stop.end()
        if any(left < end < right for left, right in enclosed):
            continue
        if _is_end(text, start, stop, language):
            sentences.append(text[start:end].strip())
            start = end
    sentences.append(text[start:].strip())
    return tuple(sentence for sentence in sentences if sentence)


def ends_sentence(text: str) -> bool:
    """Whether the text closes with the mark of a sentence, also inside a closing quote."""
    return regex.search(rf"[{_ENDS}][{_CLOSERS}]*$", text.rstrip()) is not None


def is_question(text: str) -> bool:
    """Whether the text closes as a question, in any script."""
    return regex.search(rf"(?:[?？؟][!！]?|か。|[吗嗎呢]。)[{_CLOSERS}]*$", text.rstrip()) is not None


def joined(sentences: tuple[str, ...] | list[str]) -> str:
    """Write sentences one after the other: with a space between, unless the script has none."""
    text = ""
    for sentence in sentences:
        gap = "" if not text or regex.search(rf"[{_FULL_WIDTH}][」』）”]*$", text) else " "
        text += gap + sentence
    return text


def _is_end(text: str, start: int, stop: regex.Match[str], language: str) -> bool:
    after = text[stop.end() :]
    if not after.strip():
        return True
    mark = stop.group()
    if mark[-1] in _FULL_WIDTH:
        return True
    if not after[0].isspace():
        return False
    first = _FIRST_WORD.match(after)
    if first is None or _goes_on(first.group(1)):
        return False
    return mark.rstrip("\"'”’»«›)]}") != "." or _full_stop_ends(
        text[start : stop.start()], first.group(1), language
    )


def _goes_on(word: str) -> bool:
    """Whether a word continues a sentence: it is in lower case, and no name such as iPhone."""
    return word[0].islower() and not any(letter.isupper() for letter in word[1:])


def _full_stop_ends(before: str, following: str, language: str) -> bool:
    last = regex.search(r"[^\s(\"“„‘'«\[—–]*$", before)
    word = last.group() if last else ""
    folded = word.casefold()
    if not word or folded in _NEVER_LAST:
        return False
    if folded in _BEFORE_NUMBER:
        return not following[0].isdigit()
    if folded in _SOMETIMES_LAST or (_INITIALS.fullmatch(word) and word != "I"):
        return following.casefold() in _BEGINNERS
    if _ORDINAL.fullmatch(word):
        return not (before.strip() == word or language.split("-")[0] in _ORDINAL_LANGUAGES)
    return True
