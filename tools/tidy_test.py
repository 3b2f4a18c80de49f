"""Each house rule must catch a planted violation, and must leave a clean tree alone."""
import unittest

from tidy_rules import ALL_RULES, check_all, documents, headers, modules, names, sizes, words
from tidy_rules.tree import Tree

DOOR = "// What it is for.\n#pragma once\n"
CLEAN = {
    "CMakeLists.txt": "foreach(module base stats io/http serve)\n",
    "ARCHITECTURE.md": "# Map\n\n| module | one line | may use |\n| --- | --- | --- |\n"
                       "| `base` | values | – |\n| `stats` | methods | base |\n"
                       "| `io/http` | sockets | base |\n| `serve` | all | base stats io/http |\n",
    "assay/base/CMakeLists.txt": "assay_module(base LIBS PkgConfig::XXHASH)\n",
    "assay/base/base.h": DOOR,
    "assay/base/hash.cc": '#include <xxhash.h>\n#include "assay/base/base.h"\n',
    "assay/stats/CMakeLists.txt": "assay_module(stats DEPS base\n  LIBS Boost::headers)\n",
    "assay/stats/stats.h": DOOR + '#include "assay/base/base.h"\n',
    "assay/stats/welch.cc": '#include <cmath>\n#include <boost/math/tools/roots.hpp>\n',
    "assay/stats/welch_test.cc": '#include <fstream>\n#include <gtest/gtest.h>\n',
    "assay/io/http/CMakeLists.txt": "assay_module(io/http DEPS base)\n",
    "assay/io/http/http.h": DOOR,
    "assay/serve/CMakeLists.txt": "assay_module(serve DEPS base stats io/http)\n",
    "assay/serve/serve.h": DOOR,
    "docs/start.md": "# Start here\n\n## Ten minutes, really\n\n"
                     "[up](../ARCHITECTURE.md#map) [down](#ten-minutes-really)\n",
}



class TidyTest(unittest.TestCase):
    tested = set()

    @classmethod
    def tearDownClass(cls):
        untested = [rule.__name__ for rule in ALL_RULES if rule not in cls.tested]
        assert not untested, f"rules without a planted violation: {untested}"

    def caught(self, rule, files, place, fragment):
        """The rule finds exactly one thing in the changed tree: there, saying so."""
        TidyTest.tested.add(rule)
        found = list(rule(Tree({**CLEAN, **files})))
        self.assertEqual([f"{f.path}:{f.line}" for f in found], [place], [str(f) for f in found])
        self.assertIn(fragment, found[0].message)
        self.assertEqual(list(rule(Tree(CLEAN))), [])

    def passes(self, rule, files):
        self.assertEqual([str(f) for f in rule(Tree({**CLEAN, **files}))], [])

    def test_a_clean_tree_is_left_alone(self):
        self.assertEqual([str(f) for f in check_all(Tree(CLEAN))], [])

    def test_undeclared_include(self):
        self.caught(modules.declared_includes,
                    {"assay/base/bad.cc": '\n#include "assay/stats/stats.h"\n'},
                    "assay/base/bad.cc:2", "base includes stats, which is not in its DEPS")
        self.caught(modules.declared_includes,
                    {"assay/stats/bad.cc": '#include "assay/io/http/http.h"\n'},
                    "assay/stats/bad.cc:1", "stats includes io/http")

    def test_tests_may_use_what_test_libs_name(self):
        test = {"assay/base/x_test.cc": '#include "assay/stats/stats.h"\n'}
        self.caught(modules.declared_includes, test, "assay/base/x_test.cc:1", "not in its DEPS")
        test["assay/base/CMakeLists.txt"] = "assay_module(base TEST_LIBS assay_stats)\n"
        self.passes(modules.declared_includes, test)

    def test_cycle(self):
        self.caught(modules.no_cycles,
                    {"assay/base/CMakeLists.txt": "assay_module(base DEPS stats)\n"},
                    "assay/base/CMakeLists.txt:1", "base → stats → base")

    def test_library_outside_its_owner(self):
        self.caught(modules.libraries_have_owners,
                    {"assay/serve/bad.cc": "#include <boost/beast/http.hpp>\n"},
                    "assay/serve/bad.cc:1", "belongs to io/http")
        self.caught(modules.libraries_have_owners,
                    {"assay/base/bad.cc": "#include <curl/curl.h>\n"},
                    "assay/base/bad.cc:1", "has no owner")
        self.caught(modules.libraries_have_owners,
                    {"assay/base/bad.cc": "#include <gtest/gtest.h>\n"},
                    "assay/base/bad.cc:1", "*_test.cc")
        self.passes(modules.libraries_have_owners,
                    {"assay/serve/ok.cc": "#include <fmt/format.h>\n#include <sys/stat.h>\n"})

    def test_library_in_a_header(self):
        self.caught(modules.libraries_stay_in_sources,
                    {"assay/io/http/bad.h": DOOR + "#include <boost/beast/http.hpp>\n"},
                    "assay/io/http/bad.h:3", "in a header")
        self.passes(modules.libraries_stay_in_sources,
                    {"assay/base/ok.h": DOOR + "#include <nlohmann/json_fwd.hpp>\n",
                     "assay/base/golden.h": DOOR + "#include <gtest/gtest.h>\n",
                     "assay/base/x_test.cc": '#include "assay/base/golden.h"\n'})
        self.caught(modules.libraries_stay_in_sources,
                    {"assay/base/golden.h": DOOR + "#include <gtest/gtest.h>\n",
                     "assay/base/x_test.cc": '#include "assay/base/golden.h"\n',
                     "assay/base/x.cc": '#include "assay/base/golden.h"\n'},
                    "assay/base/golden.h:3", "in a header")

    def test_impure_header(self):
        for header in ("fstream", "thread", "mutex", "random", "iostream", "filesystem", "chrono",
                       "ctime", "sys/socket.h", "unistd.h"):
            self.caught(modules.pure_modules_are_pure,
                        {"assay/stats/bad.cc": f"#include <{header}>\n"},
                        "assay/stats/bad.cc:1", "in pure module stats")
        self.passes(modules.pure_modules_are_pure,
                    {"assay/serve/ok.cc": "#include <thread>\nauto t = system_clock::now();\n",
                     "assay/collect/ok.cc": "#include <mutex>\n"})

    def test_impure_call(self):
        for call in ("std::chrono::system_clock::now();", 'getenv("HOME");', "int r = rand();",
                     "std::random_device d;", "time(nullptr);", "std::cout << 1;"):
            self.caught(modules.pure_modules_are_pure,
                        {"assay/stats/bad.cc": f"void f() {{}}\n{call}\n"},
                        "assay/stats/bad.cc:2", "in pure module stats")
        self.passes(modules.pure_modules_are_pure,
                    {"assay/stats/ok.cc": '// reads system_clock? no: rand() is text\n'
                                          'auto s = "getenv(x) rand()"; x.time(0); operand(1);\n'})

    def test_unbuilt_source(self):
        self.caught(modules.sources_are_built, {"assay/decide/verdict.cc": "int x;\n"},
                    "assay/decide/verdict.cc:1", "nothing builds this file")
        self.caught(modules.sources_are_built, {"tests/e2e/serve_test.py": "pass\n"},
                    "tests/e2e/serve_test.py:1", "add_test()")
        self.caught(modules.sources_are_built,
                    {"assay/sim/CMakeLists.txt": "assay_module(sim DEPS base)\n"},
                    "assay/sim/CMakeLists.txt:1", "not in the root CMakeLists.txt")
        self.passes(modules.sources_are_built,
                    {"tests/e2e/serve_test.py": "pass\n",
                     "tests/CMakeLists.txt": "add_test(NAME e2e COMMAND e2e/serve_test.py)\n"})

    def test_headers(self):
        self.caught(headers.headers_explain_themselves, {"assay/base/x.h": "#pragma once\n"},
                    "assay/base/x.h:1", "no opening comment")
        self.caught(headers.headers_explain_themselves, {"assay/base/x.h": "// What.\nint x;\n"},
                    "assay/base/x.h:1", "#pragma once")
        without_door = {k: v for k, v in CLEAN.items() if k != "assay/serve/serve.h"}
        found = list(headers.modules_have_a_front_door(Tree(without_door)))
        TidyTest.tested.add(headers.modules_have_a_front_door)
        self.assertEqual(len(found), 1)
        self.assertIn("assay/serve/serve.h", found[0].message)

    def test_include_that_does_not_exist(self):
        self.caught(headers.includes_exist, {"assay/base/x.cc": '#include "base.h"\n'},
                    "assay/base/x.cc:1", "path from the root")
        self.caught(headers.includes_exist, {"assay/base/x.cc": "#include <assay/base/base.h>\n"},
                    "assay/base/x.cc:1", "in quotes")

    def test_long_function(self):
        body = "  x += 1;\n" * 70
        wrapped = f"\nint long_one(int x,\n             int y) {{\n{body}}}\n"
        self.caught(sizes.functions_are_short, {"assay/base/x.cc": wrapped},
                    "assay/base/x.cc:3", "long_one has 72 lines")
        method = f'Foo::Foo(int x) noexcept\n    : x_(x), y_("}}") {{\n{body}}}\n'
        self.caught(sizes.functions_are_short, {"assay/base/x.cc": method},
                    "assay/base/x.cc:2", "Foo::Foo has 72 lines")
        self.caught(sizes.functions_are_short,
                    {"tools/x.py": "def long_one():\n" + "    x = 1\n" * 70},
                    "tools/x.py:1", "long_one has 71 lines")
        for head in ("export function long_one(x: number): number {",
                     "const long_one = (x: number) => {"):
            self.caught(sizes.functions_are_short,
                        {"dashboard/charts/x.ts": f"{head}\n{body}}}\n"},
                        "dashboard/charts/x.ts:1", "long_one has 72 lines")

    def test_a_closure_is_counted_without_the_functions_in_it(self):
        inner = "".join(f"  function f{i}() {{\n" + "    x();\n" * 30 + "  }\n" for i in range(3))
        self.passes(sizes.functions_are_short,
                    {"dashboard/lib/x.ts": f"export function make() {{\n{inner}}}\n"})

    def test_what_is_not_a_long_function(self):
        body = "  x += 1;\n" * 69
        loop = "int f() {\n  for (int i = 0; i < 3; ++i) {\n" + "    x += 1;\n" * 66 + "  }\n}\n"
        table = "constexpr int kTable[] = {\n" + "    1,\n" * 200 + "};\n"
        members = "int x;\n" * 200
        spaces = f"namespace a {{\n{members}}}\nstruct S {{\n{members}}};\n"
        self.passes(sizes.functions_are_short,
                    {"assay/base/x.cc": f"int f() {{\n{body[:-10]}}}\n{loop}{table}{spaces}"})

    def test_long_file(self):
        self.caught(sizes.files_are_short, {"assay/base/x.cc": "int x;\n" * 601},
                    "assay/base/x.cc:601", "601 lines, 600 is the limit")
        sizes.LONG_FILES["assay/base/base.h"] = (700, "a planted exception")
        try:
            found = list(sizes.files_are_short(Tree(CLEAN)))
            self.assertIn("take it off", found[0].message)
            self.assertEqual([], list(sizes.files_are_short(
                Tree({**CLEAN, "assay/base/base.h": "int x;\n" * 650}))))
        finally:
            del sizes.LONG_FILES["assay/base/base.h"]

    def test_long_line(self):
        self.caught(sizes.lines_are_short, {"assay/base/x.cc": "// " + "x" * 98 + "\n"},
                    "assay/base/x.cc:1", "101 columns")
        self.passes(sizes.lines_are_short,
                    {"assay/base/x.cc": "// https://example.org/" + "x" * 99 + "\n"
                     "// clang-format off\n" + "1, " * 50 + "\n// clang-format on\n"})

    def test_names(self):
        self.caught(names.file_names_are_snake_case, {"assay/base/BadName.txt": ""},
                    "assay/base/BadName.txt:1", "not snake_case")
        self.caught(names.file_names_are_snake_case, {"docs/my-page.md": "# x\n"},
                    "docs/my-page.md:1", "not snake_case")
        for folder in ("src", "common", "core", "misc", "utils", "helpers"):
            self.caught(names.folders_say_what_they_hold, {f"assay/{folder}/x.txt": ""},
                        f"assay/{folder}:1", "says nothing")

    def test_words(self):
        for word in ("TO" "DO", "FIX" "ME", "X" "XX", "HA" "CK", "a st" "ub", "place" "holder",
                     "not imple" "mented"):
            self.caught(words.nothing_unfinished, {"assay/base/x.cc": f"\n// {word}: later\n"},
                        "assay/base/x.cc:2", "finish it")
        self.passes(words.nothing_unfinished,
                    {"dashboard/parts/x.tsx": '<input place' 'holder="name" />\n',
                     "tools/x.sh": "mktemp -d x.XXXXXX\n"})

    def test_machine_paths_and_registries(self):
        for path in ("/ho" "me/ann/x", "/ro" "ot/x", "/wo" "rk/x", "/Us" "ers/ann/x"):
            self.caught(words.no_machine_paths, {"tools/x.sh": f"cd {path}\n"}, "tools/x.sh:1",
                        "path of one machine")
        self.passes(words.no_machine_paths, {"tools/x.sh": "cd $dir/wo" "rk/x; GET a/ho" "me/x\n"})
        self.caught(words.no_registry_addresses,
                    {"tools/x.sh": "curl https://regis" "try.npm" "js.org/x\n"},
                    "tools/x.sh:1", "names a registry")
        self.caught(words.no_registry_addresses,
                    {"dashboard/package-lock.json": '{"resol' 'ved": "https://a.example/x.tgz"}\n'},
                    "dashboard/package-lock.json:1", "download address")

    def test_trailing_space(self):
        self.caught(words.no_trailing_space, {"assay/base/x.cc": "int x; \n"},
                    "assay/base/x.cc:1", "space at the end")
        self.caught(words.no_trailing_space, {"assay/base/x.cc": "int x;"},
                    "assay/base/x.cc:1", "line feed")

    def test_links(self):
        self.caught(documents.links_resolve, {"docs/x.md": "\n[gone](nowhere.md)\n"},
                    "docs/x.md:2", "no such file")
        self.caught(documents.links_resolve, {"docs/x.md": "[gone](start.md#gone)\n"},
                    "docs/x.md:1", "no such heading")
        self.passes(documents.links_resolve,
                    {"docs/x.md": "[a](start.md) [b](https://example.org) [c](../assay/base)\n"
                                  "`[no](link)`\n```\n[no](link)\n```\n"})

    def test_architecture_table(self):
        table = CLEAN["ARCHITECTURE.md"]
        self.caught(documents.architecture_table_is_true,
                    {"ARCHITECTURE.md": table.replace("methods | base", "methods | –")},
                    "ARCHITECTURE.md:6", "stats may use – here")
        self.caught(documents.architecture_table_is_true,
                    {"ARCHITECTURE.md": table.replace("| `stats` | methods | base |\n", "")},
                    "ARCHITECTURE.md:1", "no row for module stats")


if __name__ == "__main__":
    unittest.main()
