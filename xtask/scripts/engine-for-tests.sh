#!/usr/bin/env bash
# A Docker engine for tests, with everything it has below one folder and a bridge of its own; the machine's engine is
# not involved.
#   engine-for-tests.sh start FOLDER    starts it, makes the tests' images, prints the address
#   engine-for-tests.sh restart FOLDER  ends and starts the daemon, as an upgrade would
#   engine-for-tests.sh stop FOLDER     removes its containers and networks, ends it, deletes the folder
set -euo pipefail
action=$1
folder=$2
cd "$(dirname "$0")/../.."
. xtask/scripts/say.sh

socket=$folder/docker.sock
export DOCKER_HOST=unix://$socket
unset DOCKER_CONTEXT DOCKER_TLS_VERIFY DOCKER_CERT_PATH

running() { [ -f "$folder/docker.pid" ] && kill -0 "$(cat "$folder/docker.pid")" 2>/dev/null; }

start_daemon() {
    local bridge
    bridge=$(cat "$folder/bridge")
    setsid dockerd --data-root "$folder/data" --exec-root "$folder/exec" --pidfile "$folder/docker.pid" \
        -H "unix://$socket" --bridge "$bridge" --default-address-pool base=10.213.0.0/16,size=26 \
        >>"$folder/dockerd.log" 2>&1 </dev/null &
    for _ in $(seq 300); do
        docker version >/dev/null 2>&1 && return
        sleep 0.1
    done
    tail -n 20 "$folder/dockerd.log" >&2
    die "the tests' Docker engine did not start; its log is above"
}

stop_daemon() {
    local pid
    running || return 0
    pid=$(cat "$folder/docker.pid")
    kill "$pid"
    for _ in $(seq 300); do
        kill -0 "$pid" 2>/dev/null || return 0
        sleep 0.1
    done
    kill -9 "$pid" 2>/dev/null || true
}

make_bridge() {
    local number name
    for number in $(shuf -i 1-254); do
        name=gantryt$number
        ip link add name "$name" type bridge 2>/dev/null || continue
        ip address add "10.212.$number.1/24" dev "$name" && ip link set "$name" up && echo "$name" >"$folder/bridge" && return
    done
    die "no network bridge could be made for the tests' engine"
}

case $action in
start)
    [ "$(id -u)" = 0 ] ||
        die "the tests start a Docker engine of their own, and that needs root. Run \`sudo -E make test\`, or name an engine
       that tests may fill with their containers: GANTRY_TEST_DOCKER_HOST=unix:///path/to/docker.sock make test"
    have dockerd || install_packages "a Docker engine for the tests" docker.io iptables
    have docker || install_packages "the docker command" docker-cli
    have ip || install_packages "a network bridge for the tests' engine" iproute2
    mkdir -p "$folder"
    make_bridge
    start_daemon
    xtask/scripts/test-images.sh
    echo "$DOCKER_HOST"
    ;;
restart)
    stop_daemon
    start_daemon
    ;;
stop)
    if running; then
        containers=$(docker ps --all --quiet 2>/dev/null || true)
        # shellcheck disable=SC2086
        [ -z "$containers" ] || docker rm --force --volumes $containers >/dev/null 2>&1 || true
        docker network prune --force >/dev/null 2>&1 || true
        stop_daemon
    fi
    [ ! -f "$folder/bridge" ] || ip link delete "$(cat "$folder/bridge")" 2>/dev/null || true
    { grep -o " $folder/[^ ]*" /proc/mounts || true; } | sort -r | while read -r mount; do umount "$mount" || true; done
    rm -rf "$folder"
    ;;
*) die "usage: engine-for-tests.sh start|restart|stop FOLDER" ;;
esac
