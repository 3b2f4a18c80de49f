"""Sizes: functions, files and lines that one glance can hold."""
import ast
import re

from .tree import Finding, line_of

MAX_FUNCTION_LINES = 70
MAX_FILE_LINES = 600
MAX_COLUMNS = 100
CODE = (".h", ".cc", ".c", ".ts", ".tsx", ".py", ".mjs", ".js")

# The ratchet: what may be longer, how long at most, and why. Shorten the number, never raise it.
LONG_FILES = {}
LONG_FUNCTIONS = {  # "path:function" → (lines, reason)
    "dashboard/fixtures/worlds.ts:ship": (80, "one world written down as data"),
}

# Written by a program from another file; the program's input is what is reviewed.
GENERATED = re.compile(r"(\.gen\.ts|/schema\.d\.ts|/generated\.ts)$")

FUNCTION_HEAD = re.compile(
    r"\)\s*(?:const|noexcept|override|final|mutable|&{1,2}|->[^{};]*|:\s*[^;{}]*\)|\s)*$")
NOT_A_FUNCTION = re.compile(r"^\s*(?:else\s+)?(?:if|for|while|switch|catch|do|else)\b|=\s*$")
NAME = re.compile(r"([~\w:]+|operator\S+)\s*\(")
TS_HEAD = re.compile(
    r"^(\s*)(?:export\s+)?(?:default\s+)?(?:async\s+)?"
    r"(?:function\*?\s+(\w+)|(?:const|let)\s+(\w+)\b.*(?:=>|function\b.*)\s*[{(]$"
    r"|(?:(?:public|private|static|async|get|set)\s+)*(\w+)\(.*\)[^;=]*\{$)")


def cpp_functions(code):
    """(name, line, lines) of every function body, found by matching braces."""
    stack, head_start = [], 0
    for match in re.finditer(r"[{};]", code):
        if match.group(0) == "{":
            head = code[head_start:match.start()]
            is_function = FUNCTION_HEAD.search(head) and not NOT_A_FUNCTION.search(head)
            stack.append((match.start(), function_name(head) if is_function else None))
        elif match.group(0) == "}" and stack:
            start, name = stack.pop()
            if name:
                first = line_of(code, start)
                yield name, first, line_of(code, match.start()) - first + 1
        elif match.group(0) == ";" and code.count("(", head_start, match.start()) != code.count(
                ")", head_start, match.start()):
            continue  # A semicolon inside for (…; …; …).
        head_start = match.end()


def function_name(head):
    if re.search(r"\]\s*\([^()]*\)[^()]*$", head):
        return "lambda"
    names = [n for n in NAME.findall(head) if n not in {"noexcept", "decltype", "if", "for"}]
    return names[0] if names else "lambda"


def script_functions(text):
    """(name, line, own lines) in TypeScript: the body ends where its indentation returns.

    Functions declared inside another are counted by themselves: a closure may stand for a class.
    """
    lines, found = text.split("\n"), []
    for index, line in enumerate(lines):
        match = TS_HEAD.match(line)
        if not match or re.match(r"\s*(if|for|while|switch|catch|return|else)\b", line):
            continue
        closing = re.compile(rf"{match.group(1)}[)}}\]]+")
        for end in range(index + 1, len(lines)):
            if closing.match(lines[end]) and not lines[end].endswith("{"):
                found.append((match.group(2) or match.group(3) or match.group(4), index, end))
                break
    for name, start, end in found:
        inner = {n for _, first, last in found if start < first and last < end
                 for n in range(first, last + 1)}
        yield name, start + 1, end - start + 1 - len(inner)


def python_functions(text):
    try:
        nodes = list(ast.walk(ast.parse(text)))
    except SyntaxError:
        return
    for node in nodes:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node.lineno, node.end_lineno - node.lineno + 1


def functions_of(tree, path, text):
    if path.endswith((".h", ".cc", ".c")):
        return cpp_functions(tree.code(path))
    if path.endswith(".py") or text.startswith("#!/usr/bin/env python3"):
        return python_functions(text)
    if path.endswith((".ts", ".tsx", ".mjs", ".js")):
        return script_functions(text)
    return ()


def functions_are_short(tree):
    """No function is longer than 70 lines."""
    for path, text in tree.texts():
        if GENERATED.search(path):
            continue
        for name, line, lines in functions_of(tree, path, text):
            allowed = LONG_FUNCTIONS.get(f"{path}:{name}", (MAX_FUNCTION_LINES, ""))[0]
            if lines > allowed:
                yield Finding(path, line, f"{name} has {lines} lines, {allowed} is the limit: "
                              "push ifs up and loops down, give each step a name")


def files_are_short(tree):
    """No source file is longer than 600 lines, and the list of exceptions only shrinks."""
    for path, text in tree.texts(*CODE):
        if GENERATED.search(path):
            continue
        lines = text.count("\n")
        allowed = LONG_FILES.get(path, (MAX_FILE_LINES, ""))[0]
        if lines > allowed:
            yield Finding(path, allowed + 1, f"{lines} lines, {allowed} is the limit: split it "
                          "where its subject changes")
    for path in LONG_FILES:
        if (tree.files.get(path) or "").count("\n") <= MAX_FILE_LINES:
            yield Finding("tools/tidy_rules/sizes.py", 1, f"{path} is short now: take it off "
                          "LONG_FILES")


def lines_are_short(tree):
    """Lines of C++ and Python have at most 100 columns (addresses and tables excepted)."""
    for path, text in tree.texts(".h", ".cc", ".c", ".py"):
        table = False
        for number, line in enumerate(text.split("\n"), 1):
            if "clang-format o" in line:
                table = "clang-format off" in line
            if len(line) > MAX_COLUMNS and not table and "://" not in line:
                yield Finding(path, number, f"{len(line)} columns, {MAX_COLUMNS} is the limit: "
                              "break the line (make fix)")
