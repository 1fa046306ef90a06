#!/bin/sh
# Verifies the systemd unit as it would be installed; any word of systemd-analyze is a failure, since its exit status is not.
set -eu
command -v systemd-analyze >/dev/null 2>&1 || {
    echo "check-unit: systemd-analyze is not installed; the unit is not checked" >&2
    exit 0
}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# The binary need not be installed for the check: any executable stands in for it.
cp /bin/true "$folder/tunerd"
sed "s|/usr/bin/tunerd|$folder/tunerd|" "$(dirname "$0")/systemd/tunerd.service" > "$folder/tunerd.service"
words=$(systemd-analyze verify "$folder/tunerd.service" 2>&1) || true
[ -z "$words" ] || {
    echo "check-unit: $words" >&2
    exit 1
}
