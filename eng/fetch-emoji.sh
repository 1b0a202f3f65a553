#!/bin/sh
# Fetches the emoji packages that `rlcm dataset emoji --from DEST` reads, by name from the configured npm registry,
# and unpacks each to DEST/<package name>/. Needs npm and tar. Packages that are already there are kept.
set -eu

if [ $# -ne 1 ]; then
    echo "usage: $0 DEST" >&2
    exit 2
fi
mkdir -p "$1"
destination=$(cd "$1" && pwd)
download=$(mktemp -d)
trap 'rm -rf "$download"' EXIT

fetch() { # name version
    if [ -e "$destination/$1" ]; then
        echo "$1: already there"
        return
    fi
    archive=$(cd "$download" && npm pack --silent "$1@$2" | tail -n 1)
    mkdir "$download/unpacked"
    tar -xzf "$download/$archive" -C "$download/unpacked" --strip-components=1
    mkdir -p "$(dirname "$destination/$1")"
    mv "$download/unpacked" "$destination/$1"
    echo "$1: $archive"
}

fetch emoji-datasource-google 16
fetch emoji-datasource-twitter 16
fetch @lobehub/fluent-emoji-3d 1.1
fetch @lobehub/fluent-emoji-flat 1.1
fetch emojibase-data 17
