"""The Cython modules only; metadata lives in pyproject.toml, the Rust module and the wheel are maturin's.

Called by build_backend/mm_build.py, and by hand as `python setup.py build_ext --inplace`.
"""

import hashlib
import multiprocessing
import os
import shlex
import shutil
import sys
import sysconfig
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).resolve().parent

# Checks stay on everywhere; a function that proves an index safe loosens it for itself, beside the proof.
DIRECTIVES = {
    "language_level": 3,
    "boundscheck": True,
    "wraparound": False,
    "cdivision": False,
    # In the form that `inspect.signature` reads, so that a stub is compared with its module down to the arguments.
    "embedsignature": True,
    "embedsignature.format": "clinic",
    "binding": False,
    "always_allow_keywords": True,
    "freethreading_compatible": False,
}

FLAGS = ["/O2"] if sys.platform == "win32" else ["-O3", "-g0", "-Wno-unused-function"]

# cythonize compares the C files with the modules alone; the directives are in this file.
GENERATED = ROOT / "build" / "cython"
# A folder that keeps what was made of which sources, for one who builds the same sources in several places.
KEPT = os.environ.get("MM_BUILD_CACHE")
STALE = any(made.stat().st_mtime < Path(__file__).stat().st_mtime for made in GENERATED.rglob("*.c"))


CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
# Cython's own workers would run this file again where processes are not forked.
TRANSLATORS = CORES if multiprocessing.get_start_method() == "fork" and sys.platform == "linux" else 0


def keep(made, kept):
    """Copy a module into the cache: another build that looks at this moment, or after one that was ended here, finds
    the whole of it or nothing."""
    fresh = kept.with_name(f"{kept.name}.{os.getpid()}")
    shutil.copyfile(made, fresh)
    fresh.replace(kept)


class BuildExtensions(build_ext):
    """`build_ext` on every core, that leaves out the search path of the interpreter that happens to build.

    An interpreter outside the system's folders is linked with an rpath to its own libraries, and hands those flags to
    every extension. An extension needs none of them, and in a wheel the path is another machine's.
    """

    def finalize_options(self):
        super().finalize_options()
        if self.parallel is None:
            self.parallel = CORES

    def build_extensions(self):
        # Flags that the caller gives in LDFLAGS are not the interpreter's and stay.
        inherited = {
            flag
            for flag in shlex.split(sysconfig.get_config_var("LDSHARED") or "")
            if flag.startswith(("-Wl,-rpath", "-Wl,-R"))
        }
        for name in ("linker_so", "linker_so_cxx"):
            command = getattr(self.compiler, name, None)
            if command:
                setattr(self.compiler, name, [part for part in command if part not in inherited])
        super().build_extensions()

    def build_extension(self, ext):
        if not KEPT:
            super().build_extension(ext)
            return
        words = [self.compiler.compiler_so, self.compiler.linker_so, ext.extra_compile_args, sys.version, ext.name]
        (source,) = ext.sources
        kept = Path(KEPT, hashlib.sha256(repr(words).encode() + Path(source).read_bytes()).hexdigest())
        made = Path(self.get_ext_fullpath(ext.name))
        if kept.exists():
            made.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(kept, made)
        else:
            super().build_extension(ext)
            keep(made, kept)


setup(
    packages=[],
    package_dir={"": "src"},
    cmdclass={"build_ext": BuildExtensions},
    ext_modules=cythonize(
        [
            Extension(
                ".".join(path.relative_to(ROOT / "src").with_suffix("").parts),
                [path.relative_to(ROOT).as_posix()],
                extra_compile_args=FLAGS,
            )
            for path in sorted(ROOT.glob("src/mm/**/*.pyx"))
        ],
        include_path=["src"],
        build_dir="build/cython",
        nthreads=TRANSLATORS,
        force=STALE,
        cache=KEPT or False,
        compiler_directives=DIRECTIVES,
    ),
)
