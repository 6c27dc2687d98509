#!/usr/bin/env bash
# fuzz.sh: asks every route of a portal of its own for what its description allows, and for what it does not, and fails
# on an answer that is a fault of the server or that the description does not know. FUZZ_SEED=… draws others.
set -euo pipefail
cd "$(dirname "$0")/../.."
. xtask/scripts/say.sh

version=4.32.5
examples=${FUZZ_EXAMPLES:-6}
seed=${FUZZ_SEED:-1}
most_secs=90
tools=${XDG_CACHE_HOME:-$HOME/.cache}/gantry-ci/schemathesis-$version
binary=${GANTRY_TEST_BINARY:-${CARGO_TARGET_DIR:-$PWD/target}/debug/gantry}
[ -x "$binary" ] || die "$binary is missing: run this through \`make fuzz\`."

if [ ! -e "$tools/.complete" ]; then
    python3 -c 'import ensurepip' 2>/dev/null || install_packages "the fuzz of the API" python3 python3-venv
    say "Installing schemathesis $version"
    rm -rf "$tools"
    python3 -m venv "$tools"
    "$tools/bin/pip" install --quiet --disable-pip-version-check "schemathesis==$version" ||
        die "schemathesis could not be installed from PyPI"
    touch "$tools/.complete"
fi

folder=$(mktemp -d "${TMPDIR:-/tmp}/gantry.XXXXXX")
portal=
remove() {
    trap '' INT TERM HUP
    if [ -n "$portal" ]; then
        kill -TERM "$portal" 2>/dev/null || true
        wait "$portal" 2>/dev/null || true
    fi
    rm -rf "$folder"
}
trap remove EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

free_port() {
    local port
    for port in $(shuf -i 20000-32000 -n 50); do
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port" && return; }
    done
}

# No engine: what is drawn here removes images and containers, and the tests' own engine is for the tests beside this.
export GANTRY_DATA_DIR=$folder/data GANTRY_DOCKER_HOST=unix://$folder/no-engine.sock GANTRY_LOG=error
GANTRY_LISTEN=127.0.0.1:$(free_port)
export GANTRY_LISTEN
address=http://$GANTRY_LISTEN
password=$(head -c 24 /dev/urandom | base64)
printf '%s\n' "$password" | "$binary" admin create-admin fuzz >/dev/null
"$binary" serve >"$folder/portal.log" 2>&1 &
portal=$!
for _ in $(seq 300); do
    if "$binary" healthcheck >/dev/null 2>&1; then break; fi
    if ! kill -0 "$portal" 2>/dev/null; then
        cat "$folder/portal.log" >&2
        die "the portal did not start; its log is above"
    fi
    sleep 0.1
done

PASSWORD=$password "$tools/bin/python" xtask/scripts/fuzz.py "$address" "$folder" ||
    die "the portal could not be prepared for the fuzz"
mapfile -t headers <"$folder/headers"

say "Fuzzing with FUZZ_SEED=$seed"
result=0
# Left out are what would end the session that all of this is asked with: signing out, ending a session that was listed.
(cd "$folder" && "$tools/bin/schemathesis" --config-file schemathesis.toml run document.json --url "$address" \
    --header "${headers[0]}" --header "${headers[1]}" --header "${headers[2]}" \
    --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance \
    --exclude-name "DELETE /api/v1/session" --exclude-name "DELETE /api/v1/me/sessions/{session}" \
    --phases examples,coverage,fuzzing --max-examples "$examples" --max-time "$most_secs" --workers 1 --seed "$seed" \
    --generation-with-security-parameters false --generation-database none --no-shrink --request-timeout 20 \
    --suppress-health-check all --warnings off) >"$folder/fuzz.log" 2>&1 || result=$?
"$tools/bin/python" xtask/scripts/fuzz.py "$address" "$folder" check || result=1
if grep -q panicked "$folder/portal.log"; then
    grep -m 1 -A 40 panicked "$folder/portal.log" >&2
    result=1
fi
if [ "$result" != 0 ]; then
    cat "$folder/fuzz.log" >&2
    die "the fuzz found what is listed above; FUZZ_SEED=$seed make fuzz repeats it"
fi
tail -n 12 "$folder/fuzz.log" >&2
