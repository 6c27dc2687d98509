#!/usr/bin/env bash
# A PostgreSQL server for tests, with its data below one folder, reachable from this machine only.
#   postgres-for-tests.sh start FOLDER  starts it, prints the address of its maintenance database
#   postgres-for-tests.sh stop FOLDER   ends it and deletes the folder
set -euo pipefail
action=$1
folder=$2
cd "$(dirname "$0")/../.."
. xtask/scripts/say.sh

binaries() {
    local found
    found=$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)
    if [ -n "$found" ] && [ -x "$found/initdb" ]; then
        echo "$found"
    elif have initdb && have postgres; then
        dirname "$(command -v initdb)"
    fi
}

# PostgreSQL refuses to run as root.
as_user() {
    if [ "$(id -u)" = 0 ]; then
        setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups env HOME="$folder" "$@"
    else
        "$@"
    fi
}

free_port() {
    local port
    for port in $(shuf -i 20000-32000 -n 50); do
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port" && return; }
    done
}

user=nobody
! id postgres >/dev/null 2>&1 || user=postgres

case $action in
start)
    bin=$(binaries)
    if [ -z "$bin" ]; then
        # Its own cluster would only take the port and memory of this machine.
        if can_install; then
            mkdir -p /etc/postgresql-common
            [ -e /etc/postgresql-common/createcluster.conf ] ||
                echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
        fi
        install_packages "the tests run on PostgreSQL too" postgresql
        bin=$(binaries)
        user=postgres
    fi
    mkdir -p "$folder"
    [ "$(id -u)" != 0 ] || chown "$user" "$folder"
    (cd "$folder" && as_user "$bin/initdb" --pgdata data --username gantry --auth trust --encoding UTF8 --no-locale --no-sync) \
        >"$folder/initdb.log" 2>&1 || { cat "$folder/initdb.log" >&2 && die "initdb failed"; }
    for _ in 1 2 3; do
        port=$(free_port)
        (cd "$folder" && as_user setsid "$bin/postgres" -D data -k "$folder" -h 127.0.0.1 -p "$port" -F \
            -c max_connections=300 -c full_page_writes=off) >"$folder/postgres.log" 2>&1 </dev/null &
        for _ in $(seq 100); do
            if "$bin/pg_isready" -q -h 127.0.0.1 -p "$port"; then
                echo "postgres://gantry@127.0.0.1:$port/postgres"
                exit 0
            fi
            kill -0 $! 2>/dev/null || break
            sleep 0.1
        done
    done
    cat "$folder/postgres.log" >&2
    die "the tests' PostgreSQL did not start; its log is above"
    ;;
stop)
    if [ -f "$folder/data/postmaster.pid" ]; then
        pid=$(head -n 1 "$folder/data/postmaster.pid")
        kill -INT "$pid" 2>/dev/null || true
        for _ in $(seq 100); do
            kill -0 "$pid" 2>/dev/null || break
            sleep 0.1
        done
    fi
    rm -rf "$folder"
    ;;
*) die "usage: postgres-for-tests.sh start|stop FOLDER" ;;
esac
