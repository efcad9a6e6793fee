"""Recipes of package managers, as far as they can be held against the sources without these managers: they parse, name options,
files and versions that there are, and what Python needs is what the package says."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
import types
from pathlib import Path

import jinja2
import yaml

import commands
from commands import check

ROOT = Path(os.environ["POLYSWEEP_SOURCE"])
VERSION = re.search(r'^__version__ = "([\d.]+)"', (ROOT / "analysis/polysweep/__init__.py").read_text(), re.M)[1]
OPTIONS = set(re.findall(r"(?:option|set)\((POLYSWEEP_\w+)", "".join(path.read_text() for path in (
    ROOT / "CMakeLists.txt", ROOT / "src/targets.cmake", ROOT / "jobs/install.cmake"))))
PROJECT = (ROOT / "analysis/pyproject.toml").read_text()
PYTHON = re.findall(r'"([\w-]+)>=([\d.]+)"', re.search(r"^dependencies = \[(.*?)\]", PROJECT, re.M | re.S)[1])


def is_script(text, what):
    """Of bash, without complaints of shellcheck where that is there."""
    done = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True)
    check(done.returncode == 0, what, done.stderr)
    if shutil.which("shellcheck"):
        done = subprocess.run(["shellcheck", "-s", "bash", "-e", "SC1091,SC2154", "-"], input=text, capture_output=True, text=True)
        check(done.returncode == 0, what, done.stdout)


def spack():
    """The recipe is loaded with stand-ins for Spack's words, which note what they are told."""
    repository = ROOT / "jobs/spack/spack_repo/polysweep"
    about = yaml.safe_load((repository / "repo.yaml").read_text())["repo"]
    check(about == {"namespace": repository.name, "api": "v2.0"}, about)
    text = (repository / "packages/polysweep/package.py").read_text()
    modules = [node.module for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)]
    check(modules == ["spack_repo.builtin.build_systems.cmake", "spack.package"], modules)
    told = []

    class When:
        def __init__(self, condition):
            told.append(("when", condition, {}))

        __enter__ = __exit__ = lambda *_: None

    words = {name: lambda *what, _name=name, **more: told.append((_name, what, more))
             for name in ("version", "license", "variant", "depends_on")}
    words |= {"when": When, "run_after": lambda _: lambda f: f, "on_package_attributes": lambda **_: lambda f: f}
    package, cmake = types.ModuleType("spack.package"), types.ModuleType("spack_repo.builtin.build_systems.cmake")
    package.__dict__.update(words)
    cmake.CMakePackage = type("CMakePackage", (), {"define": lambda self, name, value: name,
                                                   "define_from_variant": lambda self, name, variant: (name, variant)})
    parents = ("spack", "spack_repo", "spack_repo.builtin", "spack_repo.builtin.build_systems")
    sys.modules.update({name: types.ModuleType(name) for name in parents})
    sys.modules.update({"spack.package": package, "spack_repo.builtin.build_systems.cmake": cmake})
    names = {}
    exec(compile(text, "package.py", "exec"), names)  # noqa: S102 (it is ours)
    variants = {what[0]: more for name, what, more in told if name == "variant"}
    check({"fftw", "hwloc", "python"} <= set(variants) and variants["fftw"]["default"] is True, variants)
    check(("version", (VERSION,), {}) in told, VERSION, "is no version of the recipe")
    needs = {what[0].split("@")[0].split(" ")[0]: (what[0], more) for name, what, more in told if name == "depends_on"}
    check("random123" not in needs and needs["fftw"][1] == {"when": "+fftw"} and needs["hwloc"][1] == {"when": "+hwloc"}, needs)
    for name, least in PYTHON:
        check(needs[f"py-{name}"][0] == f"py-{name}@{least}:", name, least, "is needed by the package")
    recipe = names["Polysweep"]()
    spec = type("Spec", (dict,), {"satisfies": lambda self, what: True})
    recipe.spec = spec(mpi=types.SimpleNamespace(mpicc=""), hdf5=types.SimpleNamespace(prefix=""))
    for argument in recipe.cmake_args():
        name, variant = argument if isinstance(argument, tuple) else (argument, None)
        check(not name.startswith("POLYSWEEP_") or name in OPTIONS, name, "is no option of CMake")
        check(variant is None or variant in variants, variant, "is no variant")


def conda():
    place = ROOT / "jobs/conda/recipe"
    recipe = yaml.safe_load((place / "recipe.yaml").read_text())
    builds = yaml.safe_load((place / "conda_build_config.yaml").read_text())
    check(builds == {"mpi": ["openmpi", "mpich"]} and recipe["schema_version"] == 1 and recipe["context"]["version"] == VERSION, builds)
    environment = jinja2.Environment(variable_start_string="${{", variable_end_string="}}", undefined=jinja2.StrictUndefined)
    for mpi in builds["mpi"]:
        words = {**recipe["context"], "mpi": mpi, "hash": "h", "build_number": 0, "compiler": "c-{}".format,
                 "stdlib": "std-{}".format}
        made = yaml.safe_load(environment.from_string(yaml.safe_dump(recipe, width=1000)).render(words))
        program, analysis = made["outputs"]
        check(mpi in program["requirements"]["host"] and f"hdf5 * mpi_{mpi}_*" in program["requirements"]["host"], program)
        check(program["build"]["string"] == f"mpi_{mpi}_hh_0", program["build"])
        needs = [need.replace("matplotlib-base", "matplotlib") for need in analysis["requirements"]["run"]]
        check(set(needs) == {"python >=3.10"} | {f"{name} >={least}" for name, least in PYTHON}, needs)
        check((ROOT / program["build"]["script"]).exists() and (place / made["source"]["path"]).resolve() == ROOT.resolve(), "paths")
    check(all((ROOT / name).exists() for name in recipe["about"]["license_file"]), "licences")
    script = (place / "build.sh").read_text()
    is_script(script, "build.sh")
    check(set(re.findall(r"-D(POLYSWEEP_\w+)", script)) <= OPTIONS, "options of build.sh")


def apptainer():
    text = (ROOT / "jobs/apptainer/polysweep.def").read_text()
    head, *parts = re.split(r"^%(\w+)(?: -c /bin/bash)?\n", text, flags=re.M)
    sections = dict(zip(parts[::2], parts[1::2]))
    check(set(sections) == {"files", "labels", "post", "environment", "runscript", "test", "help"}, set(sections))
    check(re.findall(r"^(\w+): (\S+)$", head, re.M) == [("Bootstrap", "docker"), ("From", "debian:12")], head)
    check(f"image.version {VERSION}\n" in sections["labels"], sections["labels"])
    for name in ("post", "environment", "runscript", "test"):
        is_script(sections[name], name)
    setup = (ROOT / "jobs/setup.sh").read_text()
    for table in re.findall(r'"\$(\w+)"', sections["post"]):
        check(f"\n{table}='" in setup, table, "is no table of setup.sh")
    for word in ("install_packages", "install_wanted", "build"):
        check(f"\n    {word} " in sections["post"] and f"\n{word}()" in setup, word)
    check((ROOT / "jobs/quickstart.yaml").exists() and "--mpi=pmix" in sections["help"], "what it shows")


with tempfile.TemporaryDirectory() as directory:
    os.chdir(directory)
    spack()
    conda()
    apptainer()
print(f"{commands.checks} checks, {commands.failed} failed")
sys.exit(commands.failed > 0)
