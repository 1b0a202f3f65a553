#!/bin/sh
# Tunes the embedded model for both tasks with seeds 1, 2 and 3, one after another, and prints the time and the closing lines of each run;
# the README's table shows them. A run takes some minutes on two idle cores.
set -eu

if [ $# -ne 1 ]; then
    echo "usage: $0 OUTPUT" >&2
    exit 2
fi
mkdir -p "$1"
output=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."
dotnet build -c Release src/Rlcm.Cli --nologo --verbosity quiet
for task in compression incompression; do
    for seed in 1 2 3; do
        run="$output/$task-$seed"
        begin=$(date +%s)
        src/Rlcm.Cli/bin/Release/net10.0/rlcm train --task "$task" --seed "$seed" --output "$run" > "$run.log"
        echo "$task, seed $seed: $(($(date +%s) - begin)) s"
        tail -n 13 "$run.log" | head -n 11 # the table and the two lines below it
    done
done
