"""How each command line in the documents is tried. A line that is in no table here fails its test.

SERVES, USES_SERVER, USES_STORE and ENDS are run as they stand by tests/programs/test_command_lines.py, in a copy of the
checkout: other ports, folders and hosts take the places of those that are written there (PLACES).
"""

from __future__ import annotations

import re

SERVES = {  # what runs until it is ended -> what it says when it is there
    "make run": "Listening on port",
    "python3 server.py 8001": "Listening on port",
    "python3 server.py 8001 --operator ann": "Listening on port",
    "python3 server.py 8001 --data one --proxy-protocol 127.0.0.0/8": "PROXY",
    "python3 server.py 8002 --data two --proxy-protocol 127.0.0.0/8": "PROXY",
    "python3 server.py 8001 --tls-cert chat.crt --tls-key chat.key": "SHA-256",
    "python3 server.py 8001 --tls-cert /etc/letsencrypt/live/chat.example.org/fullchain.pem "
    "--tls-key /etc/letsencrypt/live/chat.example.org/privkey.pem": "SHA-256",
    "python3 dist/select-chat.pyz server 8001": "Listening on port",
    "python3 dist/select-chat.pyz store 8002": "Listening on port",
    ".venv/bin/python server.py 8001": "Listening on port",
    "python3 kvstore.py 8002": "Listening on port",
    "python3 kvstore.py 8002 --fail 0.2 --refuse 0.2 --lose 0.2 --stale 0.2 --damage 0.2 --duplicate 0.2": (
        "Listening on port"
    ),
}
USES_SERVER = {  # what talks to a server -> what is typed, and what comes at last
    "make chat NAME=bob": ("/users", "bob"),
    "telnet localhost 8001": ("ann\n/quit", "Goodbye."),
    "printf 'bot\\n/users\\n' | nc -N localhost 8001": ("", "Connected users: 1"),
    "python3 dist/select-chat.pyz localhost 8001": ("ann\n/users", "Connected users: 1"),
    ".venv/bin/python myclient.py localhost 8001 --name ann": ("/users", "Connected users: 1"),
    ".venv/bin/python myclient.py localhost 8001 --name bot --once 'the build is green' && echo said": ("", "said"),
    "printf 'hello\\n/seen eve\\n' | .venv/bin/python myclient.py localhost 8001 --name bot --wait 5 2>/dev/null": (
        "",
        "eve",
    ),
    "python myclient.py one.example.org:8001 two.example.org:8001 '[2001:db8::1]:8001' --name ann": ("/users", "ann"),
    ".venv/bin/python myclient.py chat.example.org 8001 --tls --name ann": ("/users", "Connected users: 1"),
    "openssl s_client -quiet -connect localhost:8001": ("ann\n/quit", "Goodbye."),
    "ncat --ssl localhost 8001": ("ann\n/quit", "Goodbye."),
}
USES_STORE = {  # what asks the store for a key -> what was written there
    "curl http://localhost:8002/ann.to.bob": "a letter",
}
ENDS = {  # what ends by itself -> what it says, or the file that it makes
    "make core": "passed",
    "make pyz": "dist/select-chat.pyz",
    "CHAT_SERVER_MAX_USERS=100 chat-server --check-config": "max-users = 100",
    "chat-server export --since 2026-11-01 > november.jsonl": "november.jsonl",
    "chat-server backup /var/backups/chat": "Copied to backup/chat",
    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -keyout chat.key -out chat.crt "
    "-subj /CN=chat.example.org -addext subjectAltName=DNS:chat.example.org": "chat.crt",
    "openssl x509 -in cert.pem -noout -fingerprint -sha256": "ingerprint=",
}
TRIED_BY = {  # what another file tries, with what it needs
    "make test": ".ci/run",
    "make long": ".ci/run",
    "make check": ".ci/run",
    "python3 -m pip install .": "tests/programs/test_installed.py",
    "pipx install .": "tests/programs/test_installed.py",
    "uv tool install .": "tests/programs/test_installed.py",
    "sudo .venv/bin/python -m tools.package.manual /usr/local/share": "tests/programs/test_manual.py",
    "haproxy -f haproxy.cfg": "tests/programs/test_haproxy.py",
    "redis-server --appendonly yes --appendfsync always": "tests/programs/test_many_servers.py",
    "python3 server.py 8001 --data one --room redis://localhost:6379/lobby": "tests/programs/test_many_servers.py",
    "python3 server.py 8002 --data two --room redis://localhost:6379/lobby": "tests/programs/test_many_servers.py",
    ".venv/bin/python myclient.py localhost 8001 --tls --name ann": "tests/programs/test_tls_client.py",
    "python3 server.py import-users chatdata/users.txt --room redis://localhost:6379/lobby": (
        "tests/programs/test_many_servers.py"
    ),
    ".venv/bin/python myclient.py --store http://localhost:8002 --name ann --to bob": (
        "tests/integration/test_myclient_store.py"
    ),
    ".venv/bin/python myclient.py --store http://localhost:8002 --name bob --to ann": (
        "tests/integration/test_myclient_store.py"
    ),
    "sudo cp contrib/select-chat.service /etc/systemd/system/": "tests/programs/test_service.py",
}
MACHINE_OF_ITS_OWN = {  # what no test may do -> why
    "python3 -m venv .venv && .venv/bin/python -m pip install colorama prompt_toolkit": "fetches packages",
    "python3 -m venv .venv && .venv/bin/python -m pip install websockets": "fetches a package",
    "sudo python3 -m venv /opt/select-chat && sudo /opt/select-chat/bin/python -m pip install '.[web]'": "needs root",
    "sudo ln -s /opt/select-chat/bin/chat-server /usr/local/bin/": "needs root",
    "sudo touch /etc/select-chat.toml": "needs root",
    "sudo /opt/select-chat/bin/python -m pip install --upgrade '.[web]'": "needs root",
    "sudo systemctl restart select-chat": "needs root, and systemd",
    "sudo systemctl daemon-reload && sudo systemctl enable --now select-chat": "needs root, and systemd",
    "certbot certonly --standalone -d chat.example.org --deploy-hook 'systemctl reload select-chat'": (
        "needs a name in the internet, and systemd"
    ),
    "make bench": "keeps the machine busy for minutes; its parts are tests/unit/tools/test_bench.py",
    "make soak": "takes half an hour; a minute of it is `python -m pytest -m slow`",
}
# The tools: most take minutes, and tests/unit/tools/ runs their parts. Here their words are tried.
TOOL = re.compile(r"python -m (tools(?:\.\w+)+)(.*)")

PLACES = {  # what is written -> what it is in the copy of the checkout
    "one.example.org": "localhost",
    "two.example.org": "localhost",
    "chat.example.org ": "localhost ",
    "[2001:db8::1]": "[::1]",
    "/etc/letsencrypt/live/chat.example.org/": "live/",
    "/var/backups/": "backup/",
}
