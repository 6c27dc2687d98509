#!/usr/bin/env bash
# Makes the images of the tests in the engine at DOCKER_HOST, from programs of this machine: no registry is asked.
#   busybox:local        busybox, starts a shell
#   gantry-test/web:1    serves "version 1" on 8080; healthy at once          gantry-test/web:2  the same, "version 2"
#   gantry-test/slow:1   as web, but healthy only after about 4 seconds
#   gantry-test/sick:1   runs, and never becomes healthy
#   gantry-test/crash:1  writes two lines and ends with 3
#   gantry-test/chatty:1 writes a plain, a coloured and a JSON line every half second, one of them to stderr
#   gantry-test/curl:1   busybox and curl, sleeps
set -euo pipefail
cd "$(dirname "$0")/../.."
. xtask/scripts/say.sh

have busybox && busybox --list >/dev/null 2>&1 && ! ldd "$(command -v busybox)" >/dev/null 2>&1 ||
    install_packages "the tests' images" busybox-static
have curl || install_packages "the tests' images" curl

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
root=$scratch/root
mkdir -p "$root"/{bin,etc,proc,sys,dev,tmp,root,www}
chmod 1777 "$root/tmp"
cp "$(command -v busybox)" "$root/bin/busybox"
for applet in $(busybox --list | grep -vx busybox); do ln -sf busybox "$root/bin/$applet"; done
echo 'root:x:0:0:root:/root:/bin/sh
app:x:1000:1000:app:/tmp:/bin/sh' >"$root/etc/passwd"
echo 'root:x:0:
app:x:1000:' >"$root/etc/group"

# import NAME INSTRUCTION...: an image of what is in $root now.
import() {
    local name=$1 changes=() instruction
    shift
    for instruction; do changes+=(--change "$instruction"); done
    tar -C "$root" -c . | docker import "${changes[@]}" - "$name" >/dev/null
}
# Ends at SIGTERM, which a shell as process 1 would ignore.
script() {
    printf '#!/bin/sh\ntrap "exit 0" TERM\n%s\n' "$2" >"$root/bin/$1"
    chmod +x "$root/bin/$1"
}
often='--interval=1s --timeout=2s --retries=3'

import busybox:local 'CMD ["/bin/sh"]'

script serve 'httpd -f -p 8080 -h /www & wait'
for version in 1 2; do
    echo "version $version" >"$root/www/index.html"
    import "gantry-test/web:$version" 'CMD ["/bin/serve"]' 'EXPOSE 8080' "ENV VERSION=$version" \
        "HEALTHCHECK $often CMD wget -q -O /dev/null http://127.0.0.1:8080/"
done
script serve-late 'echo warming up; sleep 4 & wait; echo ready; httpd -f -p 8080 -h /www & wait'
import gantry-test/slow:1 'CMD ["/bin/serve-late"]' 'EXPOSE 8080' \
    "HEALTHCHECK --interval=1s --timeout=2s --retries=20 CMD wget -q -O /dev/null http://127.0.0.1:8080/"
import gantry-test/sick:1 'CMD ["/bin/serve"]' "HEALTHCHECK $often CMD echo not feeling well; exit 1"
script fall 'echo starting; echo "cannot read /etc/app.conf: no such file" >&2; exit 3'
import gantry-test/crash:1 'CMD ["/bin/fall"]'
script chat 'n=0
while :; do
    n=$((n + 1))
    echo "line $n"
    printf "\033[32mgreen\033[0m and \033[1;31mred\033[0m %s\n" "$n" >&2
    echo "{\"level\":\"info\",\"message\":\"json $n\",\"count\":$n}"
    sleep 0.5 & wait
done'
import gantry-test/chatty:1 'CMD ["/bin/chat"]'

cp "$(command -v curl)" "$root/bin/curl"
ldd "$(command -v curl)" | grep -o '/[^ ]*' | while read -r library; do
    mkdir -p "$root$(dirname "$library")"
    cp -L "$library" "$root$library"
done
script idle 'sleep 2147483647 & wait'
import gantry-test/curl:1 'CMD ["/bin/idle"]'
