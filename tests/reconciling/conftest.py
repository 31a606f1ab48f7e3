import pytest

# Before anything imports it: a failed check then shows its values.
pytest.register_assert_rewrite("mm.conformance")
