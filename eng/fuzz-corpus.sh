#!/usr/bin/env bash
# After eng/fuzz.sh: keeps of all inputs it found the fewest that reach the same edges, beside the seeds that were written by hand.
#   eng/fuzz-corpus.sh [TARGET...]
set -euo pipefail
cd "$(dirname "$0")/.."

work=$PWD/artifacts/fuzz
export AFL_SKIP_BIN_CHECK=1 AFL_NO_AFFINITY=1 AFL_FORKSRV_INIT_TMOUT=60000 AFL_ALLOW_TMP=1 DOTNET_EnableDiagnostics=0
DOTNET_ROOT=$(dirname "$(readlink -f "$(command -v dotnet)")")
export DOTNET_ROOT
[ ! -d /dev/shm ] || export TMPDIR=/dev/shm

[ $# -gt 0 ] || mapfile -t targets < <(ls "$work/out" | grep -v '\.log$')
[ $# -eq 0 ] || targets=("$@")
for target in "${targets[@]}"; do
    rm -rf "$work/fewest"
    afl-cmin -e -m none -t 20000 -i "$work/out/$target/default/queue" -o "$work/fewest" -- "$work/bin/Rlcm.Fuzz" "$target" > "$work/out/$target.cmin.log" 2>&1
    rm -rf "${TMPDIR:-/tmp}"/rlcm-fuzz-"$target"-*
    find "fuzz/corpus/$target" -name 'found-*' -delete
    seeds=$(sha256sum "fuzz/corpus/$target"/*)
    for file in "$work/fewest"/*; do
        digest=$(sha256sum "$file" | cut -c 1-12)
        grep -q "^$digest" <<< "$seeds" || cp "$file" "fuzz/corpus/$target/found-$digest"
    done
    echo "$target: $(find "fuzz/corpus/$target" -type f | wc -l) files"
done
