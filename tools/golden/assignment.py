"""Makes hash.json, assignment.json, model.json and sticky.json of spec/conformance.

    pip install xxhash && python3 tools/golden/assignment.py

Independent of the C++: XXH3 comes from the xxhash package, everything else is written here again
from its definition, in whole numbers.
"""

import json
import pathlib

import xxhash

OUT = pathlib.Path(__file__).resolve().parents[2] / "spec" / "conformance"
MASK = (1 << 64) - 1
SLOTS = 1_000_000

TEXTS = ["", "a", "user_42", "1", "user-0000001", "0123456789abcdef", "0123456789abcdefg",
         "3f2504e0-4f89-41d3-9a0c-0305e82cc301", "someone@example.com", "日本語のユーザー", "🦊",
         "x" * 128, "x" * 129, "x" * 240, "x" * 241, "y" * 1024, "z" * 5000]
SALTS = ["ranker_v2", "layer:ranker_v2", "layer:home", "", "é"]


def digest(text):
    return xxhash.xxh3_64_intdigest(text.encode("utf-8"))


def fmix64(x):
    x ^= x >> 33
    x = x * 0xFF51AFD7ED558CCD & MASK
    x ^= x >> 33
    x = x * 0xC4CEB9FE1A85EC53 & MASK
    return x ^ x >> 33


def draw(text, salt):
    return fmix64(digest(text) ^ digest(salt)) >> 32


def scaled(bits, total):
    return bits * total >> 32


def variant_index(bits, weights):
    point, cumulative = scaled(bits, sum(weights)), 0
    for index, weight in enumerate(weights):
        cumulative += weight
        if point < cumulative:
            return index
    raise AssertionError


def hash_file():
    draws = []
    for salt in SALTS:
        for text in TEXTS[1:9]:
            bits = draw(text, salt)
            draws.append({"unit": text, "salt": salt, "draw": bits, "slot": scaled(bits, SLOTS),
                          "variant_1_1": variant_index(bits, [1, 1]),
                          "variant_2_3_5": variant_index(bits, [2, 3, 5]),
                          "variant_1_0_9999": variant_index(bits, [1, 0, 9999])})
    return {
        "about": "digest = XXH3_64(UTF-8 text), seed 0; draw = high 32 bits of fmix64(digest(unit) "
                 "^ digest(salt)); slot = draw * 1000000 >> 32; variant = first whose cumulative "
                 "weight exceeds draw * total >> 32. Digests are hexadecimal. Made by "
                 "tools/golden/assignment.py with the xxhash package of PyPI.",
        "digests": [{"text": t, "xxh3_64": f"{digest(t):016x}"} for t in TEXTS],
        "fmix64": [{"in": f"{x:016x}", "out": f"{fmix64(x):016x}"}
                   for x in (0, 1, 2, 0xFFFFFFFF, 1 << 63, MASK, 0x0123456789ABCDEF)],
        "draws": draws,
    }


METRICS = {"primary": [{"name": "clicks", "type": "count"}]}

PLANS = [
    {"id": "plain", "allocation": {"control": 50, "treatment": 50}, "metrics": METRICS},
    {"id": "three", "allocation": {"control": 20, "b": 30, "c": 50}, "salt": "three-2",
     "metrics": METRICS},
    {"id": "ramp", "allocation": {"control": 50, "treatment": 50}, "traffic": 0.1,
     "metrics": METRICS},
    {"id": "left", "allocation": {"control": 50, "treatment": 50},
     "layer": {"name": "home", "slots": "0-399999"}, "traffic": 0.5, "metrics": METRICS},
    {"id": "right", "allocation": {"control": 50, "treatment": 50},
     "layer": {"name": "home", "slots": "400000-999999"}, "metrics": METRICS},
    {"id": "by_session", "unit": "session", "allocation": {"control": 50, "treatment": 50},
     "metrics": METRICS},
    {"id": "targeted", "allocation": {"control": 50, "treatment": 50},
     "overrides": {"tester": "treatment"},
     "targeting": {"all": [{"attribute": "country", "in": ["IN", "US"]},
                           {"attribute": "app_version", "semver": ">=2.3.0"},
                           {"not": {"attribute": "email", "ends_with": "@example.com"}}]},
     "metrics": METRICS},
]
SPLITS = {"plain": [50, 50], "three": [20, 30, 50], "ramp": [50, 50], "left": [50, 50],
          "right": [50, 50], "by_session": [50, 50], "targeted": [50, 50]}
SALT = {"three": "three-2"}
OWNED = {"ramp": (0, 100_000, SLOTS), "left": (0, 200_000, 400_000),
         "right": (400_000, SLOTS, SLOTS)}
LAYER = {"left": "home", "right": "home"}


def fnv1a32(text):
    """Of UTF-16 code units, as GrowthBook's JavaScript SDK has it."""
    value = 0x811C9DC5
    units = text.encode("utf-16-le")
    for i in range(0, len(units), 2):
        value = (value ^ (units[i] | units[i + 1] << 8)) * 0x01000193 & 0xFFFFFFFF
    return value


def growthbook_millionth(version, seed, unit):
    """Where GrowthBook's hash puts a unit, in millionths."""
    if version == 1:
        return fnv1a32(unit + seed) % 1000 * 1000
    return fnv1a32(str(fnv1a32(seed + unit))) % 10_000 * 100


def answer(plan, unit):
    """What hashing alone says for an eligible unit."""
    begin, used, end = OWNED.get(plan["id"], (0, SLOTS, SLOTS))
    slot = scaled(draw(unit, "layer:" + LAYER.get(plan["id"], plan["id"])), SLOTS)
    if not begin <= slot < end:
        return {"reason": "excluded"}
    if slot >= used:
        return {"reason": "traffic"}
    index = variant_index(draw(unit, SALT.get(plan["id"], plan["id"])), SPLITS[plan["id"]])
    return {"variant": list(plan["allocation"])[index], "reason": "split"}


def assignment_file():
    cases = []

    def case(why, experiment, context, expected):
        cases.append({"why": why, "experiment": experiment, "context": context, **expected})

    by_id = {plan["id"]: plan for plan in PLANS}
    good = {"country": "IN", "app_version": "2.10.0"}
    for i in range(40):
        unit = f"user_{i}"
        for name in ("plain", "three", "ramp", "left", "right"):
            case("the hash decides", name, {"targetingKey": unit}, answer(by_id[name], unit))
        case("every condition holds", "targeted", {"targetingKey": unit, **good},
             answer(by_id["targeted"], unit))
    for i in range(10):
        session = f"s-{i}"
        expected = answer(by_id["by_session"], session)
        case("the session's own id", "by_session", {"targetingKey": "u", "session": session},
             expected)
        case("the targeting key stands in for the session", "by_session",
             {"targetingKey": session}, expected)
    case("no id at all", "plain", {}, {"reason": "no_unit"})
    case("an empty id is none", "plain", {"targetingKey": ""}, {"reason": "no_unit"})
    case("an id that is not a text is none", "by_session", {"targetingKey": "u", "session": 7},
         {"reason": "no_unit"})
    case("an override needs no condition", "targeted", {"targetingKey": "tester"},
         {"variant": "treatment", "reason": "override"})
    for why, change in (
            ("country is missing", {"country": None}), ("country is not listed", {"country": "UK"}),
            ("texts differ by case", {"country": "in"}), ("country is a number", {"country": 5}),
            ("the version is too old", {"app_version": "2.2.9"}),
            ("a pre-release comes before its release", {"app_version": "2.3.0-rc.1"}),
            ("no version at all", {"app_version": "latest"}),
            ("the suffix is excluded", {"email": "a@example.com"})):
        context = {"targetingKey": "user_1", **good, **change}
        case(why, "targeted", context, {"reason": "targeting"})
    case("not of a missing attribute holds", "targeted", {"targetingKey": "user_1", **good},
         answer(by_id["targeted"], "user_1"))
    for unit in ("日本語のユーザー", "🦊", "x" * 300, "a b", "\u0000"):
        case("any text is an id", "three", {"targetingKey": unit}, answer(by_id["three"], unit))
    return {"about": "Experiments in the file's own format, and cases: context, and the answer "
                     "(variant, absent when there is none) with its reason. Made by "
                     "tools/golden/assignment.py.",
            "experiments": PLANS, "cases": cases}


# What experiments have beyond slots, weights and conditions.
HOLDOUTS = {"held": {"tenth": {"share": 0.1}}}
MODEL = [plan for plan in PLANS if plan["id"] in ("three", "ramp")] + [
    {"id": "held", "allocation": {"control": 50, "treatment": 50}, "metrics": METRICS},
    {"id": "dependent", "allocation": {"control": 50, "treatment": 50},
     "prerequisites": [{"experiment": "three", "variants": ["b", "c"]},
                       {"experiment": "ramp", "variants": ["control", "treatment"]}],
     "metrics": METRICS},
    {"id": "forced", "allocation": {"control": 50, "treatment": 50},
     "overrides": {"tester": "control"},
     "forced": [{"variant": "treatment", "when": {"attribute": "staff", "equals": True}},
                {"variant": "control",
                 "when": {"any": [{"attribute": "country", "in": ["IN"]},
                                  {"not": {"attribute": "age", "at_least": 18}}]}}],
     "targeting": {"all": [{"attribute": "country", "in": ["US"]}]}, "metrics": METRICS},
    {"id": "outside", "allocation": {"control": 50, "treatment": 50},
     "prerequisites": [{"experiment": "ramp", "variants": ["control"], "or_outside": True}],
     "metrics": METRICS},
    {"id": "beside_nothing", "allocation": {"control": 50, "treatment": 50},
     "prerequisites": [{"experiment": "nowhere", "variants": ["b"], "or_outside": True}],
     "metrics": METRICS},
    {"id": "forced_by_other", "allocation": {"control": 50, "treatment": 50},
     "forced": [{"variant": "control", "when": {"attribute": "country", "in": ["IN"]},
                 "prerequisites": [{"experiment": "three", "variants": ["b"]}]},
                {"variant": "treatment",
                 "prerequisites": [{"experiment": "three", "variants": ["c"]}]}],
     "metrics": METRICS},
    {"id": "namespaced", "allocation": {"control": 50, "treatment": 50}, "traffic": 0.5,
     "overrides": {"tester": "treatment"},
     "targeting": {"all": [{"attribute": "country", "in": ["IN"]}]},
     "namespaces": [{"hash": "growthbook_v1", "salt": "__checkout", "ranges": [[0.25, 0.75]]},
                    {"salt": "seed-β", "unit": "device", "ranges": [[0, 0.1], [0.3, 0.9999]]}],
     "metrics": METRICS},
    {"id": "orphan", "allocation": {"control": 50, "treatment": 50},
     "prerequisites": [{"experiment": "nowhere", "variants": ["b"]}], "metrics": METRICS},
    {"id": "switching", "unit": "city", "allocation": {"control": 50, "treatment": 50},
     "switchback": {"period": "1h", "burn_in": "10m", "start": "2026-11-22T00:00:00Z"},
     "metrics": METRICS},
    {"id": "either", "unit": "user", "fallback_unit": "device",
     "allocation": {"control": 50, "treatment": 50}, "metrics": METRICS},
]


def other_tools_cases(case, by_id):
    """Namespaces, and prerequisites beyond those of eligibility."""
    SPLITS.update({name: [50, 50] for name in
                   ("outside", "beside_nothing", "forced_by_other", "namespaced")})
    OWNED["namespaced"] = (0, 500_000, SLOTS)
    for i in range(60):
        unit, country = f"user_{i}", ("IN", "US")[i % 2]
        treated = answer(by_id["ramp"], unit).get("variant") == "treatment"
        case("control of the ramp, or none of its variants", "outside", {"targetingKey": unit},
             {"reason": "prerequisite"} if treated else answer(by_id["outside"], unit))
        has = answer(by_id["three"], unit)["variant"]
        expected = answer(by_id["forced_by_other"], unit)
        if has == "b" and country == "IN":
            expected = {"variant": "control", "reason": "override"}
        if has == "c":
            expected = {"variant": "treatment", "reason": "override"}
        case("forced by another experiment's variant, alone or with a condition",
             "forced_by_other", {"targetingKey": unit, "country": country}, expected)
    for i in range(80):
        unit, device = f"user_{i}", f"d-{i}-β"
        inside = (250_000 <= growthbook_millionth(1, "__checkout", unit) < 750_000
                  and not 100_000 <= growthbook_millionth(2, "seed-β", device) < 300_000
                  and growthbook_millionth(2, "seed-β", device) < 999_900)
        case("inside of a range of each namespace", "namespaced",
             {"targetingKey": unit, "device": device, "country": "IN"},
             answer(by_id["namespaced"], unit) if inside else {"reason": "excluded"})
    case("conditions come before namespaces", "namespaced",
         {"targetingKey": "user_1", "device": "d", "country": "US"}, {"reason": "targeting"})
    case("an override asks no namespace", "namespaced", {"targetingKey": "tester"},
         {"variant": "treatment", "reason": "override"})
    case("without an id of its unit, outside", "namespaced",
         {"targetingKey": "user_2", "device": 7, "country": "IN"}, {"reason": "excluded"})
    case("outside of what is not there", "beside_nothing", {"targetingKey": "user_1"},
         answer(by_id["beside_nothing"], "user_1"))


def model_file():
    cases = []

    def case(why, experiment, context, expected):
        cases.append({"why": why, "experiment": experiment, "context": context, **expected})

    SPLITS.update({"held": [50, 50], "dependent": [50, 50], "either": [50, 50]})
    by_id = {plan["id"]: plan for plan in MODEL}
    for i in range(60):
        unit = f"user_{i}"
        out = scaled(draw(unit, "holdout:tenth"), SLOTS) < 100_000
        case("one in ten is held out", "held", {"targetingKey": unit},
             {"reason": "holdout"} if out else answer(by_id["held"], unit))
        eligible = (answer(by_id["three"], unit).get("variant") in ("b", "c")
                    and "variant" in answer(by_id["ramp"], unit))
        case("b or c of three, and in the ramp", "dependent", {"targetingKey": unit},
             answer(by_id["dependent"], unit) if eligible else {"reason": "prerequisite"})
    SPLITS["forced"] = [50, 50]
    for i in range(30):
        unit = f"user_{i}"
        staff, country, age = i % 2 == 0, ("IN", "US", None)[i % 3], (17, 18, None)[i // 3 % 3]
        context = {"targetingKey": unit, "staff": staff, "country": country, "age": age}
        expected = answer(by_id["forced"], unit) if country == "US" else {"reason": "targeting"}
        if country == "IN" or age != 18:
            expected = {"variant": "control", "reason": "override"}
        if staff:
            expected = {"variant": "treatment", "reason": "override"}
        case("the first condition that is met decides, else targeting and the hash", "forced",
             context, expected)
    case("a unit that is named comes first", "forced", {"targetingKey": "tester", "staff": True},
         {"variant": "control", "reason": "override"})
    other_tools_cases(case, by_id)
    case("nobody has a variant of what is not there", "orphan", {"targetingKey": "user_1"},
         {"reason": "prerequisite"})
    for period in range(6):
        for city in ("pune", "delhi"):
            index = variant_index(draw(city, f"switching@{period}"), [50, 50])
            for minute, reason in ((0, "burn_in"), (9, "burn_in"), (10, "split"), (59, "split")):
                case("a new draw each hour", "switching",
                     {"targetingKey": city, "time": f"2026-11-22T{period:02}:{minute:02}:00Z"},
                     {"variant": ["control", "treatment"][index], "reason": reason})
    case("before the first period", "switching",
         {"targetingKey": "pune", "time": "2026-11-21T23:59:59Z"}, {"reason": "stopped"})
    case("a switchback without the time", "switching", {"targetingKey": "pune"},
         {"reason": "no_unit"})
    for i in range(10):
        user, device = f"user_{i}", f"device_{i}"
        of_user, of_device = answer(by_id["either"], user), answer(by_id["either"], device)
        case("the user's id", "either", {"user": user, "device": device}, of_user)
        case("the targeting key is the user's id", "either",
             {"targetingKey": user, "device": device}, of_user)
        case("no user: the device decides", "either", {"device": device}, of_device)
        case("the targeting key of nobody is a device's", "either",
             {"targetingKey": device, "user": ""}, of_device)
    case("an id that is not a text is a mistake", "either", {"user": 7, "device": "d"},
         {"reason": "no_unit"})
    return {"about": "Forced variants, fallback units, holdouts, prerequisites, namespaces and "
                     "switchbacks: experiments in the file's own format, the holdouts beside "
                     "each, and cases as in assignment.json; `time` in a context is the moment of "
                     "asking. Made by tools/golden/assignment.py.",
            "experiments": MODEL, "holdouts": HOLDOUTS, "cases": cases}


STICKY = {"format": 1, "experiments": [
    {"id": "exp", "control": "control",
     "variants": [{"key": "control", "weight": 1, "endpoint": ""},
                  {"key": "treatment", "weight": 3, "endpoint": ""}],
     "assignment": {"unit": "user", "fallback_unit": "device", "layer": "home",
                    "slots": [{"begin": 0, "end": 500_000}], "traffic_ppm": 500_000, "salt": "",
                    "hash": "assay", "reshuffle": False, "sticky": True,
                    "expose_on_evaluation": False,
                    "overrides": [{"unit_id": "tester", "variant": "treatment"}]},
     "version": 3, "epoch": 3, "stopped": False,
     "earlier": [{"epoch": 2, "traffic_ppm": 200_000, "weights": [1, 1]}]}]}


def sticky_file():
    cases = []

    def case(why, context, remembered, expected):
        cases.append({"why": why, "experiment": "exp", "context": context,
                      "remembered": [{"variant": variant, "epoch": epoch}
                                     for variant, epoch in remembered], **expected})

    def fresh(unit):
        slot = scaled(draw(unit, "layer:home"), SLOTS)
        if slot >= 250_000:
            return {"reason": "traffic" if slot < 500_000 else "excluded"}
        index = variant_index(draw(unit, "exp"), [1, 3])
        return {"variant": ["control", "treatment"][index], "reason": "split", "epoch": 3,
                "propensity": [0.25, 0.75][index]}

    def kept(variant, epoch):
        shares = {2: {"control": 0.5, "treatment": 0.5}, 3: {"control": 0.25, "treatment": 0.75}}
        return {"variant": variant, "reason": "sticky", "epoch": epoch,
                "propensity": shares[epoch][variant]}

    for i in range(30):
        for context, unit in (({"targetingKey": f"user_{i}"}, f"user_{i}"),
                              ({"device": f"device_{i}"}, f"device_{i}")):
            now = fresh(unit)
            excluded = now["reason"] == "excluded"
            case("nothing is remembered: the present weights", context, [], now)
            for memory in (("control", 2), ("treatment", 2), ("control", 3)):
                case("the variant and the epoch that are remembered; the layer's slot still counts",
                     context, [memory], now if excluded else kept(*memory))
            case("of before the weights were reshuffled", context, [("control", 1)], now)
            case("of an epoch to come", context, [("control", 4)], now)
            case("the first that still holds", context, [("control", 0), ("treatment", 2)],
                 now if excluded else kept("treatment", 2))
    case("an override wins", {"targetingKey": "tester"}, [("control", 2)],
         {"variant": "treatment", "reason": "override", "epoch": 3, "propensity": 1})
    case("nobody remembers nothing", {}, [("control", 2)], {"reason": "no_unit"})
    return {"about": "Sticky experiments: a snapshot (spec/formats/snapshot.md), and cases with "
                     "what is remembered of the unit, in the order in which it is put into the "
                     "context. Made by tools/golden/assignment.py.",
            "snapshot": STICKY, "cases": cases}


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    for name, content in (("hash", hash_file()), ("assignment", assignment_file()),
                          ("model", model_file()), ("sticky", sticky_file())):
        text = json.dumps(content, ensure_ascii=True, indent=1) + "\n"
        (OUT / f"{name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
