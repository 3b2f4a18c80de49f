"""Random definitions of flagd and GrowthBook, for `run` to import and to ask both tools about, and
random plans for it to deliver.

The definitions speak of the attributes of its `imported_unit`, and leave out what
docs/guides/openfeature.md says is answered otherwise: orders of what is no number, attributes
missing after a salt, and so on. The plans speak of those of its `unit`, also of types that those
never have.
"""
VALUES = {"country": ["IN", "US", "DE", "FR", ""], "age": [0, 5, 18, 33.5, 60],
          "mail": ["a@example.com", "test@x.org", "b@x.org", ""], "device": ["d1", "d100", "d77"],
          "staff": [True, False], "mixed": ["x", 7, True, -1, False, "", "7", 1]}
VERSIONS = ["2.1.0", "2.1.9", "v2.2.0", "3.0.0", "2.1.0-rc.1", "0.0.1"]
WORDS = ["beta", "gamma", "alpha", ""]
PLANNED = {"country": ["IN", "US", "DE", 7, "7", ""], "age": [20, 21, 33, 40, "40", 33.5],
           "staff": [True, False, 1, 0, "true"], "device": ["ios", "os"],
           "mail": ["a@example.com", "d@xtest", 5, "e@x.test"], "device.os": ["ios", "linux", ""],
           "groups": ["beta", "x", "gamma", True], "member": ["m3", "person5"],
           "blocked": [True, 1]}
PIECES = ["a@", "a@example.com", ".test", "test", "org", "(x|c)", ".", "I", "US", "beta", "os"]


def constants(pick, name, values=None):
    return [pick.choice((values or VALUES)[name]) for _ in range(pick.randint(1, 3))]


def flagd_test(pick):
    """One comparison in JsonLogic."""
    name = pick.choice(list(VALUES))
    one = {"var": name} if pick.random() < 0.8 else {"var": [name, constants(pick, name)[0]]}
    equal = {pick.choice(["==", "!=", "===", "!=="]): [{"var": name}, *constants(pick, name)[:1]]}
    text = pick.choice(VALUES[pick.choice(["country", "mail"])])
    return pick.choice([
        equal, {"in": [one, constants(pick, name)]}, one, {"missing": [name, "mail"]},
        {"==": [pick.choice([None, 0, False, "", "x"]), {"var": name}]},
        {pick.choice(["<", "<=", ">", ">="]): [{"var": "age"}, pick.choice(VALUES["age"])]},
        {pick.choice(["<", "<="]): [pick.choice([-1, 0, 6]), {"var": "age"}, 40]},
        {pick.choice(["starts_with", "ends_with"]): [{"var": "mail"}, text[-5:]]},
        {"in": [text[:2], {"var": pick.choice(["country", "mail"])}]},
        {pick.choice(["some", "none"]): [{"var": "list"},
                                         {"==": [{"var": ""}, pick.choice(WORDS)]}]},
        {"sem_ver": [{"var": "app"}, pick.choice(["=", "!=", "<", "<=", ">", ">=", "^", "~"]),
                     pick.choice([*VERSIONS, "2", "2.1"])]}])


def growthbook_test(pick):
    """One comparison in GrowthBook's language."""
    name = pick.choice(list(VALUES))
    return pick.choice([
        {name: {pick.choice(["$eq", "$ne"]): constants(pick, name)[0]}},
        {name: pick.choice([None, *constants(pick, name)])},
        {name: {pick.choice(["$in", "$nin"]): constants(pick, name)}},
        {name: {"$exists": pick.random() < 0.5}},
        {"age": {pick.choice(["$lt", "$lte", "$gt", "$gte"]): pick.choice(VALUES["age"])}},
        {"mail": {"$regex": pick.choice(["^test@", "@example\\.com$", "x", "^(a|b)@"])}},
        {"list": {"$elemMatch": {"$in": [pick.choice(WORDS), "beta"]}}},
        {"groups": {pick.choice(["$in", "$nin", "$all"]): [pick.choice(WORDS)]}},
        {"app": {pick.choice(["$veq", "$vne", "$vlt", "$vgte"]): pick.choice(VERSIONS)}}])


def planned_test(pick):
    """One comparison in assay's language."""
    name = pick.choice(list(PLANNED))
    several = constants(pick, name, PLANNED)
    pieces = [pick.choice(PIECES) for _ in range(pick.randint(1, 2))]
    return pick.choice([
        {"attribute": name, pick.choice(["in", "not_in"]): several},
        {"attribute": name, pick.choice(["equals", "not_equals"]): several[0]},
        {"attribute": pick.choice(["age", "country"]),
         pick.choice(["less_than", "at_most", "greater_than", "at_least"]): pick.choice([7, 33.5])},
        {"attribute": name, pick.choice(["starts_with", "ends_with", "contains"]): pieces},
        {"attribute": name, "exists": pick.random() < 0.5}])


def condition(pick, test, words, depth=2):
    """Of `words` for and, or, and not."""
    if depth == 0 or pick.random() < 0.4:
        return test(pick)
    word = pick.choice(words)
    if "not" in word or "!" in word:
        return {word: condition(pick, test, words, depth - 1)}
    return {word: [condition(pick, test, words, depth - 1) for _ in range(pick.randint(1, 3))]}


def flagd(pick, count):
    def split():
        by = pick.choice([[], [{"cat": ["salt", {"var": "targetingKey"}]}], [{"var": "device"}]])
        return {"fractional": [*by, *([name, pick.choice([0, 1, 30])] for name in "ab"), ["c", 1]]}

    def flag():
        arms = pick.sample(["a", "b", "c", None, split()], 3)
        choices = [part for arm in arms[1:] for part in
                   (condition(pick, flagd_test, ["and", "or", "!", "!!", "if"]), arm)]
        return {"state": "ENABLED", "defaultVariant": pick.choice("ab"),
                "variants": {name: f"value {name}" for name in "abc"},
                "targeting": {"if": choices[:2] if pick.random() < 0.2 else
                              choices + arms[:pick.randint(0, 1)]}}

    return {"flags": {f"random-flagd-{i}": flag() for i in range(count)}}


def growthbook(pick, count):
    def draw(key):
        way = pick.choice([{"force": "b", "coverage": pick.choice([0.1, 0.5, 1])},
                           {"variations": ["a", "b", "c"], "weights": [0.2, 0.3, 0.5], "key": key},
                           {"variations": ["b", "c"], "coverage": 0.8, "key": key,
                            "namespace": ["shared", 0.1, 0.9]}])
        return {**way, "hashVersion": pick.randint(1, 2), "seed": pick.choice([key, "seed-β"]),
                "hashAttribute": pick.choice(["id", "device"])}

    def feature(key):
        rules = [{"force": pick.choice("abc")}, draw(key), {"force": pick.choice("abc")}]
        for rule in rules:
            if pick.random() < 0.8:
                words = ["$and", "$or", "$not", "$nor"]
                rule["condition"] = condition(pick, growthbook_test, words)
        return {"defaultValue": "a", "rules": rules[pick.randint(0, 1):pick.randint(2, 3)]}

    keys = [f"random-growthbook-{i}" for i in range(count)]
    return {"features": {key: feature(key) for key in keys}}


def plans(pick, count):
    def when():
        return condition(pick, planned_test, ["all", "any", "not"])

    def plan(name):
        forced = [{"variant": pick.choice(["b", "control"]), "when": when()}
                  for _ in range(pick.choice([0, 0, 1, 2]))]
        return {"id": name, "hash": pick.choice(["growthbook_v1", "growthbook_v2"]),
                "salt": pick.choice([name, "seed-β"]), "traffic": pick.choice([0.05, 0.5, 1]),
                "allocation": {"control": pick.randint(1, 9), "b": pick.randint(1, 9), "c": 1},
                "targeting": when(), **({"forced": forced} if forced else {})}

    return [plan(f"random-plan-{i}") for i in range(count)]
