"""Words by language that tell whether a sentence can stand alone, and whether it says something.

To teach another language, add an entry. A language without one is judged by form alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import regex


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """One language. All patterns ignore case.

    `dangling` are first words that point back to a sentence before or hang on it, `phrases` a
    pattern of such beginnings, `starts` beginnings in scripts without blanks. `points_back` finds
    words that may do so further on, `contrast` words that set one thing against another.
    """

    dangling: frozenset[str] = frozenset()
    phrases: regex.Pattern[str] | None = None
    starts: tuple[str, ...] = ()
    points_back: regex.Pattern[str] | None = None
    contrast: regex.Pattern[str] | None = None


def vocabulary(language: str) -> Vocabulary:
    """Find the words of a BCP 47 tag's language: those of `de` for `de-CH`."""
    return _VOCABULARIES.get(language.replace("_", "-").split("-")[0].lower(), _NONE)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _pattern(text: str) -> regex.Pattern[str]:
    return regex.compile(text, regex.IGNORECASE | regex.VERBOSE)


COMMON = _words(
    """
    the and for with from into how why what when who are was will can could should your our you not new all
    has
    have but its their der die das und für mit von wie warum ist nicht les des une pour avec que los las
    por para
    con del
    """
)
"""Words that tell nothing of a title's subject."""

_NONE = Vocabulary()

_ENGLISH = Vocabulary(
    dangling=_words(
        """
        but and or nor so yet also however therefore thus hence moreover furthermore additionally meanwhile
        instead otherwise nevertheless nonetheless still then consequently accordingly likewise similarly
        conversely besides indeed finally secondly thirdly lastly firstly another both neither either
        others such
        here this that these those it its he she they them their his her him hers theirs which whereas plus
        same
        yes ok okay
        """
    ),
    phrases=_pattern(
        r"""
        in\ (?:addition|contrast|other\ words|turn|short|fact|this|that|these|those|both|such|each)\b
        | as\ (?:a\ result|such|these|those|this|that|they|it|well)\b
        | for\ (?:example|instance|this|that|these|those)\b
        | (?:with|at|by|from|to|on|of|through|under|like|unlike|since|after|before|when|while|if|once|until)
          \ (?:this|that|these|those|it|they|he|she|them|such)\b
        | that\ said | on\ the\ (?:other|one)\ hand | by\ contrast | of\ course | after\ all | even\ so
        | at\ the\ same\ time | not\ only\ that | what(?:’s|'s|\ is)\ more
        | more\ (?:importantly|than\ that) | (?:first|second|third|next|again|no|well), | because\ [^,]*$
        | (?:one|some|most|many|all|none|each)\ of\ (?:them|these|those)
        | (?:some|many|most|all|none|each)\ (?:do|did|are|were)\b
        | the\ (?:latter|former|same|other|second|third|next|following|above|rest)\b
        | the\ (?:result|answer|reason|difference|effect|upshot)\ (?:is|was)\b
        """
    ),
    points_back=_pattern(
        r"\b(?:these|those|such\ an?|the\ latter|the\ former|its|their|they|them|he|she|his|her)\b"
    ),
    contrast=_pattern(
        r"""
        \b(?:(?:is|are|does|do|was|were|did|can|wo)n?[’']t | not | never | no\ longer | nothing | nobody
        | only
        | instead | rather\ than | without | until | unless | more\ than | less\ than | fewer | worse | better
        | cheaper | faster | wrong | myth | mistake | secret | yet | but)\b
        """
    ),
)

_GERMAN = Vocabulary(
    dangling=_words(
        """
        aber und oder doch sondern denn also jedoch daher deshalb deswegen darum somit folglich außerdem zudem
        ferner dennoch trotzdem stattdessen dann danach dabei dadurch dafür dagegen damit daran darauf daraus
        darin davon dazu hierbei hierfür hiermit so auch er sie ihre ihrem ihren ihrer sein seine dies diese
        dieser dieses diesem diesen jene jener jenes solche solcher beide beides erstens zweitens drittens
        schließlich weil hingegen allerdings ebenso nämlich ja nein
        """
    ),
    phrases=_pattern(
        r"""
        zum\ beispiel | im\ gegensatz | mit\ anderen\ worten | auf\ der\ anderen\ seite
        | das\ ergebnis\ ist | der\ grund
        | (?:das|die|der)\ (?:ist|sind|war|waren|wird|werden|hat|haben|kann|können|macht|machen|bedeutet|heißt
          |führt|zeigt|gilt|geht|klingt|liegt)\b
        | (?:in|mit|bei|von|aus|auf|nach|vor|für)\ (?:diese[mnrs]?|jene[mnrs]?|ihm|ihr|ihnen)\b
        """
    ),
    points_back=_pattern(r"\b(?:diese[mnrs]?|jene[mnrs]?|solche[mnrs]?|dessen|deren)\b"),
    contrast=_pattern(
        r"""
        \b(?:nicht | nie | niemals | keine?r? | nur | statt | sondern | ohne | mehr\ als | weniger | besser
        | schlechter | aber)\b
        """
    ),
)

_FRENCH = Vocabulary(
    dangling=_words(
        """
        mais et ou or donc car ni cependant pourtant toutefois ainsi alors aussi puis ensuite enfin il elle
        ils
        elles ce cet cette ces cela ça celui celle ceux celles leur leurs son sa ses y lui
        """
    ),
    phrases=_pattern(
        r"""
        en\ (?:outre|revanche|effet) | par\ (?:exemple|conséquent|contre) | d[’']ailleurs | de\ plus | c[’']
        | à\ cet
        """
    ),
    points_back=_pattern(r"\b(?:ces|cette|cet|celui-ci|celle-ci)\b"),
    contrast=_pattern(r"\b(?:pas|jamais|rien|seulement|sans|plutôt|moins|mieux|mais)\b"),
)

_SPANISH = Vocabulary(
    dangling=_words(
        """
        pero y o ni sino además también entonces así luego después esto este esta estos estas eso ese esa esos
        esas aquello él ella ellos ellas su sus ambos porque
        """
    ),
    phrases=_pattern(
        r"""
        sin\ embargo | por\ (?:ejemplo|lo\ tanto|eso|otro\ lado) | en\ (?:cambio|otras\ palabras) | de\ hecho
        """
    ),
    points_back=_pattern(r"\b(?:estos|estas|esos|esas|dich[oa]s?)\b"),
    contrast=_pattern(r"\b(?:no|nunca|nada|s[oó]lo|sin|menos|mejor|pero|sino)\b"),
)

_ITALIAN = Vocabulary(
    dangling=_words(
        """
        ma e o né però quindi dunque inoltre anche poi infine così questo questa questi queste quello
        quella essi
        esse lui lei loro suo sua suoi sue perché
        """
    ),
    contrast=_pattern(r"\b(?:non|mai|niente|solo|senza|meno|meglio|ma)\b"),
)

_PORTUGUESE = Vocabulary(
    dangling=_words(
        """
        mas e ou nem porém contudo portanto assim também então depois isso isto este esta estes estas esse
        essa
        esses essas ele ela eles elas seu sua seus suas porque
        """
    ),
    contrast=_pattern(r"\b(?:não|nunca|nada|só|sem|menos|melhor|mas)\b"),
)

_DUTCH = Vocabulary(
    dangling=_words(
        """
        maar en of want dus echter daarom daardoor ook dan daarna hij zij ze dit dat deze die zijn haar hun
        beide
        omdat bovendien toch
        """
    ),
    contrast=_pattern(r"\b(?:niet|nooit|niets|alleen|zonder|minder|beter|maar)\b"),
)

_JAPANESE = Vocabulary(
    starts=(
        *(
            "しかし",
            "そして",
            "また",
            "だから",
            "つまり",
            "さらに",
            "ただし",
            "ところが",
            "それ",
            "これ",
            "この",
        ),
        *(
            "その",
            "あの",
            "そこ",
            "ここ",
            "こう",
            "そう",
            "一方",
            "例えば",
            "たとえば",
            "したがって",
            "なお",
            "彼",
        ),
        *("なぜなら", "すると", "では", "でも"),
    ),
    contrast=_pattern("ない|なく|だけ|より|しか"),
)

_CHINESE = Vocabulary(
    starts=(
        *("但", "然而", "而且", "因此", "所以", "此外", "另外", "这", "那", "它", "他", "她", "例如", "比如"),
        *("不过", "同时", "其", "該", "這", "於是"),
    ),
    contrast=_pattern("不|没|沒|只|更"),
)

_VOCABULARIES: Mapping[str, Vocabulary] = {
    "en": _ENGLISH,
    "de": _GERMAN,
    "fr": _FRENCH,
    "es": _SPANISH,
    "it": _ITALIAN,
    "pt": _PORTUGUESE,
    "nl": _DUTCH,
    "ja": _JAPANESE,
    "zh": _CHINESE,
}
