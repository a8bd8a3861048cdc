"""Captions into words, as the Penn Treebank has them and as COCO's evaluation counts them."""

import re
from functools import lru_cache
from itertools import zip_longest

__all__ = ["PUNCTUATION", "forget_words", "tokenize"]

PUNCTUATION = frozenset(["''", "'", "``", "`", ".", "?", "!", ",", ":", "-", "--", "...", ";"])
"""Tokens that COCO's evaluation leaves out. Brackets stay, as "-lrb-" and "-rrb-", and so do "?!" and "%"."""

MEMORY = 1 << 17


def tokenize(caption: str) -> list[str]:
    """The lower-case words of a caption, without punctuation.

    The rules are those of the Penn Treebank as Stanford's PTBTokenizer 3.4.1 applies them: "can't" is "ca"
    and "n't", "dog's" is "dog" and "'s", "cannot" is "can" and "not"; "t-shirt", "3.5", "1/2", "u.s.", "mr."
    and "site.com" are one word, "5%" is two; typographic quotes and dashes count as plain ones. Then what is
    in PUNCTUATION is left out. What lies outside of Unicode's first plane, such as most emoji, is left out
    too, as it is there. Ours differs where a token there has a space in it (a telephone number, "3 1/2", a
    tag with attributes): it is split.

    Args:
        caption: one caption; line ends count as spaces.

    Shape:
        of an empty caption, or one of punctuation only: no words.
    """
    chunks = caption.split()
    words: list[str] = []
    for chunk, following in zip_longest(chunks, chunks[1:], fillvalue=""):
        if chunk.lower() in BEFORE_NUMBERS and following[:1].isdecimal():
            words.append(chunk.lower())
        else:
            words += _words(chunk)
    return words


def forget_words() -> None:
    """Free the memory of pieces of text that came before, which makes the next ones slower."""
    _words.cache_clear()


@lru_cache(MEMORY)
def _words(chunk: str) -> tuple[str, ...]:
    """The words of a piece of text without spaces."""
    return tuple(
        word
        for match in TOKEN.finditer(chunk)
        for word in _spelt(match[0].lower()).split()
        if word not in PUNCTUATION
    )


def _spelt(token: str) -> str:
    """A token as the Penn Treebank writes it."""
    if token in SPELT:
        return SPELT[token]
    return "".join(SPELT.get(sign, sign) for sign in token) if MARKED.search(token) else token


SPELT = {
    "(": "-lrb-",
    ")": "-rrb-",
    "[": "-lsb-",
    "]": "-rsb-",
    "{": "-lcb-",
    "}": "-rcb-",
    **dict.fromkeys("’›", "'"),
    **dict.fromkeys("‘‹", "`"),
    **dict.fromkeys("“«", "``"),
    **dict.fromkeys(("”", "»", '"', "&quot;"), "''"),
    **dict.fromkeys("–—―", "--"),
    **{f"’{end}": f"'{end}" for end in ("s", "m", "d", "re", "ve", "ll")},
    "n’t": "n't",
    "n‘t": "n`t",
    "…": "...",
    "\u00ad": "",
    "&nbsp;": "",
    "&apos;": "'",
    "&amp;": "&",
    "&lt;": "<",
    "&gt;": ">",
    "€": "$",
    "£": "#",
    "¢": "cents",
    "¼": "1/4",
    "½": "1/2",
    "¾": "3/4",
    "⅓": "1/3",
    "⅔": "2/3",
    "gonna": "gon na",
    "gotta": "got ta",
    "lemme": "lem me",
    "gimme": "gim me",
    "wanna": "wan na",
    "'tis": "'t is",
    "'twas": "'t was",
}
"""Tokens, and signs within them, that are written in another way; a space parts words."""

MARKED = re.compile(r"[()\u00ad]")
"""The signs that tokens of several signs may hold."""

BEFORE_NUMBERS = frozenset(["no.", "nos.", "fig.", "figs.", "pp.", "op.", "art.", "ca.", "prop."])
"""Abbreviations before a number, words elsewhere."""

ABBREVIATIONS = (
    "adj|adm|adv|ala?|alex|apr|ariz|assn|asst|attys?|aug|ave|bhd|bldg|blvd|brig|bros|calif|capt|cf|cie|cmdr|"
    "cols?|colo|conn|corp|cos?|cpl|ct|dak|dec|dept|det|drs?|elec|ens|esq|est|etc|ext|feb|fla|fri|ft|ga|gen|"
    "govs?|hon|inc|ind|insp|intl|invt|jan|jos|jr|jul|jun|kans?|ky|lt|ltd|maj|mar|md|messrs|mfg|mich|minn|mlle|"
    "mme|mo|mon|mont|mrs?|ms|msgr|mt|mtg|natl|neb|nev|nov|oct|okla|penn|pfc|ph|plc|pp?tes?|pp?tys?|pres|prof|"
    "pvt|rd|reps?|rev|rt|sens?|sept?|seq|sfc|sgt|spc|sq|sr|ste?|supt|sys|tel|tenn|thurs?|tues?|univ|va|vs|vt|"
    "wed|wisc?|wm|wyo"
)
"""The full stop after these belongs to them."""

STATES = "Ark|Az|Del|Ill|La|Mass|Miss|Ore|Pa|Tex|Wash"
"""The same of these with a capital, which are words without."""

NO_LETTER = r"\u00b2\u00b3\u00b9\u00bc-\u00be\u2070-\u209f\u2150-\u218f\u2460-\u24ff"
LETTER = rf"(?:[^\W\d_{NO_LETTER}\U00010000-\U0010ffff]|[\u00ad\u0300-\u036f])"
SIGN = rf"(?:{LETTER}|\d)"
WORD = rf"{LETTER}{SIGN}*(?:_{SIGN}+)*"
APOSTROPHE = "['’]"
QUOTE = "['’‘`]"
END = rf"(?!{SIGN})"

TOKEN = re.compile(
    "|".join(
        [
            # Tags, addresses, faces.
            r"</?[A-Za-z][^<>]*>",
            r"&(?:amp|lt|gt|quot|apos|nbsp|#\d+);",
            r"https?://[^<>\"]*[^\s<>()\"'.,;:!?]",
            r"[A-Za-z0-9][^\s\"<>|(){}@]{0,63}@[^\s\"<>|(){}]+",
            rf"(?:[A-Za-z0-9-]{{1,63}}\.){{1,8}}(?:com|net|org|edu)(?:/[\w/.-]+\w)?{END}",
            r"[@#][A-Za-z_]+",
            r"[<>]?[:;=][-o*']?[()DPdpO\\{@|\[\]]" + END,
            r"[-^=~<>']_+[-^=~<>']",
            # Words of two words, and what has an apostrophe.
            r"(?i:can)(?=(?i:not)\b)",
            rf"(?i:cannot|gonna|gotta|lemme|gimme|wanna|'tis|'twas){END}",
            rf"(?i:more)(?='n{END})",
            rf"[A-Za-z]*[A-MO-Za-mo-z](?=(?i:n{QUOTE}t))",
            rf"(?i:n{QUOTE}t)[A-Za-z]*",
            rf"{WORD}(?=(?i:{APOSTROPHE}(?:[msd]|re|ve|ll)){END})",
            rf"(?i:{APOSTROPHE}(?:[msd]|re|ve|ll)){END}",
            rf"{APOSTROPHE}(?:em|till?|cause|n{APOSTROPHE}|n{END})",
            rf"{APOSTROPHE}(?:[2-9]0s|\d\d)(?![\w'\":])",
            rf"(?:[dDoOlLA-HJ-XZn]{APOSTROPHE}{LETTER}{{2}}{LETTER}*)",
            rf"{LETTER}+[aeiouyAEIOUY]{APOSTROPHE}[aeiouA-Z]{LETTER}*",
            rf"(?i:nor{APOSTROPHE}easter|c'mon|c{APOSTROPHE}est|li{APOSTROPHE}l|ev{APOSTROPHE}ry|s{APOSTROPHE}mores)",
            rf"(?i:dunkin|somethin|ol){APOSTROPHE}",
            rf"(?i:[ydlj]{APOSTROPHE})(?={LETTER})",
            # Numbers, and words with signs within.
            r"\d{1,4}-\d{1,4}/\d{1,4}",
            r"[A-Za-z0-9]+(?:-[A-Za-z]+){0,2}(?:/[A-Za-z0-9]+(?:-[A-Za-z]+){0,2}){1,2}",
            rf"{SIGN}(?:{SIGN}|[.,]){{0,63}}(?:-(?:[dDoOlL]{APOSTROPHE})?{SIGN}+)+",
            r"[A-Z]+(?:[+&][A-Z]+)+",
            r"[cCfF](?:\+\+|#)",
            r"[-+]?\d*(?:[.:,]\d+)+",
            r"(?i:no|nos|figs?|pp|op|art|ca|prop)\.(?=\d)",
            rf"{LETTER}(?:\.{LETTER})+\.{END}",
            rf"(?i:ph\.d|{ABBREVIATIONS})\.(?!{LETTER})",
            rf"(?:{STATES}|{STATES.upper()})\.{END}",
            rf"{WORD}(?:[.!?]{WORD})+",
            rf"{LETTER}\.",
            r"[A-Z]*\$",
            WORD,
            rf"\d+{SIGN}*|[-+]\d+",
            # Signs.
            r"_+|#+|\*+|<<|>>|[?!]+|-{5,}",
            r"[^\s\U00010000-\U0010ffff\ufe0f\u200b-\u200f\u2010-\u2015\ufeff]",
        ]
    )
)
