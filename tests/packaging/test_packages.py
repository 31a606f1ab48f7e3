"""Sdist, wheel from it, plain and editable install: built for real, in fresh folders and environments."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.packaging
of_wheel = pytest.mark.xdist_group("wheel")
"""One after another on one worker, which makes the wheel once; what needs none is done beside them."""
ROOT = Path(__file__).resolve().parents[2]
SUFFIX = sysconfig.get_config_var("EXT_SUFFIX")
NATIVE = sorted(
    ".".join(path.relative_to(ROOT / "src").with_suffix("").parts) for path in (ROOT / "src").rglob("*.pyi")
)
IMPORT_ALL = f"import importlib, mm; [importlib.import_module(name) for name in {NATIVE}]; print(mm.__file__)"
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")},
    # One set of compiled crates for all builds of a worker, the same sources in different folders. Workers have one
    # each: maturin packs the library after cargo has let go of its lock, while another one may write it.
    "CARGO_TARGET_DIR": str(ROOT / "target" / f"wheel-{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"),
    # What is looked at is what lies where, not how fast it is: the crates are compiled in a fraction of the time.
    "CARGO_PROFILE_RELEASE_LTO": "false",
    "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "16",
    "CARGO_PROFILE_RELEASE_OPT_LEVEL": "1",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    # The first build of the same sources compiles; the others, in other folders, show what they put where.
    "MM_BUILD_CACHE": os.environ.get("MM_BUILD_CACHE", str(ROOT / "build" / "compiled")),
}


def run(*command, cwd):
    """Run a command, return its output; its whole output is in the failure."""
    done = subprocess.run([str(part) for part in command], cwd=cwd, env=ENVIRONMENT, text=True, capture_output=True)
    assert done.returncode == 0, f"{command}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


def environment(folder):
    """Make a virtual environment and return its interpreter."""
    venv.create(folder, with_pip=True)
    return folder / "bin" / "python"


@pytest.fixture(scope="session", autouse=True)
def compiled_once():
    Path(ENVIRONMENT["MM_BUILD_CACHE"]).mkdir(parents=True, exist_ok=True)


@pytest.fixture(scope="session")
def sdist(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sdist")
    run(sys.executable, "-m", "build", "--sdist", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    (made,) = folder.glob("*.tar.gz")
    return made


@pytest.fixture(scope="session")
def unpacked(sdist, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    (tree,) = folder.iterdir()
    return tree


@pytest.fixture(scope="session")
def wheel(unpacked, tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    # With build isolation: what `pip install mm` does on a user's machine.
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, unpacked, cwd=folder)
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="session")
def names(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


@pytest.mark.xdist_group("tree")
def test_sdist_holds_what_a_build_needs(unpacked):
    for name in ("setup.py", "build_backend/mm_build.py", "Cargo.toml", "Cargo.lock", "LICENSE", "README.md"):
        assert (unpacked / name).exists(), name
    assert not list(unpacked.rglob("*.so"))
    sources = {path.relative_to(ROOT) for path in (ROOT / "src").rglob("*.pyx")}
    assert sources == {path.relative_to(unpacked) for path in unpacked.rglob("*.pyx")}


@of_wheel
def test_wheel_names_interpreter_and_platform(wheel):
    tag = f"cp{sys.version_info.major}{sys.version_info.minor}"
    platform = re.sub(r"[-.]", "_", sysconfig.get_platform())
    assert wheel.name.split("-")[2:] == [tag, tag, f"{platform}.whl"]


@of_wheel
def test_wheel_holds_stubs_declarations_and_this_interpreters_modules_only(names):
    modules = {f"{name.replace('.', '/')}{SUFFIX}" for name in NATIVE}
    assert modules == {name for name in names if name.endswith((".so", ".pyd"))}
    for ending in (".pyi", ".pxd"):
        inside = {path.relative_to(ROOT / "src").as_posix() for path in (ROOT / "src").rglob(f"*{ending}")}
        assert inside == {name for name in names if name.endswith(ending)}
    assert "mm/py.typed" in names


@of_wheel
def test_wheel_holds_no_sources_that_were_compiled(names):
    assert not [name for name in names if name.endswith((".c", ".cpp", ".pyx", ".rs", ".pyc"))]


@of_wheel
def test_wheel_holds_python_files_data_and_licences(names):
    source = ROOT / "src"
    wanted = {path.relative_to(source).as_posix() for path in source.rglob("*.py")}
    wanted |= {path.relative_to(source).as_posix() for path in source.glob("mm/simulator/data/*") if path.is_file()}
    assert wanted <= set(names)
    licences = [name for name in names if re.match(r"mm-[^/]*\.dist-info/licenses/", name)]
    assert len(licences) == 1 + len(list(source.glob("mm/simulator/data/LICENSE*")))


@of_wheel
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads ELF files")
def test_modules_carry_no_search_path_of_the_building_machine(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    for module in tmp_path.rglob("*.so"):
        dynamic = run("readelf", "-d", module, cwd=tmp_path)
        assert "NEEDED" in dynamic
        assert "RUNPATH" not in dynamic, module.name
        assert "RPATH" not in dynamic, module.name


@of_wheel
def test_installed_wheel_imports_every_native_module(wheel, tmp_path):
    python = environment(tmp_path / "venv")
    run(python, "-m", "pip", "install", "-q", wheel, cwd=tmp_path)
    where = run(python, "-c", IMPORT_ALL, cwd=tmp_path)
    assert where.startswith(str(tmp_path))


@of_wheel
def test_tests_find_all_they_need_beside_an_installed_wheel(wheel, tmp_path):
    """As cibuildwheel runs them: the wheel in a fresh environment, and of the tree only `test-sources`."""
    python = environment(tmp_path / "venv")
    run(python, "-m", "pip", "install", "-q", f"mm[test] @ {wheel.as_uri()}", cwd=tmp_path)
    tree = tmp_path / "tree"
    tree.mkdir()
    for name in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["cibuildwheel"]["test-sources"]:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, tree / name)
    run(python, "-m", "pytest", "-q", "--collect-only", "tests", cwd=tree)
    run(python, "-m", "pytest", "-q", "tests/config", "tests/strategies", "tests/core/test_native_modules.py", cwd=tree)


@pytest.mark.xdist_group("tree")
def test_plain_install_of_a_tree_imports_every_native_module(unpacked, tmp_path):
    target = tmp_path / "site"
    command = ["-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--target", target, unpacked]
    run(sys.executable, *command, cwd=tmp_path)
    where = run(sys.executable, "-c", f"import sys; sys.path.insert(0, {str(target)!r}); {IMPORT_ALL}", cwd=tmp_path)
    assert where.startswith(str(target))


@pytest.mark.xdist_group("tree")
def test_editable_install_keeps_working_while_a_wheel_is_built(tmp_path):
    before = {path: path.stat().st_mtime_ns for path in (ROOT / "src").rglob("*.so")}
    foreign = ROOT / "src" / "mm" / "_core" / "of_another_interpreter.cpython-399-none.so"
    foreign.touch()
    try:
        run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, ROOT, cwd=tmp_path)
        assert foreign.exists()
    finally:
        foreign.unlink(missing_ok=True)
    assert before == {path: path.stat().st_mtime_ns for path in (ROOT / "src").rglob("*.so")}
    (made,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(made) as archive:
        assert not [name for name in archive.namelist() if foreign.name in name]
    where = run(sys.executable, "-c", IMPORT_ALL, cwd=tmp_path)
    assert where.startswith(str(ROOT / "src"))


@pytest.mark.parametrize("platform", ["linux", "macos", "windows"])
def test_cibuildwheel_builds_the_expected_list(platform):
    listed = run(
        sys.executable, "-m", "cibuildwheel", "--print-build-identifiers", "--platform", platform, ROOT, cwd=ROOT
    )
    marks = {"linux": "linux_", "macos": "macosx_", "windows": "win"}
    expected = (Path(__file__).parent / "expected_builds.txt").read_text().split()
    assert sorted(listed.split()) == [name for name in expected if marks[platform] in name]


def test_pyproject_is_valid():
    run(sys.executable, "-m", "validate_pyproject", ROOT / "pyproject.toml", cwd=ROOT)
