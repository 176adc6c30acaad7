"""
Words to say aloud: a secret that is told over the telephone, or kept on paper.

Rule 1: nobody has to spell. The list holds 1,296 ordinary English words of four to
eight letters, all plain ASCII. No two of them begin with the same four letters, none
is another with one slip (a letter wrong, missing, added, or two exchanged), and words
that sound alike under different spellings were left out.

Rule 2: a slip is never read as another word. It is refused, with the word that was
probably meant.

The list is part of the format: it never changes. Words are digits to the base 1,296,
the most significant first, so four words are a number below 1,296 to the fourth: 41 bits.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from whisker_sync.errors import UnknownWord

MAX_TYPED = 24
"""Letters of what was typed that a message repeats."""


def to_words(number: int, count: int) -> tuple[str, ...]:
    """
    A number as ``count`` words.

    Raises:
        ValueError: It is negative, or too large for so many words.
    """
    if not 0 <= number < len(WORDS) ** count:
        raise ValueError(f"{number} is no number of {count} words")
    digits = []
    for _ in range(count):
        number, digit = divmod(number, len(WORDS))
        digits.append(WORDS[digit])
    return tuple(reversed(digits))


def to_number(words: Sequence[str]) -> int:
    """
    The number that words from the list spell.

    Raises:
        UnknownWord: One of them is not in the list.
    """
    number = 0
    for word in words:
        digit = _DIGITS.get(word)
        if digit is None:
            raise UnknownWord(word[:MAX_TYPED], meant(word))
        number = number * len(WORDS) + digit
    return number


def typed(text: str) -> tuple[str, ...]:
    """
    What somebody typed, word for word: case, hyphens, commas and spaces do not matter.

    The words need not be in the list: :func:`to_number` says so.
    """
    return tuple("".join(c if c.isalnum() else " " for c in text.lower()).split())


def meant(word: str) -> str:
    """The word of the list that ``word`` is probably a slip of; empty: there is none."""
    near = difflib.get_close_matches(word[:MAX_TYPED], WORDS, n=1, cutoff=0.7)
    return near[0] if near else ""


_LISTED = """
ability absence academy accent account achieve acorn acrobat acrylic active actor adapt address
admiral advice aerial affair agent agile airport alarm album alcove alder alert algebra alien
allow almanac almond alphabet alpine alto amaze amber amount amulet analog anchor android angel
ankle annual anorak answer antenna anthem antler anvil anybody apology appeal apple approve
apricot apron aquarium arcade archer arctic arena argue arise armchair aroma around arrange arrow
artist aside aspen asphalt assist assume asteroid athlete atlas atom attend attic attract auction
audio author autumn avenue average avid avocado awake award awesome axis azure baboon baby
backbone badge bagpipe baker balance balcony ballad bamboo banana bandage banjo banner banquet
baobab bargain baritone barley barn barrel basalt basement bashful basil basket bassoon bathtub
baton battery bazaar beacon beagle bean beard beauty beaver become bedroom beetle before bell
bench bicycle billow biology birch birthday biscuit blanket blizzard blossom blouse boat bobcat
bonfire bonnet bonsai book border botany bottle boulder bouquet bowl boxer bracelet bramble branch
brass breeze brick bridge broccoli bronze broom brother brush bubble bucket budget buffalo bugle
bulldog bumper bundle bungalow burger burrow butler button buzzard cabbage cabin cable cactus
cadet cafe calcium calendar calf camel campus canal candle canoe canteen canvas canyon captain
caramel cardinal cargo caribou carnival carol carpet carriage carton cascade cashew castle catfish
cavern cedar celery cello cement census century ceramic chain chalk chamber channel charcoal
cheese chemist cherry chess chicken chief chimney chipmunk chorus cider cinema cinnamon circle
citadel citizen citrus city clarinet clay cliff climate clinic cloak cloth cloud clover coach
coast cobalt cobbler cobra cockpit coconut coffee coin collar comet comma compass concert condor
confetti cookie copper coral cork corner cosmos cottage cougar county courier cousin cowboy coyote
cradle crane crater crayon cream crescent cricket crimson crossbow crow cruise crystal cuckoo
cucumber cupboard curator curry curtain cushion cyclone cypress daffodil dahlia dairy dance
darkroom daughter dawn daylight debate decade decimal deck degree delta dentist depot deputy derby
diagram diamond diesel dignity dinner dinosaur diploma director disco dish diver doctor dolphin
domain dome domino donkey doorbell dozen dragon drama drawer dress drift drizzle drum duchess duet
duffel dune dungeon dusk dynamo earring earth easel easter echo eclipse economy elbow elegant
elephant elevator elixir email emblem emerald enamel energy engine engraver envelope epic episode
epoch equator eraser escape essay estate estuary evening exhibit exit explorer express eyebrow
eyelash fabric factory falcon family farmer fashion faucet feast feather fence fennel fern ferry
festival fiber fiction fiddle field figure film filter finch finger fire fjord flag flame flannel
flask fleece flint flood flora flute foam focus folder folklore fondue football forest forge
formula fort fossil fountain fragment freckle freedom freight fringe frog frost fruit fudge
furnace fusion future gadget galaxy gallery game garage garden gargoyle garlic garment garnet
gazebo gecko general genius geode geology gerbil geyser ghost giant gift giraffe glacier glade
glass glider globe glory glue goblet gold gondola goose gopher gown grain granite grape gravel
green griffin grocer grotto group grove guardian guide guitar gulf gymnast habit haiku halo hammer
hamster hand hardware harmony harp harvest hatchet hawk hazel health heaven hedge helmet hemlock
herald herb hermit heron herring hexagon hiccup hickory highway hill hinge hippo history hive
hobby hockey holiday hollow honey hood horizon hornet hotel hound house hula human humble hummus
hundred hunter hurdle husky hyacinth hydrant hyena ibex icicle icing icon idea idiom igloo iguana
image impala incense income index indigo inkwell inlet insect interval invent iris island ivory
jackal jaguar jargon jasmine jazz jeans jelly jersey jester jewel jigsaw joint joke journal
jubilee juggler juice jukebox jumbo jungle junior kangaroo karate kayak kebab kelp kestrel ketchup
kettle keyboard kilt kindle king kiosk kitchen kite kitten kiwi koala label lace lacquer ladder
lady lagoon lamb language lantern larch lark laser lasso lattice laundry laurel lavender leaf
league lecture ledger legend legume leisure lemon lemur lens lentil leopard letter level library
lichen lilac lily limerick limit limpet linen lion liquid list lizard llama lobster local locket
locust lodge logic lollipop lotus lounge luggage lullaby lumber lunar lunch lupine luxury lyric
macaroni machine magazine magenta magic magma magnet magpie mahogany mailbox major mammal manager
mango mansion mantis manual maple marathon marble margin marigold market marmot maroon marsh
mascot mask mason matador match meadow meal medicine medley melody member memory menu mercury
mermaid meteor method metro midnight milk mimosa mineral minister minnow mint minute miracle
mirror mission mixture mobile moccasin model mohair molecule moment monarch mongoose monk monsoon
monument moon mortar mosaic moss moth motor movie muffin mulberry museum mushroom music mustard
mystery nacho napkin narrator narwhal nation nature nautilus navy nebula necklace nectar needle
nephew nest network neutron news nickel niece nimbus noble nomad noodle nordic north notebook
novel nozzle nurse nutmeg nutshell nylon nymph oasis oatmeal obelisk oboe observer obsidian ocean
ocelot octagon octopus odyssey office ogre olive omnibus onion opal opera opossum optic oracle
orange orbit orchard oregano origami oriole ornament osprey ostrich otter ounce outfit oven
overcoat oxygen oyster pacific package paddle page pagoda paint palace palm pamphlet panda panel
panther papaya paper papyrus parade parcel parrot parsley particle passport pasta path patio
patrol pattern pavilion peach peanut pebble pecan pelican pencil pendulum penguin penny people
pepper perfume petunia pewter phantom pheasant phoenix phone photo phrase physics piano picnic
picture pigeon pigment pilgrim pilot pine pinnacle pioneer pirate piston pitcher pixel pizza plaid
planet plaster plate plaza podium poem polar polka pollen polo poncho pond popcorn poppy porch
porridge postcard potato pottery powder prairie pretzel primrose printer prism problem profile
project prose protein proverb pulley pulp puma pumpkin puppet purple puzzle pyramid python quail
quarry queen quest quiche quilt quince quiver quiz quota rabbit raccoon racket radar radio raft
ragtime railway rake rally ramp rapids rattle raven ravine razor recipe record redwood reef
referee reflex region reindeer relay relic remedy reptile rescue resin reverse reward rhino
rhubarb rhythm ribbon rice ripple robin robot rodeo romance roof rooster rope rosemary royal ruby
rudder ruffle ruler rumba runner runway rust safari saffron sailor salad salmon salsa salt salute
samba sandal sapling sapphire sardine sash satchel satin saturn sauce sauna sausage sawmill scarf
scholar science scissors scooter scorpion scout screen script scroll sculptor seagull season
seaweed secret sector seed segment senator sentry sequel server sesame shadow shamrock shark sheep
shelf shepherd shield ship shovel shower shrimp shrub shuttle siesta signal silver simmer siren
sister sketch skunk sleeve slipper slogan smoke smoothie snail sneaker snow sofa soil sonata
soprano sorbet soup south soybean spaniel sparrow spatula sphinx spice spinach spiral splash
sponge spoon spring sprout spruce square squid stable stadium stamp star station steam stereo stew
stitch stone storm street studio subway sugar suitcase sunset surf surgeon surprise swan sweater
swift swing sycamore syllable symphony syrup system tablet tadpole taffeta talent talisman tandem
tank tape tapioca target tarot tassel taxi teacher teapot telegram temple tennis tent terrace
textile theory thicket thimble thistle thorn thread thumb thunder tiara tiger tile timber timpani
tinsel today toddler token tomato tongue tonic toolbox topaz tornado tortoise totem toucan tower
tractor traffic trail trapeze treasure tree trellis triangle tribute trilogy trio triumph trolley
trombone trophy trout trowel truck trumpet tuba tugboat tulip tundra tunnel turbine turkey
turmeric turnip turtle tutor tweed twilight twin typhoon ukulele umbrella umpire uncle unicorn
uniform universe uphill upland usher utensil utopia vacation vacuum valley valve vanilla varnish
vase vault vehicle velvet vendor venison venture veranda verse vessel veteran viaduct victory
video village vinegar vintage viola viper virtue vision vitamin volcano volume voyage vulture
waffle wagon waiter walnut walrus waltz wardrobe wasabi washer wasp wedding weekend wheat whisker
wicker widget wigwam wildcat wind winter wisdom wolf wombat wonder wool word workshop wrench wrist
yacht yard yellow yeti yoga yucca zebra zenith zephyr zeppelin zero zigzag zinc zipper zither
zodiac zone zoology zucchini
"""

WORDS: tuple[str, ...] = tuple(_LISTED.split())
"""The list, in alphabetical order."""

_DIGITS = {word: digit for digit, word in enumerate(WORDS)}
