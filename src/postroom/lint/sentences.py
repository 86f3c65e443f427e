"""Tell where sentences end: what rendering cuts by and what the checks count.

A rule of thumb in every language, leaning one way: where it is unsure it does not cut, so a
sentence that is drawn from an article may come out long but never broken.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import regex

_ENDS = ".!?…。！？｡؟۔।"
_FULL_WIDTH = "。！？｡"
_CLOSERS = "\"'”’»«›)\\]}」』）】"
_OPENERS = "\"'“”‘’„«»‹›(\\[{「『（【¿¡*–—-"

_STOP = regex.compile(rf"[{_ENDS}]+[{_CLOSERS}]*")
_END = regex.compile(rf"[{_ENDS}][{_CLOSERS}]*$")
_QUESTION = regex.compile(rf"(?:[?？؟][!！]?|か。|[吗嗎呢]。)[{_CLOSERS}]*$")

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
# Read from right to left, from the end of the stretch that is given.
_WORD_BEFORE = regex.compile(r"(?r)[^\s(\"“„‘'«\[—–]*")
_BLANK_BEFORE = regex.compile(r"(?r)\s*")
_RUNS_ON = regex.compile(rf"[{_FULL_WIDTH}][」』）”]*$")
_FIRST_WORD = regex.compile(rf"[{_OPENERS}\s]*([\p{{L}}\p{{M}}\p{{N}}’']+)")


def split(text: str, language: str = "en") -> tuple[str, ...]:
    """Split one paragraph of plain text into its sentences.

    Each keeps its closing marks and is stripped of blank space around it; joined by a space
    (by nothing in Chinese and Japanese) they give the paragraph back. `language` is a BCP 47 tag.
    """
    text = text.rstrip()
    sentences: list[str] = []
    start = 0
    for stop in _stops(text):
        if _is_end(text, start, stop, language):
            sentences.append(text[start : stop.end()].strip())
            start = stop.end()
    sentences.append(text[start:].strip())
    return tuple(sentence for sentence in sentences if sentence)


def ends_sentence(text: str) -> bool:
    """Whether the text closes with the mark of a sentence, also inside a closing quote."""
    return _END.search(text.rstrip()) is not None


def is_question(text: str) -> bool:
    """Whether the text closes as a question, in any script."""
    return _QUESTION.search(text.rstrip()) is not None


def joined(sentences: Iterable[str]) -> str:
    """Write sentences one after the other: with a space between, unless the script has none."""
    written: list[str] = []
    mark = ""  # the full-width one that ends what is written, if one does
    for sentence in sentences:
        if written and not mark:
            written.append(" ")
        if sentence or written:
            written.append(sentence)
        mark = "。" if _RUNS_ON.search(mark + sentence) else ""
    return "".join(written)


# A paragraph may hold a hundred thousand stops and no end of a sentence: for none of them is the text
# read from where it begins, nor to where it ends.


def _stops(text: str) -> Iterator[regex.Match[str]]:
    """Tell the marks that may end a sentence, but for those within quotation marks or brackets."""
    enclosed = _ENCLOSED.finditer(text)
    left = right = 0
    for stop in _STOP.finditer(text):
        while right <= stop.end() and (following := next(enclosed, None)):
            left, right = following.span()
        if not left < stop.end() < right:
            yield stop


def _is_end(text: str, start: int, stop: regex.Match[str], language: str) -> bool:
    if stop.end() == len(text):
        return True
    mark = stop.group()
    if mark[-1] in _FULL_WIDTH:
        return True
    if not text[stop.end()].isspace():
        return False
    first = _FIRST_WORD.match(text, stop.end())
    if first is None or _goes_on(first.group(1)):
        return False
    if mark.rstrip("\"'”’»«›)]}") != ".":
        return True
    last = _WORD_BEFORE.match(text, start, stop.start())
    return last is not None and _full_stop_ends(last, start, first.group(1), language)


def _goes_on(word: str) -> bool:
    """Whether a word continues a sentence: it is in lower case, and no name such as iPhone."""
    return word[0].islower() and not any(letter.isupper() for letter in word[1:])


def _full_stop_ends(last: regex.Match[str], start: int, following: str, language: str) -> bool:
    word = last.group()
    folded = word.casefold()
    if not word or folded in _NEVER_LAST:
        return False
    if folded in _BEFORE_NUMBER:
        return not following[0].isdigit()
    if folded in _SOMETIMES_LAST or (_INITIALS.fullmatch(word) and word != "I"):
        return following.casefold() in _BEGINNERS
    if _ORDINAL.fullmatch(word):
        return not (_opens(last, start) or language.split("-")[0] in _ORDINAL_LANGUAGES)
    return True


def _opens(word: regex.Match[str], start: int) -> bool:
    """Whether nothing but blank space stands between `start` and a word."""
    blank = _BLANK_BEFORE.match(word.string, start, word.start())
    return blank is not None and blank.start() == start
