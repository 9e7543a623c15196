"""What the spelling rules of English do not know: irregular nouns and verbs, as tables. Pure data."""

from __future__ import annotations


def _pairs(table: str) -> dict[str, str]:
    """`one/many` by blanks; an underscore stands for a blank inside an entry."""
    return dict(pair.replace("_", " ").split("/") for pair in table.split())


def _words(table: str) -> frozenset[str]:
    return frozenset(table.split())


PLURALS = _pairs("""
    alumnus/alumni analysis/analyses appendix/appendices axis/axes bacterium/bacteria basis/bases
    brother-in-law/brothers-in-law cactus/cacti calf/calves child/children crisis/crises criterion/criteria
    curriculum/curricula datum/data diagnosis/diagnoses die/dice elf/elves emphasis/emphases foot/feet
    goose/geese grandchild/grandchildren half/halves he/they herself/themselves himself/themselves
    hypothesis/hypotheses index/indices is/are it/they itself/themselves knife/knives leaf/leaves life/lives
    loaf/loaves louse/lice man/men matrix/matrices medium/media memorandum/memoranda mouse/mice
    mother-in-law/mothers-in-law nucleus/nuclei oasis/oases ox/oxen parenthesis/parentheses person/people
    phenomenon/phenomena quiz/quizzes radius/radii scarf/scarves self/selves she/they shelf/shelves
    sheaf/sheaves sister-in-law/sisters-in-law father-in-law/fathers-in-law son-in-law/sons-in-law
    daughter-in-law/daughters-in-law stimulus/stimuli syllabus/syllabi synopsis/synopses thesis/theses
    thief/thieves this/these that/those tooth/teeth vertex/vertices wife/wives wolf/wolves woman/women
    addendum/addenda attorney_general/attorneys_general passer-by/passers-by passerby/passersby chassis/chassis
""")

UNCHANGING = _words("""
    aircraft athletics bison business-as-usual cattle clothing cod corps debris deer economics elk equipment
    ethics evidence fish furniture headquarters homework information insurance jewelry luggage mathematics means
    money moose news offspring pants physics police politics property-in-trust rice salmon scissors series sheep
    shorts shrimp software spacecraft species squid swine thanks trousers trout tuna wheat
""")
"""Nouns whose plural is the same word, or that have none."""

O_TAKES_S = _words("""
    auto avocado cameo casino combo condo disco duo dynamo embryo euro folio ghetto halo hippo kilo logo macro
    memo patio photo piano pimento portfolio pro quarto radio ratio retro rhino scenario solo soprano stereo
    studio taco tango tempo torso trio turbo tuxedo typo video violoncello zero
""")
"""Nouns in -o whose plural ends in -os."""

SINGULAR_IN_S = _words("""
    abacus alias apparatus asparagus atlas bias bonus bus callus campus canvas census chaos chorus christmas
    circus citrus consensus corpus cosmos exodus fetus focus fungus gas genius genus hiatus hippopotamus iris
    isthmus james kudos lens lotus minus mistress nexus nimbus octopus pancreas pathos platypus plus prospectus
    rebus sinus status surplus tennis terminus tetanus texas thesaurus thus trellis us uterus virus walrus yes
""")
"""Singular nouns that look like plurals."""

SINGULAR_IN_OE = _words("""
    aloe canoe doe floe foe hoe horseshoe oboe roe shoe toe woe
""")

SINGULAR_IN_IE = _words("""
    brownie calorie cookie genie hoodie lie movie pie prairie rookie selfie smoothie tie zombie
""")

MAN_IS_NO_MAN = _words("""
    german human norman ottoman roman shaman talisman
""")
"""Nouns in -man that take a plain s."""

MEN_IS_NO_PLURAL = _words("""
    abdomen acumen omen regimen semen specimen
""")

PAST = _pairs("""
    arise/arose awake/awoke bear/bore beat/beat become/became begin/began bend/bent bet/bet bid/bid bind/bound
    bite/bit bleed/bled blow/blew break/broke breed/bred bring/brought broadcast/broadcast build/built
    burst/burst buy/bought cast/cast catch/caught choose/chose cling/clung come/came cost/cost creep/crept
    cut/cut deal/dealt dig/dug do/did draw/drew drink/drank drive/drove eat/ate fall/fell feed/fed feel/felt
    fight/fought find/found flee/fled fly/flew forbid/forbade forecast/forecast foresee/foresaw forget/forgot
    forgive/forgave freeze/froze get/got give/gave go/went grind/ground grow/grew hang/hung have/had hear/heard
    hide/hid hit/hit hold/held hurt/hurt keep/kept know/knew lay/laid lead/led leave/left lend/lent let/let
    lie/lay lose/lost make/made mean/meant meet/met mistake/mistook overcome/overcame overtake/overtook pay/paid
    prove/proved put/put quit/quit read/read rid/rid ride/rode ring/rang rise/rose run/ran say/said see/saw
    seek/sought sell/sold send/sent set/set shake/shook shed/shed shine/shone shoot/shot show/showed shut/shut
    sing/sang sink/sank sit/sat sleep/slept slide/slid speak/spoke spend/spent spin/spun split/split
    spread/spread spring/sprang stand/stood steal/stole stick/stuck sting/stung strike/struck strive/strove
    swear/swore sweep/swept swim/swam swing/swung take/took teach/taught tear/tore tell/told think/thought
    throw/threw undergo/underwent understand/understood undertake/undertook undo/undid uphold/upheld upset/upset
    wake/woke wear/wore weave/wove weep/wept win/won wind/wound withdraw/withdrew withhold/withheld
    withstand/withstood write/wrote rewrite/rewrote overhear/overheard can/could may/might will/would
    shall/should must/must
""")
