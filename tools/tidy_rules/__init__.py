"""Every house rule, in the order in which tools/tidy runs them."""
from . import documents, headers, modules, names, sizes, words

ALL_RULES = [
    modules.declared_includes,
    modules.no_cycles,
    modules.libraries_have_owners,
    modules.libraries_stay_in_sources,
    modules.pure_modules_are_pure,
    modules.sources_are_built,
    headers.headers_explain_themselves,
    headers.modules_have_a_front_door,
    headers.includes_exist,
    sizes.functions_are_short,
    sizes.files_are_short,
    sizes.lines_are_short,
    names.file_names_are_snake_case,
    names.folders_say_what_they_hold,
    words.nothing_unfinished,
    words.no_machine_paths,
    words.no_registry_addresses,
    words.no_trailing_space,
    documents.links_resolve,
    documents.architecture_table_is_true,
]


def check_all(tree):
    findings = [finding for rule in ALL_RULES for finding in rule(tree)]
    return sorted(findings, key=lambda f: (f.path, f.line, f.message))
