#!/usr/bin/env bash
# Looks for a container engine for `make run`. Where there is none and we may, it installs and starts Debian's; an
# engine that is already here is never touched. Without any, the portal starts all the same and says how to connect one.
set -euo pipefail
cd "$(dirname "$0")/../.."
. xtask/scripts/say.sh

if [ -n "${DOCKER_HOST:-}" ] || [ -n "${GANTRY_DOCKER_HOST:-}" ]; then
    say "Using the engine at ${GANTRY_DOCKER_HOST:-$DOCKER_HOST}"
    exit 0
fi
# A socket may have outlived its engine.
answers() {
    node -e 'require("net").connect(process.argv[1]).on("connect", () => process.exit(0)).on("error", () => process.exit(1))' "$1"
}

runtime=${XDG_RUNTIME_DIR:-/run/user/$(id -u)}
# In the order in which the portal looks (server/src/engine/endpoint.rs).
for socket in /var/run/docker.sock /run/podman/podman.sock "$runtime/docker.sock" "$runtime/podman/podman.sock" \
    "$HOME/.docker/run/docker.sock"; do
    if [ -S "$socket" ] && answers "$socket"; then
        say "Using the engine at unix://$socket"
        exit 0
    fi
done
if [ -S /var/run/docker.sock ] && ! [ -w /var/run/docker.sock ]; then
    say "There is an engine at /var/run/docker.sock, but this user may not use it: add it to the group docker"
    exit 0
fi
if [ "$(id -u)" != 0 ] || ! have apt-get; then
    say "No container engine found (DOCKER_HOST, Docker's and Podman's sockets): the portal will say how to connect one"
    exit 0
fi
have dockerd || install_packages "no container engine found" docker.io iptables
if [ -d /run/systemd/system ]; then
    say "Starting the Docker service"
    systemctl start docker || say "The Docker service did not start: see \`journalctl -u docker\`"
    exit 0
fi
say "Starting dockerd (log: /var/log/dockerd-gantry.log; stop it with: kill \$(cat /var/run/docker.pid))"
setsid dockerd >/var/log/dockerd-gantry.log 2>&1 </dev/null &
for _ in $(seq 150); do
    [ -S /var/run/docker.sock ] && [ -f /var/run/docker.pid ] && exit 0
    sleep 0.2
done
say "dockerd did not start; the portal will say how to connect an engine. The log's end:"
tail -n 5 /var/log/dockerd-gantry.log >&2
