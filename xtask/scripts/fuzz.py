"""fuzz.py ADDRESS FOLDER [check]: prepares a portal for fuzz.sh, and checks afterwards that its session still lives."""

import json
import os
import pathlib
import sys
import urllib.error
import urllib.request

address, folder = sys.argv[1], pathlib.Path(sys.argv[2])
headers_file = folder / "headers"


def ask(method, path, body=None, **headers):
    headers = {"Origin": address, "Content-Type": "application/json", **headers}
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    data = None if body is None else json.dumps(body).encode()
    try:
        return urllib.request.urlopen(urllib.request.Request(address + path, data, headers, method=method))
    except urllib.error.HTTPError as error:
        sys.exit(f"{method} {path}: {error.code} {error.read().decode()}")


if sys.argv[3:] == ["check"]:
    # Else most of the answers were 401, and nothing was proven.
    cookie = headers_file.read_text().splitlines()[0].removeprefix("Cookie: ")
    ask("GET", "/api/v1/me", Cookie=cookie)
    sys.exit(0)

signed_in = ask("POST", "/api/v1/session", {"username": "fuzz", "password": os.environ["PASSWORD"]})
cookie = signed_in.headers["Set-Cookie"].split(";")[0]
csrf = json.load(ask("GET", "/api/v1/me", Cookie=cookie))["csrf_token"]
headers_file.write_text(f"Cookie: {cookie}\nX-CSRF-Token: {csrf}\nOrigin: {address}\n")


def make(path, body):
    ask("POST", path, body, Cookie=cookie, X_CSRF_Token=csrf)


# Something to find behind the names that are drawn.
make("/api/v1/projects", {"name": "shop"})
make("/api/v1/teams", {"name": "crew"})
make("/api/v1/users", {"username": "ada"})
make("/api/v1/projects/shop/robots", {"name": "ci", "role": "guest", "scopes": ["read"], "days": 1})
make("/api/v1/tokens", {"name": "ci", "days": 1})

document = json.load(ask("GET", "/api/v1/openapi.json", Cookie=cookie))
for item in document["paths"].values():
    for operation in item.values():
        # It would make every status a documented one.
        operation["responses"].pop("default")
(folder / "document.json").write_text(json.dumps(document))

# Half of what is drawn meets what there is; without an engine its own objects are not there, and 503 says so.
(folder / "schemathesis.toml").write_text(
    """
[checks]
not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", 503]

[dictionaries.names]
values = ["shop", "default", "local", "crew", "ada", "ci"]

[parameters]
"path.project" = { dictionary = "names", probability = 0.5 }
"path.team" = { dictionary = "names", probability = 0.5 }
"path.username" = { dictionary = "names", probability = 0.5 }
"path.robot" = { dictionary = "names", probability = 0.5 }
"path.cluster" = { dictionary = "names", probability = 0.5 }
"""
)
