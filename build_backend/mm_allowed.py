"""What a build may be made of: a crate or a package that is not on the list of `allowed_packages.toml` ends it."""

import re
import tomllib
from pathlib import Path

OWN = frozenset({"mm-core", "mm-py"})


def check(tree):
    """Raise RuntimeError that names everything in `tree` that nobody allowed, before anything of it is compiled."""
    allowed = tomllib.loads((Path(tree) / "src" / "mm" / "allowed_packages.toml").read_text())
    project = tomllib.loads((Path(tree) / "pyproject.toml").read_text())
    locked = tomllib.loads((Path(tree) / "Cargo.lock").read_text())["package"]
    crates, tools = set(allowed["build"]["crates"]), set(allowed["build"]["packages"])
    found = [f"crate {each['name']}" for each in locked if each["name"] not in crates]
    found += [f"crate {each['name']} without a hash" for each in locked if each["name"] not in OWN | hashed(locked)]
    found += [f"build requirement {name}" for name in names(project["build-system"]["requires"]) if name not in tools]
    wanted = project["project"]["dependencies"] + project["project"]["optional-dependencies"]["postgres"]
    found += [f"requirement {name}" for name in names(wanted) if name not in allowed["packages"]]
    if found:
        raise RuntimeError(f"not on the list of src/mm/allowed_packages.toml: {', '.join(found)}")


def hashed(locked):
    """The crates whose archive has to have a hash; cargo refuses another one."""
    return {each["name"] for each in locked if len(each.get("checksum", "")) == 64}


def names(requirements):
    """The packages' names of requirements."""
    return [re.match(r"[A-Za-z0-9._-]+", each).group().lower() for each in requirements]
