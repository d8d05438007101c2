"""One port, until the server is told to stop or is left alone."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

from data_engine.errors import InvalidInput
from data_engine.review_page.server import listening

_CHILD = """
import os, sys
from data_engine.review_page.server import end_with, listening, serve

end_with(os.getppid())

async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"here"})

with listening("127.0.0.1", 0) as listener:
    port = listener.getsockname()[1]
    serve(app, listener, started=lambda: print(port, flush=True))
print("ended", flush=True)
"""
_PARENT = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {_CHILD!r}])
sys.stdin.read()
"""


def test_a_port_that_is_in_use_is_refused():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InvalidInput, match=rf"port {port} of 127\.0\.0\.1 is in use"), listening("127.0.0.1", port):
            pass
    with listening("127.0.0.1", 0) as listener:
        assert listener.getsockname()[1] > 0


def test_an_address_that_is_not_of_this_machine_is_refused():
    with pytest.raises(InvalidInput, match="give another one with --port"), listening("192.0.2.1", 0):
        pass


def test_it_answers_until_it_is_told_to_stop():
    process = subprocess.Popen([sys.executable, "-c", _CHILD], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    port = int(process.stdout.readline())
    assert urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10).read() == b"here"
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=20)[0] == "ended\n"
    assert process.returncode == 0


def test_nobody_names_the_address_that_they_come_from():
    told = _CHILD.replace('b"here"', 'scope["client"][0].encode()')
    process = subprocess.Popen([sys.executable, "-c", told], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    place = f"http://127.0.0.1:{int(process.stdout.readline())}/"
    asked = urllib.request.Request(place, headers={"X-Forwarded-For": "192.0.2.7"})
    assert urllib.request.urlopen(asked, timeout=10).read() == b"127.0.0.1"
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)


def test_it_ends_with_the_process_that_started_it():
    parent = subprocess.Popen([sys.executable, "-c", _PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None and parent.stdin is not None
    int(parent.stdout.readline())
    os.kill(parent.pid, signal.SIGKILL)
    # The child holds the other end, and lets go of it when it ends.
    assert parent.stdout.readline() == ""
    parent.stdin.close()
    parent.stdout.close()
    parent.wait(timeout=10)


def test_what_is_to_be_said_is_said_once_it_answers():
    asking = _CHILD.replace("lambda: print(port, flush=True)", "lambda: print(answer(port), flush=True)")
    assert asking != _CHILD
    ask = "from urllib.request import urlopen\nanswer = lambda port: urlopen(f'http://127.0.0.1:{port}/').status\n"
    process = subprocess.Popen([sys.executable, "-c", ask + asking], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "200\n"
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=20)[0] == "ended\n"
