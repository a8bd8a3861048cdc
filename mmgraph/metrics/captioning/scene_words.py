"""The words by which captions are parsed: what plain English captions are made of."""

from mmgraph.metrics.captioning.stem import stem

__all__ = [
    "ADJECTIVES",
    "AUXILIARIES",
    "BREAKS",
    "COPULAS",
    "IRREGULAR",
    "JOINS",
    "NOUNS_IN_ING",
    "PHRASES",
    "PREPOSITIONS",
    "SKIPPED",
    "VERBS",
]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PHRASES = {
    ("in", "front", "of"): "in front of",
    ("on", "top", "of"): "on",
    ("on", "the", "top", "of"): "on",
    ("on", "the", "side", "of"): "beside",
    ("on", "the", "left", "of"): "left of",
    ("on", "the", "right", "of"): "right of",
    ("to", "the", "left", "of"): "left of",
    ("to", "the", "right", "of"): "right of",
    ("in", "the", "middle", "of"): "in",
    ("in", "the", "back", "of"): "in",
    ("left", "of"): "left of",
    ("right", "of"): "right of",
    ("next", "to"): "beside",
    ("close", "to"): "near",
    ("out", "of"): "out of",
}
PREPOSITIONS = _words(
    """
    about above across after against along alongside among amongst around at atop before behind below
    beneath beside besides between beyond by down during from in inside into like near of off on onto
    out outside over past through throughout to toward towards under underneath up upon via with within
    without
    """
)
SKIPPED = _words(
    """
    a all an another any both each either every few her his its many more most much my no other our
    several some such that the their these this those your 's ' what which who whom whose where there
    here he it she they we i you him them one very quite really also just not n't then -lrb- -rrb-
    together
    """
)
COPULAS = _words(
    """
    am are be been being is was were 're appears looks seems
    """
)
AUXILIARIES = _words(
    """
    can could did do does had has have 'll may might must shall should will would 've get gets got
    """
)
JOINS = _words(
    """
    and or & plus
    """
)
BREAKS = _words(
    """
    as because but if so than though when while
    """
)
ADJECTIVES = _words(
    """
    red orange yellow green blue purple violet pink brown black white gray grey silver golden beige tan
    cyan magenta turquoise maroon navy blond blonde dark bright light pale colorful colourful
    multicolored striped spotted checkered plaid floral big large huge giant tall long small little tiny
    short wide narrow thick thin tight loose high low deep shallow young old older elderly middle-aged
    new ancient antique vintage modern wooden metal metallic plastic rubber stone brick concrete leather
    wet dry dirty clean muddy dusty sandy snowy grassy rocky icy sunny clear cloudy foggy rainy windy
    hot cold warm cool open closed empty full round square rectangular circular curved straight flat
    steep happy sad angry smiling bald bearded shirtless barefoot naked male female asian african
    american chinese fluffy furry shiny rusty broken fresh ripe raw tasty delicious hungry busy crowded
    quiet loud beautiful pretty cute nice lovely handsome scary funny asleep awake alone ready different
    same similar double single two three four five six seven eight nine ten eleven twelve hundred dozen
    first second third front rear left right upper lower top bottom overhead outdoor indoor urban rural
    public electric professional hard soft
    """
)
VERBS = frozenset(
    map(
        stem,
        _words(
            """
    ride run sit stand walk play hold jump look wear eat fly lie lay ski surf skate skateboard swim
    climb throw catch hit swing kick carry pull push drive sleep smile watch wait pose perform read talk
    drink cook cut chase bite fight wrestle leap dive slide race cross enter leave reach touch feed pet
    hug kiss dance sing paint write use show contain cover surround face hang lean rest perch park
    travel move make take give point wave laugh cry bark splash dig grab open close fill serve prepare
    gather crowd stare gaze approach follow lead attempt try sail row paddle crouch kneel bend stretch
    balance bounce shake
    """
        ),
    )
)
NOUNS_IN_ING = _words(
    """
    building ceiling clothing string ring wing thing something anything nothing everything king wedding
    evening morning painting railing awning spring swing earring drawing stocking crossing opening
    duckling sibling sling icing frosting pudding dressing lightning parking housing siding flooring
    """
)
IRREGULAR = {
    "men": "man",
    "women": "woman",
    "children": "child",
    "kids": "child",
    "kid": "child",
    "people": "person",
    "feet": "foot",
    "teeth": "tooth",
    "mice": "mouse",
    "geese": "goose",
    "wolves": "wolf",
    "leaves": "leaf",
    "grey": "gray",
    "ran": "run",
    "sat": "sit",
    "stood": "stand",
    "held": "hold",
    "rode": "ride",
    "wore": "wear",
    "ate": "eat",
    "lying": "lie",
    "laying": "lie",
    "lays": "lie",
}
