"""Headers: what a reader meets first."""
from .modules import declared_modules, includes, module_of
from .tree import Finding


def headers_explain_themselves(tree):
    """A header opens with a comment that says what it is for, then #pragma once."""
    for path, text in tree.texts(".h"):
        if not text.startswith(("// ", "/*")):
            yield Finding(path, 1, "no opening comment: say what the header is for, who may call "
                          "it from which thread, and show a short example")
        if "#pragma once" not in text and not path.startswith("bindings/c/"):
            yield Finding(path, 1, "no #pragma once: add it after the opening comment")
        if "#ifndef " in text and "_H_" in text.split("#ifndef ", 1)[1].split("\n", 1)[0]:
            yield Finding(path, 1, "include guard macro: use #pragma once")


def modules_have_a_front_door(tree):
    """Each module has a header named after it, where a reader starts."""
    for name, lists in declared_modules(tree).items():
        door = f"assay/{name}/{name.rsplit('/', 1)[-1]}.h"
        if door not in tree.files:
            yield Finding(lists["path"], 1, f"module {name} has no front door: write {door}, which "
                          "explains the module and includes its public headers")


def includes_exist(tree):
    """Own headers are included by their full path from the root, and exist."""
    for path, text in tree.texts(".h", ".cc"):
        for line, own, header in includes(text):
            if own and own not in tree.files:
                yield Finding(path, line, f'"{own}" is no file of the project: write the path from '
                              'the root, like "assay/base/time.h"')
            elif header and module_of(header):
                yield Finding(path, line, f'<{header}>: own headers go in quotes, "{header}"')
