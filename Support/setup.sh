#!/bin/sh
# Installs the Debian packages named as arguments where they are missing, as root or through sudo.
set -eu

command -v swift >/dev/null 2>&1 || {
    echo "setup: swift is not on the PATH; install Swift 6.3 from swift.org and try again" >&2
    exit 1
}

missing=
for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

sudo=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null 2>&1 || {
        echo "setup: these packages are missing:$missing; install them as root: apt-get install$missing" >&2
        exit 1
    }
    sudo=sudo
fi
echo "setup: installing$missing"
$sudo apt-get update -qq
# shellcheck disable=SC2086  # a list of package names, on purpose
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends $missing >/dev/null
