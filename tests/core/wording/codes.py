"""The codes of the reasons that modules give, out of their source."""

import ast
import importlib
import inspect


def codes_of(*modules: str) -> set[str]:
    """The first argument of every `Reason(…)` that stands in the modules."""
    calls = (
        node
        for module in modules
        for node in ast.walk(ast.parse(inspect.getsource(importlib.import_module(module))))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Reason"
    )
    return {call.args[0].value for call in calls if isinstance(call.args[0], ast.Constant)}
