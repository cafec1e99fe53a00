"""Every script of script/, run as a person runs it: as a program, from a folder of their own."""

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from github_avatars import identicon
from github_avatars.demo import AVATARS, Exchange, GitHubStandIn
from github_avatars.training import dataset
from tests.support.cog_server import CogServer
from tests.support.processes import ROOT, clean_environment, free_port, living_processes
from tests.support.timing import TIMEOUT, wait_until

SCRIPTS = sorted((ROOT / "script").iterdir())
PYTHON_SCRIPTS = [script.name for script in SCRIPTS if 'exec "$root/.venv/bin/python"' in script.read_text()]
RECORDER = """#!/usr/bin/env bash
(IFS="|"; echo "$(basename "$0")|$*" >>"$RECORD")
for argument in $FAIL; do
  case " $(basename "$0") $* " in *" $argument "*) exit 3 ;; esac
done
"""
"""A program that writes its name and arguments down, and fails where one of the words in FAIL is among them."""
FAKE_PYTHON = (
    RECORDER
    + """
if [ "$*" = "-m venv .venv" ]; then
  mkdir -p .venv/bin
  cp "$0" .venv/bin/python
fi
"""
)
"""A recorder that also makes what `python -m venv` makes."""


def run(
    script: str | Path, *arguments: str, folder: Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """The script's end, run in `folder`."""
    return subprocess.run(
        [ROOT / "script" / script, *arguments],
        cwd=folder,
        env=clean_environment() if environment is None else environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )


def error_of(ended: subprocess.CompletedProcess[str]) -> str:
    """The one line of a script that failed as it should."""
    assert ended.returncode == 1, ended
    assert ended.stdout == ""
    assert ended.stderr.endswith("\n")
    (line,) = ended.stderr.splitlines()
    return line


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path


# Each of them


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_says_what_it_is_for_in_its_first_comment(script: Path) -> None:
    shebang, comment, *_ = script.read_text(encoding="utf-8").splitlines()
    assert shebang == "#!/usr/bin/env bash"
    assert comment.startswith("# ")
    assert len(comment) > 20


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_is_a_program_that_stops_at_the_first_failure(script: Path) -> None:
    assert stat.S_IMODE(script.stat().st_mode) & 0o111 == 0o111
    assert "\nset -euo pipefail\n" in script.read_text(encoding="utf-8")
    subprocess.run(["bash", "-n", script], check=True)


def test_all_that_run_our_python_are_found() -> None:
    assert {"predict", "server", "synthesize", "train"} <= set(PYTHON_SCRIPTS)


@pytest.mark.parametrize("name", PYTHON_SCRIPTS)
def test_help_from_any_folder(name: str, tmp_path: Path) -> None:
    ended = run(name, "--help", folder=tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("usage: ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["predict", "server"])
def test_wrong_option_is_told_by_the_scripts_own_name(name: str, tmp_path: Path) -> None:
    ended = run(name, "--nonsense", folder=tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith(f"usage: script/{name} ")
    assert ended.stderr.endswith(f"\nscript/{name}: error: unrecognized arguments: --nonsense\n")


# script/predict


def test_predict_of_an_account_in_the_demo(tmp_path: Path) -> None:
    ended = run("predict", "--demo", "-i", "username=octocat", folder=tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    (line,) = ended.stdout.splitlines()
    answer = json.loads(line)
    assert answer == {"username": "octocat", "href": answer["href"], "prediction": "custom"}
    assert answer["href"].startswith("http://127.0.0.1:")
    assert answer["href"].endswith("/octocat.png")


def test_predict_asks_the_host_of_the_environment(github: GitHubStandIn, tmp_path: Path) -> None:
    login = next(example.login for example in dataset.read_index(AVATARS) if example.label == "default")
    ended = run(
        "predict", "-i", f"username={login}", folder=tmp_path, environment=clean_environment(GITHUB_URL=github.url)
    )
    assert json.loads(ended.stdout) == {
        "username": login,
        "href": f"{github.url}/{login}.png",
        "prediction": "default",
    }
    assert github.requests[f"/{login}.png"] == 1


def test_predict_of_a_file_relative_to_where_one_stands(tmp_path: Path) -> None:
    folder = tmp_path / "a folder"
    folder.mkdir()
    identicon.render(583231).save(folder / "ein Bild=1.png")
    ended = run("predict", "-i", "image=@../a folder/ein Bild=1.png", folder=folder)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == '{"username": null, "href": null, "prediction": "default"}\n'


TOO_FEW_OR_MANY = "error: Exactly one of username and image is needed, but "


@pytest.mark.parametrize(
    ("inputs", "beginning"),
    [
        pytest.param(["username=nobody-here"], "error: http://127.0.0.1:", id="no such user"),
        pytest.param(["username=no login"], "error: 'no login' is not a possible GitHub login", id="bad login"),
        pytest.param(["username="], "error: '' is not a possible GitHub login", id="empty login"),
        pytest.param([], f"{TOO_FEW_OR_MANY}neither came", id="neither"),
        pytest.param(["username=octocat", "image=@/dev/null"], f"{TOO_FEW_OR_MANY}both came", id="both"),
        pytest.param(["login=octocat"], "error: -i login=octocat is no input: give NAME=VALUE", id="unknown input"),
        pytest.param(["octocat"], "error: -i octocat is no input: give NAME=VALUE", id="no name"),
        pytest.param(["line\nbreak"], "error: -i line break is no input", id="two lines"),
        pytest.param(["username=a", "username=octocat"], "error: -i username=… came twice", id="twice"),
        pytest.param(["image=picture.png"], "error: image is the text 'picture.png'", id="image without @"),
        pytest.param(["image="], "error: image is the text ''", id="empty image"),
        pytest.param(["username=@octocat"], "error: username is the file octocat", id="username with @"),
        pytest.param(["image=@/dev/null"], "error: The image is not a PNG, JPEG, WebP or GIF", id="no picture"),
        pytest.param(["image=@gone.png"], "error: gone.png cannot be read (No such file", id="no file"),
        pytest.param(["image=@"], "error: . cannot be read (Is a directory)", id="no name of a file"),
    ],
)
def test_predict_tells_an_error_in_one_line(inputs: list[str], beginning: str, tmp_path: Path) -> None:
    arguments = [argument for text in inputs for argument in ("-i", text)]
    assert error_of(run("predict", "--demo", *arguments, folder=tmp_path)).startswith(beginning)


def test_predict_names_the_account_that_nobody_has(tmp_path: Path) -> None:
    line = error_of(run("predict", "--demo", "-i", "username=nobody-here", folder=tmp_path))
    assert line.endswith(" knows no account nobody-here: check the spelling.")


def test_predict_without_a_network(tmp_path: Path) -> None:
    port = free_port()
    environment = clean_environment(GITHUB_URL=f"http://127.0.0.1:{port}")
    line = error_of(run("predict", "-i", "username=octocat", folder=tmp_path, environment=environment))
    assert line.startswith(f"error: 127.0.0.1:{port} gave no whole answer for octocat (NewConnectionError): ")


@pytest.mark.parametrize(
    "address",
    [
        "github.example.com",
        "ftp://github.example.com",
        "https://a.com/path",
        "http://[::1",
        "http://a.com:99999",
        "http://a.com:b",
    ],
)
def test_predict_at_an_address_that_is_none(address: str, tmp_path: Path) -> None:
    environment = clean_environment(GITHUB_URL=address)
    line = error_of(run("predict", "-i", "username=octocat", folder=tmp_path, environment=environment))
    assert line == f"error: GITHUB_URL is '{address}': give an address like https://github.example.com."


def test_predict_ends_quietly_and_at_once_when_interrupted(github: GitHubStandIn, tmp_path: Path) -> None:
    arrived, release = threading.Event(), threading.Event()

    def hold(_: Exchange) -> bool:
        arrived.set()
        release.wait(TIMEOUT)
        return False

    github.faults["/octocat.png"] = hold
    process = subprocess.Popen(
        [ROOT / "script" / "predict", "-i", "username=octocat"],
        cwd=tmp_path,
        env=clean_environment(GITHUB_URL=github.url),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        try:
            assert arrived.wait(TIMEOUT)
            os.killpg(process.pid, signal.SIGINT)
            assert process.communicate(timeout=TIMEOUT) == ("", "")
            assert process.returncode == 130
            # One fetch only: it did not live on and try again.
            assert github.requests["/octocat.png"] == 1
        finally:
            release.set()
            process.kill()


# script/server


def demo(folder: Path) -> CogServer:
    """script/server --demo, started from a folder that has nothing to do with the project."""
    port = free_port()
    command = [ROOT / "script" / "server", "--demo", "--port", str(port)]
    return CogServer(command, folder, port, clean_environment(), folder)


@pytest.fixture(scope="module")
def demo_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CogServer]:
    (ROOT / ".cog" / "openapi_schema.json").unlink(missing_ok=True)
    with demo(tmp_path_factory.mktemp("anywhere")) as server:
        server.wait_for_status("READY")
        yield server


def test_server_answers_from_the_demo(demo_server: CogServer) -> None:
    answer = demo_server.predict(username="octocat")
    href = answer["output"]["href"]
    assert href.startswith("http://127.0.0.1:")
    assert answer["output"] == {"username": "octocat", "href": href, "prediction": "custom"}


def test_server_has_room_for_as_many_as_the_predictor_promises(demo_server: CogServer) -> None:
    assert '"message":"Server ready","num_slots":32,' in demo_server.log()


def test_server_puts_the_contract_where_cog_looks_for_it(demo_server: CogServer) -> None:
    contract = (ROOT / "openapi.json").read_bytes()
    assert (ROOT / ".cog" / "openapi_schema.json").read_bytes() == contract
    assert demo_server.request("GET", "/openapi.json") == (200, json.loads(contract))
    assert demo_server.request("POST", "/predictions", {"input": {"username": 5}})[0] == 422


def test_server_on_a_port_in_use_says_so(demo_server: CogServer, tmp_path: Path) -> None:
    line = error_of(run("server", "--port", str(demo_server.port), folder=tmp_path))
    assert line == (
        f"error: Port {demo_server.port} cannot be used (Address already in use): give another with --port."
    )
    assert demo_server.health()["status"] == "READY"


@pytest.mark.parametrize("port", ["99999", "-1"])
def test_server_on_a_port_that_is_none_says_so(port: str, tmp_path: Path) -> None:
    line = error_of(run("server", "--port", port, folder=tmp_path))
    assert line == f"error: There is no port {port}: give one of 1 to 65535 with --port."


def test_sigterm_to_the_script_ends_the_server_its_worker_and_the_demo(tmp_path: Path) -> None:
    with demo(tmp_path) as server:
        server.wait_for_status("READY")
        standin = urlsplit(server.predict(username="octocat")["output"]["href"])
        if Path("/proc").is_dir():
            assert len(living_processes(server.process.pid)) >= 2
        server.process.terminate()
        assert server.process.wait(TIMEOUT) == 0
        wait_until(lambda: not living_processes(server.process.pid), lambda: "a process is left")
        for port in (server.port, standin.port):
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT).close()
        assert server.stdout.read_bytes() == b""
        assert "Traceback" not in server.log()


# script/bootstrap


class Checkout:
    """A folder with the real script/ but with programs around it that only write down how they are called."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "a checkout"
        self.record = folder / "record"
        shutil.copytree(ROOT / "script", self.folder / "script")
        for name in ("requirements.txt", "requirements/dev.txt"):
            shutil.copy(ROOT / name, self.folder)

    def run(self, script: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = clean_environment(RECORD=str(self.record), FAIL="") | variables
        elsewhere = self.folder.parent
        return run(self.folder / "script" / script, *arguments, folder=elsewhere, environment=environment)

    def calls(self) -> list[list[str]]:
        """What was called since the last time one asked: the names and arguments."""
        lines = self.record.read_text(encoding="utf-8").splitlines() if self.record.exists() else []
        self.record.unlink(missing_ok=True)
        return [line.removesuffix("|").split("|") for line in lines]


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


@pytest.fixture
def fake_python(tmp_path: Path) -> str:
    return str(program(tmp_path / "fakes" / "python", FAKE_PYTHON))


MAKE = ["python", "-m", "venv", ".venv"]
PIP = ["python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
INSTALL = [*PIP, "--requirement", "requirements/dev.txt"]
INSTALL_COMMAND = [*PIP, "--no-deps", "--no-build-isolation", "--editable", "."]


def test_bootstrap_does_nothing_where_all_is_up_to_date(tmp_path: Path) -> None:
    run("bootstrap", folder=tmp_path)
    before = (ROOT / ".venv" / "installed").stat().st_mtime_ns
    ended = run("bootstrap", folder=tmp_path)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    assert (ROOT / ".venv" / "installed").stat().st_mtime_ns == before


def test_bootstrap_installs_once(checkout: Checkout, fake_python: str) -> None:
    first = checkout.run("bootstrap", PYTHON=fake_python)
    assert (first.returncode, first.stdout) == (0, "")
    assert checkout.calls()[1:] == [MAKE, INSTALL, INSTALL_COMMAND]
    second = checkout.run("bootstrap", PYTHON="/bin/false")
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert checkout.calls() == []


@pytest.mark.parametrize("name", ["requirements.txt", "requirements/dev.txt"])
def test_bootstrap_installs_again_where_requirements_changed(checkout: Checkout, fake_python: str, name: str) -> None:
    checkout.run("bootstrap", PYTHON=fake_python)
    checkout.calls()
    with (checkout.folder / name).open("a") as file:
        file.write("another==1.0\n")
    assert checkout.run("bootstrap", PYTHON=fake_python).returncode == 0
    assert INSTALL in checkout.calls()


def test_bootstrap_tries_again_where_installing_failed(checkout: Checkout, fake_python: str) -> None:
    assert checkout.run("bootstrap", PYTHON=fake_python, FAIL="install").returncode == 3
    checkout.calls()
    assert checkout.run("bootstrap", PYTHON=fake_python).returncode == 0
    assert INSTALL in checkout.calls()


def test_bootstrap_without_a_suitable_python_says_what_to_do(checkout: Checkout, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("bash", "cat", "dirname"):
        found = shutil.which(tool)
        assert found
        (tools / tool).symlink_to(found)
    ended = checkout.run("bootstrap", PYTHON="/bin/false", PATH=str(tools))
    assert error_of(ended).startswith("script/bootstrap: no Python 3.11 or newer with venv found: install one ")


def test_bootstrap_passes_by_a_python_that_is_too_old(checkout: Checkout, tmp_path: Path, fake_python: str) -> None:
    """PYTHON fails when asked for its version, but a python3.14 further down the list does not."""
    shutil.copy(fake_python, tmp_path / "fakes" / "python3.14")
    path = f"{tmp_path / 'fakes'}{os.pathsep}{os.environ['PATH']}"
    assert checkout.run("bootstrap", PYTHON="/bin/false", PATH=path).returncode == 0
    assert checkout.calls()[1:] == [["python3.14", *MAKE[1:]], INSTALL, INSTALL_COMMAND]


# script/build


@pytest.fixture
def builder(checkout: Checkout) -> Checkout:
    """A checkout where script/train only writes down that it was called."""
    program(checkout.folder / "script" / "train", RECORDER)
    return checkout


@pytest.fixture
def with_cog(tmp_path: Path) -> str:
    """A PATH that has a cog command, which only writes down that it was called."""
    program(tmp_path / "fakes" / "cog", RECORDER)
    return f"{tmp_path / 'fakes'}{os.pathsep}{os.environ['PATH']}"


CHECK, TRAIN = ["train", "--check"], ["train"]
BUILD = ["cog", "build", "--openapi-schema", "openapi.json"]


def test_build_with_a_fresh_model(builder: Checkout, with_cog: str) -> None:
    ended = builder.run("build", "-t", "an avatar:1", PATH=with_cog)
    assert ended.returncode == 0
    assert builder.calls() == [CHECK, [*BUILD, "-t", "an avatar:1"]]


def test_build_with_a_stale_model_trains_first(builder: Checkout, with_cog: str) -> None:
    assert builder.run("build", PATH=with_cog, FAIL="--check").returncode == 0
    assert builder.calls() == [CHECK, TRAIN, BUILD]


def test_build_stops_where_training_fails(builder: Checkout, with_cog: str) -> None:
    assert builder.run("build", PATH=with_cog, FAIL="train").returncode == 3
    assert builder.calls() == [CHECK, TRAIN]


def test_build_fails_where_cog_fails(builder: Checkout, with_cog: str) -> None:
    assert builder.run("build", PATH=with_cog, FAIL="cog").returncode == 3


def test_build_without_cog_says_what_to_install(builder: Checkout, tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("bash", "dirname"):
        found = shutil.which(tool)
        assert found
        (tools / tool).symlink_to(found)
    line = error_of(builder.run("build", PATH=str(tools)))
    assert line.startswith("script/build: no cog command found: install Cog (https://cog.run) and Docker, ")
    assert builder.calls() == []


# script/test


@pytest.fixture
def tester(checkout: Checkout) -> Checkout:
    """A checkout whose environment has only a Python that writes down that it was called."""
    program(checkout.folder / "script" / "bootstrap", RECORDER)
    program(checkout.folder / ".venv" / "bin" / "python", RECORDER)
    return checkout


def test_test_checks_format_lint_and_types_before_the_tests(tester: Checkout) -> None:
    assert tester.run("test", "-k", "identicon").returncode == 0
    assert [call[0] if len(call) < 3 else call[2] for call in tester.calls()] == [
        "bootstrap",
        "ruff",
        "ruff",
        "mypy",
        "pytest",
    ]


def test_test_passes_its_arguments_to_pytest(tester: Checkout) -> None:
    tester.run("test", "-k", "not identicon")
    assert tester.calls()[-1] == ["python", "-m", "pytest", "-k", "not identicon"]


@pytest.mark.parametrize("failing", ["bootstrap", "format", "check", "mypy", "pytest"])
def test_test_fails_where_one_of_its_checks_fails(tester: Checkout, failing: str) -> None:
    assert tester.run("test", FAIL=failing).returncode == 3
    assert failing in tester.calls()[-1]
