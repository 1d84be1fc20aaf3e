"""Words of the simulated world, all written for this project: subjects, ways of asking, details of lives and records.

Lists only; ``corpora`` and ``texts`` put them together. A frame is cut at its gaps, so that whole columns of sentences
can be joined at once: ``("this is for ", ", mostly ", "")`` holds two gaps.
"""

from __future__ import annotations


def _cut(text: str) -> tuple[str, ...]:
    """Entries of a list written with bars between them."""
    return tuple(text.split("|"))


def _frames(text: str) -> tuple[tuple[str, str, str], ...]:
    """Frames of two gaps, one a line, gaps written as an underscore."""
    cut = [line.strip().split("_") for line in text.strip().splitlines()]
    return tuple((parts[0], parts[1], parts[2]) for parts in cut)


SUBJECTS: dict[str, tuple[str, ...]] = {
    "garden": _cut(
        "tomatoes|compost|pruning shears|slugs|raised beds|seedlings|roses|mulch|a greenhouse|a hedge|bulbs"
    ),
    "kitchen": _cut("sourdough|rye flour|a cast iron pan|lentils|stock|a pressure cooker|chutney|gnocchi|dumplings"),
    "cycling": _cut("a derailleur|spokes|tubeless tyres|brake pads|saddle height|panniers|a hub gear|a dynamo"),
    "money": _cut("a tax return|capital gains|a mortgage|receipts|an index fund|a pension|an audit|a refund|a budget"),
    "health": _cut("knee pain|sleep|a sprained ankle|iron levels|migraine|blood pressure|hay fever|posture|a cough"),
    "travel": _cut("a night train|a visa|jet lag|a rental car|a hostel|carry-on luggage|a layover|a ferry|a city pass"),
    "school": _cut("photosynthesis|the French Revolution|quadratic equations|a book report|osmosis|essay structure"),
    "work": _cut(
        "a cover letter|a performance review|a difficult client|a status report|onboarding|a resignation letter"
    ),
    "home": _cut("a leaking tap|wallpaper|a heat pump|mould|a fuse box|insulation|a squeaky door|a boiler|curtains"),
    "pets": _cut("a puppy|cat litter|a rabbit hutch|fleas|leash training|an aquarium|a parrot|a rescue dog|a hamster"),
    "music": _cut("barre chords|a metronome|sight reading|a capo|vocal warm-ups|a mixing desk|drum rudiments|a synth"),
    "law": _cut("a lease|small claims|a will|a noise complaint|custody|a trademark|a parking fine|a power of attorney"),
    "python": _cut(
        "decorators|asyncio|type hints|fixtures|generators|virtual environments|dataclasses|a context manager"
    ),
    "databases": _cut(
        "index scans|foreign keys|transactions|replication lag|query plans|deadlocks|a migration|sharding"
    ),
    "web": _cut("flexbox|a service worker|CORS|hydration|a login form|lazy loading|web sockets|cookies|a sitemap"),
    "systems": _cut("cron|systemd units|a memory leak|ssh keys|log rotation|a load balancer|containers|DNS records"),
    "statistics": _cut("confidence intervals|a t-test|logistic regression|outliers|bootstrapping|a prior|sample size"),
    "fiction": _cut("a heist|a lighthouse keeper|a space elevator|a feud between villages|a talking map|a lost letter"),
}
CODE_SUBJECTS = ("python", "databases", "web", "systems", "statistics")

GENERATED: dict[str, tuple[str, ...]] = {
    "conversation": _cut(
        "how do I deal with {a} when there is {b}|what is the best way to start with {a}|is {a} worth it if I already have"
        " {b}|why does {a} keep causing trouble with {b}|what should I know about {a}|how long does {a} usually take"
        "|can you compare {a} and {b}|what do people get wrong about {a}|how much should I pay for {a}"
        "|should I worry about {a}|tips for {a} on a small budget|what comes first, {a} or {b}"
    ),
    "knowledge": _cut(
        "explain {a} to someone who only knows {b}|where does the idea of {a} come from|who first described {a}"
        "|what is the relation between {a} and {b}|list the main causes of problems with {a}"
        "|what changed about {a} in the last {n} years|which mistakes do textbooks make about {a}"
    ),
    "coding": _cut(
        "write a function that handles {a} and logs every case of {b}|why does my code for {a} fail when I add {b}"
        "|refactor this module so that {a} no longer depends on {b}|write tests for {a} with {n} edge cases"
        "|find the bug: {a} works locally but not together with {b}|what is the idiomatic way to do {a}"
        "|convert a script about {a} into a small library"
    ),
    "reasoning": _cut(
        "A shop sells {n} items of {a} and twice as many of {b}. Each costs {m} euros. How much does it earn in {k} days?"
        "|Three friends share the work on {a}. One does {n} hours, the others {m} hours each. How is {k} euros split?"
        "|If {a} takes {n} minutes and {b} takes {m} minutes, how many of both fit into {k} hours?"
        "|A tank for {a} holds {k} litres and loses {n} litres an hour. After how many hours are {m} litres left?"
    ),
    "exam": _cut(
        "Which statement about {a} is correct?\nA. It depends on {b}\nB. It never involves {b}\nC. It takes {n} steps\n"
        "D. None of these\nAnswer:|Complete the sentence: the main difference between {a} and {b} is"
        "|Is the following sentence about {a} and {b} plausible? Answer yes or no. Case {n}."
    ),
    "data": _cut(
        "Extract every mention of {a} from the text and return JSON with the fields name, amount and date"
        "|Turn these notes about {a} and {b} into a table with {n} columns|Label each of {n} sentences about {a} by tone"
        "|Write {n} question and answer pairs about {a}|Summarise the report on {a} in {n} bullet points"
    ),
    "agentic": _cut(
        "The build of the service for {a} is red since the change to {b}. Find the cause and fix it"
        "|Add an endpoint for {a}, with tests, without touching {b}|Upgrade the module for {a} to the new interface of {b}"
        "|Reproduce the reported crash in {a} and write a regression test|Profile the job for {a} and halve its time"
    ),
    "writing": _cut(
        "write a short scene about {a} in which {b} goes wrong|draft an email about {a} that mentions {b} politely"
        "|write {n} headlines for an article on {a}|continue the story: it began with {a}"
    ),
    "safety": _cut(
        "is it wrong to lie about {a}|what would happen if somebody misused {a}|why are people so rude about {a}"
        "|how do I get around the rules on {a}"
    ),
}
"""Frames of prompts by capability; ``{a}`` and ``{b}`` are things of one subject, the others numbers."""

GREETINGS = _cut(
    "|||||hi, |hello |hey |Hi there, |good morning, |Hello, |hey again, |ok |so |hi! |yo |Dear assistant, |please help: "
)
LEADS = _cut(
    "||||quick question: |I was wondering, |not sure how to put this, but |a friend asked me: |for tomorrow: |small thing, "
    "|I keep coming back to this: |help me understand: |could you tell me |you probably get this a lot: |real question, "
    "|honest opinion please: |my notes say: |thinking out loud: |next one: |from the meeting: |I need to know: |about this, "
    "|same topic as last week: |can we go through this: |one more for today, |my boss wants to know: |I read this: "
    "|before I forget: |just checking, |ok this is strange: |my kid asks: |let's try: |again: |short version: "
    "|I tried searching first: |looking for advice: |no idea where to start: |in plain words: |stuck on this: |for the blog, "
    "|number two on my list: |found this in my inbox: |something my teacher said: |update on earlier: |new idea: |hm, "
)
STOPS = ("", "", ".", "?", "?", "??", "...", " ?", "!", "?!")
SIGNOFFS = _cut("|||||||| thanks| thx| thank you!| cheers| please| ty| Thanks in advance.| :)| best, me| appreciated")

DETAILS = _frames(
    """
    this is for the _ with _ in it
    it has to do with _ and a bit of _
    last time the answer about _ did not cover _
    I have _ and can get _ by the weekend
    my situation: _, then _
    somebody on the team mentioned _ instead of _
    we are talking about _, not _
    keep in mind that the _ came before the _
    I already tried _ and then _
    it started when the _ met the _
    the deadline is set by _, the money by _
    think of _ rather than _
    the person I do this for likes _ and hates _
    there is also _, which makes _ harder
    if it matters, the _ is older than the _
    imagine a _ next to a _
    I only have an hour for _ and the _ can wait
    what worries me is _, less so _
    compare it with _ if you can, or with _
    my neighbour swears by _ and never by _
    please leave out _ but keep _
    where I live _ is rare and _ is everywhere
    the last one had _ and no _
    I want to end up with _ without losing _
    this came up while reading about _ and _
    assume that _ is fixed and _ can change
    for context, _ took over from _
    some people say _, others _
    I wrote it down as _ slash _
    next on my list are _ and _
    you can ignore _ unless it touches _
    it reminds me of _ in the days of _
    I am between _ and _ on this
    both _ and _ have been ruled out
    half of it is _, the rest _
    start from _ and work towards _
    not the usual _, more like _
    the group chat is split over _ and _
    the manual only says _ next to _
    my budget covers _ but hardly _
    """
)
"""What people add about their lives; the gaps take words of their own."""

RECORDS = _frames(
    """
    Context: the _ was recorded together with the _.
    Constraint: do not rely on _ when handling _.
    Note that _ has priority over _.
    Input: _ ; expected: _.
    Additional data: _ and _.
    The reader is familiar with _ but not with _.
    Consider the case in which _ replaces _.
    Source: section on _, paragraph on _.
    Use the variant with _ instead of _.
    Observed: _ followed by _.
    Keep the terms _ and _ as they are.
    One condition: _ must come before _.
    The sample mentions _ twice and _ once.
    Category: _ / _.
    Background: after _, the team moved to _.
    Field one holds _; field two holds _.
    An earlier attempt stopped at _ because of _.
    Remarks: _, see also _.
    Both _ and _ occur in the source.
    The second part deals with _ under the heading _.
    Assume a user who knows _ and asks about _.
    Edge case: _ without any _.
    Reference: the _ described by the _.
    Unit: _ per _.
    Open point: whether _ excludes _.
    Scenario: a _ is compared with a _.
    Priority: _ first, _ if there is room.
    Excluded from scope: _; included: _.
    Terms used: _, _.
    The record links _ to _.
    """
)
"""What machines and corpora add to a task."""

PROJECT_FIRST = _cut(
    "small|spring|cousin's|old|river|north|team|Tuesday|blue|second|shared|night|harbour|club|rooftop|summer|corner|market"
    "|village|family|winter|garage|open|quiet|pilot|green|city|weekend|choir|museum|bakery|campus|valley|island|station"
)
PROJECT_SECOND = _cut(
    "newsletter|budget|thesis|garden|dashboard|course|wedding|podcast|shop|database|renovation|league|workshop|novel|app"
    "|report|trip|festival|archive|bot|inventory|website|study|move|translation|quiz|calendar|forum|catalogue|playlist|map"
)
OWN_WORDS = _cut(
    "ledger|bracket|lantern|gravel|saffron|pulley|turnip|copper wire|attic|bylaws|walnut|sensor|varnish|tarpaulin|glacier"
    "|invoice|harness|plinth|compass|mosaic|thermostat|voucher|linen|cellar|kayak|stencil|barley|quota|trellis|orchard|foam"
    "|slate|gasket|cinnamon|parcel|anchor|diploma|tripod|velvet|canyon|ribbon|magnet|puddle|saddle|tunnel|chalk|pepper|valve"
    "|basil|cabinet|drizzle|engine|folder|granite|hammock|icebox|jacket|kettle|ladder|mirror|napkin|oatmeal|pillow|quartz"
    "|rudder|shovel|timber|urn|vinegar|wagon|yarn|zipper|alley|bonnet|cushion|dough|elbow|ferry|gutter|hinge|ivory|juniper"
    "|kiosk|lemon|marble|nectar|otter|pastry|quiver|raisin|sandal|thistle|umbrella|violet|willow|yogurt|almond|badge|candle"
)
SHORT_FOLLOWUPS = _cut(
    "shorter please|why|go on|and then|in a table|thanks|can you give an example|ok|are you sure|simpler|what else|continue"
)
FOLLOWUPS = _frames(
    """
    what about _ and _
    and if I use _ in place of _
    can you redo it with _, without _
    hm, the part about _ does not fit _
    ok, now add _ next to _
    does that hold for _ too, or only _
    make it shorter and mention _ before _
    you forgot _ and I think also _
    turn the bit on _ into a list, leave _
    why _ and not _
    my _ says otherwise, because of _
    same again for _ and _
    explain _ as if I only knew _
    good, next is _, after that _
    which one first, _ or _
    """
)
RESULTS = _frames(
    """
    Tool result: opened _, found _.
    Observation: the check of _ passed, the one of _ did not.
    exit status 1 in _ after _
    Result of search: _ in 3 files, _ in none.
    Output: _ updated, _ unchanged.
    Command finished. stdout: _ | stderr: _
    Test run: _ failed with an assertion on _.
    Diff applied to _; lint complains about _.
    The file _ now imports _.
    Response of the service: field _ is missing, field _ is null.
    Benchmark of _: slower than _.
    Retrieved passage: _ is described under _.
    Screenshot taken: button _ visible, dialog _ open.
    Build step _ done, step _ pending.
    """
)
ANSWERS = _frames(
    """
    The short answer is _, as long as _ stays the same.
    Begin with _ and check _ afterwards.
    There are two parts to this: _ and _.
    In most cases _ matters more than _.
    A common mistake is to treat _ like _.
    First look at _; only then at _.
    You can leave _ as it is and change _.
    The reason is that _ depends on _.
    Here is a plan: _, then _, then a test.
    If _ is not at hand, _ will do.
    """
)
TASK_HEADS = _frames(
    """
    Classify the text below for the _ of our _ service.
    You answer customers of a shop that sells _ and _.
    Extract the fields _ and _ from the entry.
    Summarise the entry for the _ desk in two sentences about _.
    Rewrite the entry for readers of the _ page, keep _.
    Decide whether the entry belongs to _ or to _.
    Write a product text for the _ section with a line on _.
    Answer from the passage only; say unknown where _ or _ is missing.
    Translate the entry for the _ edition; leave _ untouched.
    Give tags for the _ index and a rating for _.
    """
)
TASK_LABELS = _cut(
    "\n\nText: |\n\nEntry: |\nTicket: |\n---\n|\n\nInput:\n|\nCustomer: |\n\n### Record\n|\nQ: |\n\nMessage: "
)
MISSPELT: tuple[tuple[tuple[str, str], ...], ...] = (
    ((" the ", " teh "), ("because", "becuase")),
    ((" you ", " u "), (" are ", " r "), ("please", "pls")),
    (("ing ", "in "), (" and ", " n ")),
    (("tion", "toin"), ("what", "waht")),
    (("n't", "nt"), ("'s", "s"), ("I'm", "im")),
    ((" to ", " ot "), ("their", "thier")),
    ((", ", " ,"), (". ", " . ")),
    (("ee", "e"), ("ll", "l")),
)
"""Habits of typing errors: what becomes what."""
