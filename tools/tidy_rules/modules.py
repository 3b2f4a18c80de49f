"""The architecture: which module may use which module, which library, and the outside world."""
import re

from .tree import Finding, line_of

PURE = {"base", "stats", "define", "assign", "analyze", "decide", "sim"}
PORTS = {"deliver", "collect"}  # Own locks are fine there; clocks, files and sockets are not.

# Library header → the modules that own it. None: any .cc file. A new row is a decision: say why.
OWNERS = [
    ("duckdb.h", {"io/duckdb"}),
    ("sqlite3.h", {"io/sqlite"}),
    ("boost/asio", {"io/http"}),
    ("boost/beast", {"io/http"}),
    ("boost/url", {"io/http"}),
    ("boost/system", {"io/http"}),
    ("openssl/md5.h", {"assign"}),  # Other tools' bucket hashes, not security.
    ("openssl/sha.h", {"assign"}),
    ("openssl/", {"io/http"}),
    ("yaml-cpp/", {"define"}),
    ("boost/math/", {"stats"}),
    ("Eigen/", {"stats"}),
    ("simdjson.h", {"assign", "collect", "deliver"}),
    ("spdlog/", {"serve"}),
    ("prometheus/", {"serve"}),
    ("CLI/", {"cli"}),
    ("xxhash.h", {"base"}),
    ("sodium.h", {"base", "serve", "io/sqlite"}),
    ("tl/expected.hpp", {"base"}),
    ("date/", {"base"}),
    ("fmt/", None),
    ("nlohmann/", None),
]
TEST_LIBRARIES = {"gtest/": "_test.cc", "gmock/": "_test.cc", "benchmark/": "_bench.cc"}

# (header, library header) → why this one may show a library to everyone.
HEADER_EXCEPTIONS = {
    ("assay/base/expected.h", "tl/expected.hpp"): "the alias of tl::expected is the point of it",
}

IMPURE_HEADERS = {
    "fstream": "read in io/file or cli and pass the text in",
    "filesystem": "pass the path's content in",
    "iostream": "return text and let cli or serve print it",
    "cstdio": "return text and let cli or serve print it",
    "thread": "let serve own the threads",
    "mutex": "share immutable snapshots instead of locking",
    "shared_mutex": "share immutable snapshots instead of locking",
    "condition_variable": "let serve own the threads",
    "atomic": "share immutable snapshots; serve swaps them",
    "future": "let serve own the threads",
    "random": "use base/random.h with a seed that is passed in",
    "chrono": "use base/time.h and pass `now` in",
    "ctime": "use base/time.h and pass `now` in",
}
PORTS_MAY_USE = {"thread", "mutex", "shared_mutex", "condition_variable", "atomic"}
IMPURE_CALLS = [
    (r"\b(?:system|steady|high_resolution)_clock\b", "pass `now` in"),
    (r"\bstd::time\s*\(|(?<![\w:.>])time\s*\(\s*(?:nullptr|NULL|0)\s*\)", "pass `now` in"),
    (r"\bgetenv\s*\(", "let cli read the environment and pass the value in"),
    (r"(?<![\w:.>])s?rand\s*\(|\bstd::s?rand\b", "use base/random.h with a seed"),
    (r"\brandom_device\b|\bmt19937", "use base/random.h with a seed"),
    (r"\bstd::(?:cout|cerr|clog)\b", "return text and let cli or serve print it"),
]
PURITY_EXCEPTIONS = {
    ("assay/base/time.cc", "chrono"): "calendar arithmetic only; it reads no clock",
    ("assay/base/check.cc", "cstdio"): "prints the broken condition before it aborts",
}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]+(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)
MODULE_CALL = re.compile(r"^\s*assay_module\(([^)]*)\)", re.MULTILINE)


def module_of(path):
    parts = path.split("/")
    if len(parts) < 3 or parts[0] != "assay":
        return None
    return "/".join(parts[1:3]) if parts[1] == "io" and len(parts) > 3 else parts[1]


def includes(text):
    for match in INCLUDE.finditer(text):
        yield line_of(text, match.start()), match.group(1), match.group(2)


def declared_modules(tree):
    """Module → {"DEPS": …, "LIBS": …, "TEST_LIBS": …, "path": its CMakeLists.txt}."""
    modules = {}
    for path, text in tree.texts("/CMakeLists.txt", under="assay/"):
        for match in MODULE_CALL.finditer(re.sub(r"#[^\n]*", "", text)):
            words = match.group(1).split()
            lists = {"DEPS": [], "LIBS": [], "TEST_LIBS": [], "path": path}
            current = None
            for word in words[1:]:
                if word in lists:
                    current = word
                elif current:
                    lists[current].append(word)
            modules[words[0]] = lists
    return modules


def product_files(tree):
    """C++ files that are no test, benchmark or fuzzer, nor a header that only those include."""
    includers = {}
    for path, text in tree.texts(".h", ".cc"):
        for _, own, _ in includes(text):
            includers.setdefault(own, set()).add(path)
    cpp = {path for path, _ in tree.texts(".h", ".cc", under="assay/")
           if not re.search(r"_(test|bench|fuzz)\.(cc|h)$", path)}
    product = {path for path in cpp if path.endswith(".cc") or path not in includers}
    while True:
        more = {path for path in cpp - product if includers[path] & product}
        if not more:
            return product
        product |= more


def declared_includes(tree):
    """A module includes only the modules in its DEPS; its tests also those in TEST_LIBS."""
    modules, product = declared_modules(tree), product_files(tree)
    for path, text in tree.texts(".h", ".cc", under="assay/"):
        module = module_of(path)
        if module not in modules:
            continue
        allowed = set(modules[module]["DEPS"]) | {module}
        if path not in product:
            libs = {lib.replace("assay_", "", 1) for lib in modules[module]["TEST_LIBS"]}
            allowed |= {name for name in modules if name.replace("/", "_") in libs}
        for line, own, _ in includes(text):
            target = module_of(own or "")
            if target and target not in allowed:
                yield Finding(path, line, f"{module} includes {target}, which is not in its DEPS: "
                              f"move the code, or add {target} to {modules[module]['path']}")


def no_cycles(tree):
    """Modules form no cycle."""
    modules = declared_modules(tree)
    done = set()

    def visit(name, trail):
        if name in trail:
            ring = " → ".join(trail[trail.index(name):] + [name])
            yield Finding(modules[name]["path"], 1, f"cycle of modules: {ring}; cut it with a "
                          "port (an interface) in the module that uses it")
            return
        if name in done or name not in modules:
            return
        for dep in modules[name]["DEPS"]:
            yield from visit(dep, trail + [name])
        done.add(name)

    for name in modules:
        yield from visit(name, [])


def owner_row(header):
    return next((row for row in OWNERS if header.startswith(row[0])), None)


def is_system(header):
    return "/" not in header and "." not in header or re.match(
        r"^(sys|netinet|arpa|linux)/|^(unistd|fcntl|poll|signal|netdb|errno|pthread|dirent"
        r"|getopt|termios|immintrin|malloc|stddef|stdint|stdlib|string|stdio|math)\.h$", header)


def libraries_have_owners(tree):
    """A library's header is included only by the module that owns the library."""
    product = product_files(tree)
    for path, text in tree.texts(".h", ".cc", under="assay/"):
        module = module_of(path)
        for line, _, header in includes(text):
            if not header or is_system(header):
                continue
            suffix = next((s for p, s in TEST_LIBRARIES.items() if header.startswith(p)), None)
            row = owner_row(header)
            if suffix:
                if path in product or path.endswith(".cc") and not path.endswith(suffix):
                    yield Finding(path, line, f"<{header}> belongs in *{suffix} files and headers "
                                  "that only they include")
            elif row is None:
                yield Finding(path, line, f"<{header}> has no owner: use a library the house has, "
                              "or name its owner in tools/tidy_rules/modules.py")
            elif row[1] is not None and module not in row[1] and path in product:
                yield Finding(path, line, f"<{header}> belongs to {', '.join(sorted(row[1]))}: "
                              f"use what that module offers, not the library")


def libraries_stay_in_sources(tree):
    """Library headers are included in .cc files, not in headers."""
    product = product_files(tree)
    for path, text in tree.texts(".h", under="assay/"):
        for line, _, header in includes(text):
            if not header or is_system(header) or header == "nlohmann/json_fwd.hpp":
                continue
            if path in product and (path, header) not in HEADER_EXCEPTIONS:
                yield Finding(path, line, f"<{header}> in a header: include it in the .cc file and "
                              "show plain types (nlohmann: json_fwd.hpp)")


def pure_modules_are_pure(tree):
    """Pure modules see no clock, file, socket, thread, lock or hidden randomness."""
    product = product_files(tree)
    for path, text in tree.texts(".h", ".cc", under="assay/"):
        module = module_of(path)
        if module not in PURE | PORTS or path not in product:
            continue
        for line, _, header in includes(text):
            if not header or (path, header) in PURITY_EXCEPTIONS:
                continue
            if module in PORTS and header in PORTS_MAY_USE:
                continue
            if header in IMPURE_HEADERS:
                yield Finding(path, line, f"<{header}> in pure module {module}: "
                              f"{IMPURE_HEADERS[header]}")
            elif is_system(header) and re.match(r"(sys|netinet|arpa)/|unistd|fcntl|poll", header):
                yield Finding(path, line, f"<{header}> in pure module {module}: "
                              "the operating system is reached through io/*")
        code = tree.code(path)
        for pattern, instead in IMPURE_CALLS:
            for match in re.finditer(pattern, code):
                yield Finding(path, line_of(code, match.start()),
                              f"`{match.group(0).strip()}` in pure module {module}: {instead}")


def sources_are_built(tree):
    """Every .cc file and every test is picked up by a CMakeLists.txt that the root names."""
    root = tree.files.get("CMakeLists.txt") or ""
    modules = declared_modules(tree)
    for path, lists in ((name, m["path"]) for name, m in modules.items()):
        if not re.search(rf"(?<![\w/]){re.escape(path)}(?![\w/])", root):
            yield Finding(lists, 1, f"module {path} is not in the root CMakeLists.txt: add it")
    for path, _ in tree.texts(".cc", under="assay/"):
        folder = path.rsplit("/", 1)[0]
        if folder.removeprefix("assay/") not in modules:
            yield Finding(path, 1, f"nothing builds this file: {folder}/CMakeLists.txt has no "
                          "assay_module()")
    for path, _ in tree.texts("_test.cc", "_test.py", "_test.sh"):
        if path.startswith("assay/"):
            continue
        if not named_in_a_list(tree, path):
            yield Finding(path, 1, "no CMakeLists.txt of this folder or above names this test: "
                          "add it with add_test()")


def named_in_a_list(tree, path):
    folder, _, name = path.rpartition("/")
    while True:
        text = tree.files.get(f"{folder}/CMakeLists.txt" if folder else "CMakeLists.txt") or ""
        if name in text or name.rsplit(".", 1)[0] in text:
            return True
        if re.search(r"GLOB[^)]*\*_test\." + name.rsplit(".", 1)[1], text):
            return True
        if not folder:
            return False
        folder = folder.rpartition("/")[0]
