"""The local door: who may come in, what is answered, and what nobody can break."""

import asyncio
import contextlib
import json
import os
import socket
import stat

import pytest

from mm import operate
from mm.live import control as door
from mm.live.control import LINE_BYTES_MAX, NAME, Control, address, done
from mm.persistence.state import StateFolder


async def echo(request):
    return done(request.get("word", ""), size=len(request))


async def breaks(request):
    raise ZeroDivisionError("by a caller")


@pytest.fixture
async def control(tmp_path):
    made = Control(tmp_path, {"echo": echo, "breaks": breaks})
    await made.start()
    yield made
    await made.stop()


async def ask(folder, *lines):
    with address(folder) as path:
        reader, writer = await asyncio.open_unix_connection(path, limit=2 * LINE_BYTES_MAX)
    answers = []
    try:
        for line in lines:
            writer.write(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n")
            with contextlib.suppress(ConnectionError):
                await writer.drain()
            answer = b""
            with contextlib.suppress(ConnectionError):
                answer = await reader.readline()
            answers.append(json.loads(answer) if answer else None)
    finally:
        await hang_up(writer)
    return answers


async def hang_up(writer):
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


async def test_a_line_is_answered_by_a_line_and_the_next_one_too(control, tmp_path):
    assert await ask(tmp_path, {"command": "echo", "word": "a"}, {"command": "echo"}) == [
        {"ok": True, "text": ["a"], "size": 2},
        {"ok": True, "text": [""], "size": 1},
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"pause\n", 'expected one line of JSON with a "command"'),
        (b"[]\n", "expected one line of JSON"),
        (b"[" * 10_000 + b"\n", "expected one line of JSON"),
        (b'{"command": "kill"}\n', "no such command; this run knows breaks, echo"),
        (b'{"command": ["echo"]}\n', "no such command"),
        (b'{"command": "breaks"}\n', "ZeroDivisionError: by a caller"),
        (b"\xff\xfe\n", "expected one line of JSON"),
    ],
)
async def test_what_is_no_command_gets_a_sentence_and_the_next_one_is_heard(control, tmp_path, line, said):
    first, second = await ask(tmp_path, line, {"command": "echo"})
    assert not first["ok"]
    assert said in first["text"][0]
    assert second["ok"]


async def test_a_line_that_does_not_end_is_cut_off_and_others_are_served(control, tmp_path):
    assert await ask(tmp_path, b"x" * (2 * LINE_BYTES_MAX)) == [None]
    assert (await ask(tmp_path, {"command": "echo"}))[0]["ok"]


async def test_only_the_owner_gets_in(control, tmp_path, monkeypatch):
    assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o600
    monkeypatch.setattr(door.os, "geteuid", lambda: os.getuid() + 1)
    monkeypatch.setattr(door, "ROOT", os.getuid() + 2)
    assert await ask(tmp_path, {"command": "echo"}) == [None]
    monkeypatch.undo()
    assert (await ask(tmp_path, {"command": "echo"}))[0]["ok"]


async def test_callers_that_say_nothing_are_in_nobodys_way(control, tmp_path):
    with address(tmp_path) as path:
        held = [await asyncio.open_unix_connection(path) for _ in range(door.CONNECTIONS_MAX)]
    for _, writer in held:
        writer.write(b'{"command": "echo"}\n')
    for reader, _ in held:
        assert await reader.readline()
    for _ in range(3):
        assert (await ask(tmp_path, {"command": "echo"}))[0]["ok"], "silent callers have kept one out"
    # The first of them had to go.
    assert await held[0][0].readline() == b""
    for _, writer in held:
        await hang_up(writer)


async def test_a_word_is_heard_beside_a_hundred_that_say_nothing(control, tmp_path):
    with address(tmp_path) as path:
        held = [await asyncio.open_unix_connection(path) for _ in range(101)]
    arguments = ["--state", str(tmp_path)]
    # The door knows no such command, and says so: it heard.
    assert await asyncio.to_thread(operate.main, "strategies", arguments) == operate.REFUSED
    for _, writer in held:
        await hang_up(writer)


async def test_callers_that_wait_for_answers_are_not_cut_off(tmp_path):
    over = asyncio.Event()

    async def waits(request):
        await over.wait()
        return done("over")

    control = Control(tmp_path, {"echo": echo, "waits": waits})
    await control.start()
    waiting = [asyncio.ensure_future(ask(tmp_path, {"command": "waits"})) for _ in range(door.CONNECTIONS_MAX)]
    await asyncio.sleep(0.5)
    assert await ask(tmp_path, {"command": "echo"}) == [None]
    over.set()
    answers = await asyncio.gather(*waiting)
    assert [answer["text"] for (answer,) in answers] == [["over"]] * door.CONNECTIONS_MAX
    await control.stop()


@pytest.mark.parametrize("put", [None, "file", "socket"])
async def test_a_door_that_was_taken_away_is_there_again(control, tmp_path, put):
    (tmp_path / NAME).unlink()
    if put == "file":
        (tmp_path / NAME).touch()
    elif put == "socket":
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as other, address(tmp_path) as path:
            other.bind(path)
    async with asyncio.timeout(10):
        while True:
            await asyncio.sleep(0.1)
            with contextlib.suppress(OSError):
                if (await ask(tmp_path, {"command": "echo"}))[0]:
                    break
    assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o600


async def test_a_dead_ones_socket_is_in_nobodys_way_and_the_end_takes_it_down(tmp_path):
    (tmp_path / NAME).touch()
    control = Control(tmp_path, {"echo": echo})
    await control.start()
    assert (await ask(tmp_path, {"command": "echo"}))[0]["ok"]
    await control.stop()
    assert not (tmp_path / NAME).exists()
    await control.stop()


async def test_a_folder_with_a_long_name_has_its_door_too(tmp_path):
    folder = tmp_path / ("long" * 40)
    folder.mkdir()
    control = Control(folder, {"echo": echo})
    await control.start()
    try:
        assert (await ask(folder, {"command": "echo"}))[0]["ok"]
    finally:
        await control.stop()


@pytest.mark.parametrize("is_let_go", [True, False])
async def test_mm_stop_is_over_when_the_folder_is_free_and_says_so_where_it_is_not(
    tmp_path, monkeypatch, capsys, is_let_go
):
    async def stop(request):
        return done("Stopped: mm stop", exit_code=0)

    if not is_let_go:
        monkeypatch.setattr(operate, "LET_GO_S", 0.2)
    folder = StateFolder(tmp_path / "state")
    control = Control(folder.path, {"stop": stop})
    await control.start()
    asking = asyncio.create_task(asyncio.to_thread(operate.main, "stop", ["--state", str(folder.path)]))
    try:
        if is_let_go:
            await asyncio.sleep(0.5)
            assert not asking.done(), "a start after it would be refused"
            folder.close()
        code = await asking
    finally:
        await control.stop()
        folder.close()
    said = capsys.readouterr()
    assert said.out == "Stopped: mm stop\n"
    assert code == (operate.DONE if is_let_go else operate.REFUSED)
    assert (f"process {os.getpid()} still holds the state folder" in said.err) is not is_let_go
