"""A contract type for import-linter: what a package may import, and nothing else (docs/ARCHITECTURE.md, "Who may import whom").

The built-in `forbidden` type lists what is refused, so a dependency that nobody thought of passes. Here the allowed ones are
listed and everything else is refused, new packages from outside included. Only direct imports are looked at: what stands
behind an allowed import is bound by the contract of its own package.
"""

import sys
from typing import cast

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output

STANDARD_LIBRARY = "standard library"


class MayImport(Contract):
    """`modules` (as packages, without what stands under `excluded`) import only what stands under `allowed`.

    `allowed` names our modules, top-level packages from outside, or the words "standard library".
    """

    type_name = "may_import"

    modules = fields.SetField(subfield=fields.StringField())
    excluded = fields.SetField(subfield=fields.StringField(), required=False)
    allowed = fields.SetField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Collect every direct import that leaves the allowed circle."""
        modules = cast(set[str], self.modules)
        excluded = cast(set[str], self.excluded or set())
        allowed = cast(set[str], self.allowed)
        unknown = {name for name in modules if name not in graph.modules}
        if unknown:
            raise ValueError(f"Modules named in a contract do not exist: {', '.join(sorted(unknown))}.")
        strays = [
            (importer, imported)
            for importer in sorted(graph.modules)
            if stands_under(importer, modules) and not stands_under(importer, excluded)
            for imported in sorted(graph.find_modules_directly_imported_by(importer))
            if not is_allowed(imported, allowed)
        ]
        lines = {
            stray: [detail["line_number"] for detail in graph.get_import_details(importer=stray[0], imported=stray[1])]
            for stray in strays
        }
        return ContractCheck(kept=not strays, metadata={"strays": lines})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """One line for each stray import."""
        for (importer, imported), lines in check.metadata["strays"].items():
            where = ", ".join(f"l.{line}" for line in lines)
            output.print_error(f"{importer} may not import {imported} ({where})", bold=False)
        output.new_line()


def stands_under(module: str, packages: set[str]) -> bool:
    """Whether a module is one of the packages or inside one of them."""
    return any(module == package or module.startswith(package + ".") for package in packages)


def is_allowed(imported: str, allowed: set[str]) -> bool:
    """Whether the circle holds this module."""
    if STANDARD_LIBRARY in allowed and imported.partition(".")[0] in sys.stdlib_module_names:
        return True
    return stands_under(imported, allowed)
