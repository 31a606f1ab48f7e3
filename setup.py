"""The Cython modules only; metadata lives in pyproject.toml, the Rust module and the wheel are maturin's.

Called by build_backend/mm_build.py, and by hand as `python setup.py build_ext --inplace`.
"""

import sys
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup

ROOT = Path(__file__).resolve().parent

# Checks stay on everywhere; a function that proves an index safe loosens it for itself, beside the proof.
DIRECTIVES = {
    "language_level": 3,
    "boundscheck": True,
    "wraparound": False,
    "cdivision": False,
    "embedsignature": False,
    "binding": False,
    "always_allow_keywords": True,
    "freethreading_compatible": False,
}

FLAGS = ["/O2"] if sys.platform == "win32" else ["-O3", "-g0", "-Wno-unused-function"]

setup(
    packages=[],
    package_dir={"": "src"},
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
        compiler_directives=DIRECTIVES,
    ),
)
