#!/usr/bin/env bash
# with-services.sh COMMAND…: runs a command beside a Docker engine and a PostgreSQL of its own, named to it as
# GANTRY_TEST_DOCKER_HOST, GANTRY_TEST_DOCKER_FOLDER and GANTRY_TEST_POSTGRES_URL, and removes both afterwards.
# What is already set in these variables is used instead.
set -euo pipefail
scripts=$(cd "$(dirname "$0")" && pwd)
. "$scripts/say.sh"

folder=$(mktemp -d "${TMPDIR:-/tmp}/gantry.XXXXXX")
chmod 711 "$folder"
child=
# Nothing may keep the services from being removed: later signals are ignored.
remove() {
    trap '' INT TERM HUP
    if [ -n "$child" ]; then
        kill -TERM "$child" 2>/dev/null || true
        wait "$child" 2>/dev/null || true
    fi
    [ ! -d "$folder/postgres" ] || "$scripts/postgres-for-tests.sh" stop "$folder/postgres"
    [ ! -d "$folder/engine" ] || "$scripts/engine-for-tests.sh" stop "$folder/engine"
    rm -rf "$folder"
}
trap remove EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

if [ -z "${GANTRY_TEST_POSTGRES_URL:-}" ]; then
    GANTRY_TEST_POSTGRES_URL=$("$scripts/postgres-for-tests.sh" start "$folder/postgres")
fi
if [ -z "${GANTRY_TEST_DOCKER_HOST:-}" ]; then
    GANTRY_TEST_DOCKER_HOST=$("$scripts/engine-for-tests.sh" start "$folder/engine")
    export GANTRY_TEST_DOCKER_FOLDER=$folder/engine
else
    DOCKER_HOST=$GANTRY_TEST_DOCKER_HOST "$scripts/test-images.sh"
fi
export GANTRY_TEST_POSTGRES_URL GANTRY_TEST_DOCKER_HOST

# In the background, so that a signal to this script is acted on at once.
"$@" &
child=$!
result=0
wait "$child" || result=$?
child=
exit "$result"
