#!/usr/bin/env bash
# Fuzzes the readers of files, guided by coverage: AFL++ (apt-get install afl++) feeds them, SharpFuzz counts the edges of Rlcm.dll.
#   eng/fuzz.sh [--executions N] [TARGET...]      by default 1,000,000 of every target
# A target passes when every input is read, or refused in a sentence that names the file. What does not is in artifacts/fuzz/out/TARGET;
# copied to fuzz/regressions/TARGET, it is tested ever after.
set -euo pipefail
cd "$(dirname "$0")/.."

executions=1000000
if [ "${1:-}" = --executions ]; then
    executions=$2
    shift 2
fi

command -v afl-fuzz > /dev/null || { echo "afl-fuzz is not there; install AFL++, on Debian with apt-get install afl++" >&2; exit 2; }

work=$PWD/artifacts/fuzz
program=$work/bin/Rlcm.Fuzz.dll
mkdir -p "$work/out"
dotnet build -c Release fuzz/Rlcm.Fuzz -v quiet -nologo
rm -rf "$work/bin"
cp -al fuzz/Rlcm.Fuzz/bin/Release/net10.0 "$work/bin"
cp --remove-destination fuzz/Rlcm.Fuzz/bin/Release/net10.0/*.dll "$work/bin" # one is changed in place, and builds go on; the large rest stays linked
[ -x "$work/tools/sharpfuzz" ] || dotnet tool install --tool-path "$work/tools" SharpFuzz.CommandLine --version 2.3.0 > /dev/null
"$work/tools/sharpfuzz" "$work/bin/Rlcm.dll"

export AFL_SKIP_BIN_CHECK=1 AFL_SKIP_CPUFREQ=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_NO_UI=1 AFL_NO_AFFINITY=1 AFL_FORKSRV_INIT_TMOUT=60000
export DOTNET_EnableDiagnostics=0 DOTNET_TieredPGO=0 DOTNET_gcConcurrent=0 DOTNET_GCHeapHardLimit=0x20000000 # 512 MB: what asks for more is a finding
[ ! -d /dev/shm ] || export TMPDIR=/dev/shm

stat() { sed -n "s/^$2 *: *//p" "$work/out/$1/default/fuzzer_stats"; }

[ $# -gt 0 ] || mapfile -t targets < <(dotnet "$program")
[ $# -eq 0 ] || targets=("$@")
failures=0
printf '| %-16s | %10s | %8s | %6s | %7s | %5s | %7s |\n' target executions inputs edges crashes hangs seconds
printf '|---|---|---|---|---|---|---|\n'
for target in "${targets[@]}"; do
    rm -rf "$work/out/$target" "$work/seeds"
    mkdir "$work/seeds"
    for file in fuzz/corpus/"$target"/* fuzz/regressions/"$target"/*; do
        [ ! -f "$file" ] || cp "$file" "$work/seeds/$(basename "$(dirname "$(dirname "$file")")")-$(basename "$file")"
    done
    nice -n 19 afl-fuzz -i "$work/seeds" -o "$work/out/$target" -m none -t 20000 -x fuzz/tokens.dict -E "$executions" -- dotnet "$program" "$target" \
        > "$work/out/$target.log" 2>&1 || { echo "$target stopped, see artifacts/fuzz/out/$target.log" >&2; failures=$((failures + 1)); }
    rm -rf "${TMPDIR:-/tmp}"/rlcm-fuzz-"$target"-*
    [ -f "$work/out/$target/default/fuzzer_stats" ] || continue
    printf '| %-16s | %10s | %8s | %6s | %7s | %5s | %7s |\n' "$target" "$(stat "$target" execs_done)" "$(stat "$target" corpus_count)" \
        "$(stat "$target" edges_found)" "$(stat "$target" saved_crashes)" "$(stat "$target" saved_hangs)" "$(stat "$target" run_time)"
    [ "$(stat "$target" saved_crashes)$(stat "$target" saved_hangs)" = 00 ] || failures=$((failures + 1))
done
[ "$failures" -eq 0 ] || { echo "$failures targets with findings" >&2; exit 1; }
