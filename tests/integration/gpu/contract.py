"""Hold sources against the real bindings of TensorRT; run in a process of its own that can import them.

`python contract.py FILE..` follows each value through a file, from `trt.Something` and what its methods say they
return, and checks every member, keyword and count of arguments on the way. It prints what it checked and what is wrong.
`python contract.py --double FILE` checks that a double has no class, member or parameter that the bindings lack.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import tensorrt_bindings as trt

SIGNATURE = re.compile(r"^(?:\d+\. )?\w+\(self: [^,)]+(?:, )?(.*)\) -> (\S.*)$", re.MULTILINE)
checked: list[str] = []
faults: list[str] = []


def signatures(kind: type, name: str) -> list[tuple[list[str], int, type | None]]:
    """Return the overloads of a method as its docstring has them: parameters, how many are needed, what it returns."""
    found = []
    for given, returns in SIGNATURE.findall(getattr(kind, name).__doc__ or ""):
        parameters = re.findall(r"(?:^|, )(\w+): ([^=]*?(?:\[[^\]]*\])?)( = .*?)?(?=, \w+: |$)", given)
        needed = sum(not default for _, _, default in parameters)
        result = getattr(trt, returns.split(".")[-1].split("::I")[-1], None)
        found.append(([p for p, _, _ in parameters], needed, result if isinstance(result, type) else None))
    return found


class Reader(ast.NodeVisitor):
    """Follows the types of names through one file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.types: dict[str, type] = {}

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        outer = dict(self.types)
        for argument in node.args.args:
            if argument.annotation is not None and isinstance(kind := self.value(argument.annotation), type):
                self.types[argument.arg] = kind
        for inner in node.body:
            self.visit(inner)
        kept = {name: kind for name, kind in self.types.items() if name.startswith("self.")}
        self.types = outer | kept

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for base in node.bases:
            kind = self.value(base)
            if isinstance(kind, type):
                for member in node.body:
                    if isinstance(member, ast.FunctionDef) and not member.name.startswith("_"):
                        self.overrides(kind, member)
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        targets, values = [node.targets[0]], [node.value]
        if isinstance(node.targets[0], ast.Tuple) and isinstance(node.value, ast.Tuple):
            targets, values = node.targets[0].elts, node.value.elts
        for target, value in zip(targets, values, strict=True):
            kind = self.value(value)
            name = ast.unparse(target)
            if isinstance(kind, type) and isinstance(value, ast.Call | ast.Name):
                self.types[name] = kind
            self.value(target)

    def visit_Call(self, node: ast.Call) -> None:
        self.value(node)
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.value(node)
        self.generic_visit(node)

    def value(self, node: ast.expr) -> Any:
        """Return the class of an expression, or a member of the bindings itself; None where it is neither."""
        if isinstance(node, ast.Name):
            return trt if node.id == "trt" else self.types.get(node.id)
        if isinstance(node, ast.Attribute):
            if (name := ast.unparse(node)) in self.types:
                return self.types[name]
            owner = self.value(node.value)
            if owner is None:
                return None
            return self.member(owner, node.attr, node.lineno)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = self.value(node.func.value)
            if owner is None:
                return None
            target = self.member(owner, node.func.attr, node.lineno)
            if isinstance(target, type):
                self.call(target, "__init__", node)
                return target
            return self.call(owner, node.func.attr, node) if isinstance(owner, type) else None
        return None

    def member(self, owner: Any, name: str, line: int) -> Any:
        label = f"{getattr(owner, '__name__', owner)}.{name}"
        if not hasattr(owner, name):
            faults.append(f"{self.file}:{line}: no {label} in {trt.__version__}")
            return None
        checked.append(label)
        return getattr(owner, name)

    def call(self, owner: type, name: str, node: ast.Call) -> type | None:
        found = signatures(owner, name)
        keywords = {k.arg for k in node.keywords}
        unbound = isinstance(node.func, ast.Attribute) and node.func.attr == "__init__"  # with self among its arguments
        count = len(node.args) + len(keywords) - unbound
        for parameters, needed, result in found:
            if needed <= count <= len(parameters) and keywords <= set(parameters):
                checked.append(f"{owner.__name__}.{name}/{count}")
                return result
        if name != "__init__" or count:
            faults.append(f"{self.file}:{node.lineno}: {ast.unparse(node)} fits none of {found} in {trt.__version__}")
        return None

    def overrides(self, kind: type, method: ast.FunctionDef) -> None:
        if self.member(kind, method.name, method.lineno) is not None:
            own = [a.arg for a in method.args.args[1:]]
            if not any(own == parameters for parameters, _, _ in signatures(kind, method.name)):
                faults.append(f"{self.file}:{method.lineno}: {method.name}{own} is no override in {trt.__version__}")


def double(file: str) -> None:
    """Compare the classes, members and parameters of a double with the real ones."""
    spec = spec_from_file_location("double", file)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, kind in vars(module).items():
        if not (inspect.isclass(kind) and kind.__module__ == "double"):
            continue
        real = getattr(trt, name, None)
        if real is None:
            faults.append(f"{file}: no {name} in {trt.__version__}")
            continue
        public = set(getattr(kind, "__members__", ())) or {m for m in vars(kind) if not m.startswith("_")}
        faults.extend(f"{file}: no {name}.{m} in {trt.__version__}" for m in public - set(dir(real)) - OWN)
        checked.extend(f"{name}.{m}" for m in public & set(dir(real)))
        for method in public & set(dir(real)):
            if inspect.isfunction(vars(kind).get(method)):
                own = list(inspect.signature(vars(kind)[method]).parameters)[1:]
                if not any(own == parameters for parameters, _, _ in signatures(real, method)):
                    faults.append(f"{file}: {name}.{method}{own} is another in {trt.__version__}")


OWN = {"graph", "profiles", "shapes", "session", "tensors", "known"}  # what the double's classes keep for themselves

if __name__ == "__main__":
    if sys.argv[1] == "--double":
        double(sys.argv[2])
    else:
        for path in sys.argv[1:]:
            Reader(Path(path).name).visit(ast.parse(Path(path).read_text("utf-8")))
    sys.stdout.write("\n".join(sorted(set(checked))))
    sys.stderr.write("\n".join(faults))
    sys.exit(bool(faults))
