#!/bin/sh
# Starts small runs, kills them and continues them until they are done: one run for every single change of a file, killed before it, the same
# for a run that trains the whole U-Net and for the stages that make a model (in one process), then --kills N runs (20), killed again and
# again at random moments. Each must leave what an undisturbed run leaves. 'dotnet test' does less of this.
set -eu

kills=20
seed=1
while [ $# -gt 0 ]; do
    case "$1" in
        --kills) kills=$2 ;;
        --seed) seed=$2 ;;
        *) echo "usage: $0 [--kills N] [--seed N]" >&2; exit 2 ;;
    esac
    shift 2
done
cd "$(dirname "$0")/.."
dotnet build -c Release tests/crash --nologo --verbosity quiet
test="dotnet test -c Release --no-build tests/crash --logger console;verbosity=detailed --filter"
# Every other change beside the others, for two cores.
RLCM_CRASH_STRIDE=2 RLCM_CRASH_FIRST=1 $test FullyQualifiedName~Killed_before_a_change &
odd=$!
RLCM_CRASH_STRIDE=2 RLCM_CRASH_FIRST=2 $test FullyQualifiedName~Killed_before_a_change &
even=$!
RLCM_CRASH_STAGE_STRIDE=1 $test FullyQualifiedName~StageEveryChange &
stages=$!
RLCM_CRASH_UNET_STRIDE=1 $test FullyQualifiedName~WholeUnetChange &
unet=$!
failed=0
for job in $odd $even $stages $unet; do
    wait "$job" || failed=1
done
RLCM_CRASH_KILLS=$kills RLCM_CRASH_SEED=$seed $test "FullyQualifiedName~Killed_at_random|FullyQualifiedName~Two_runs" || failed=1
exit $failed
