#!/bin/bash
# Submits the seed and the workers of looped-quickstart. Written by `looped slurm`.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"/../..
run=runs/quickstart
scripts=cluster-config/slurm
mkdir -p -- "$run/logs"
rm -f -- "$run/slurm/seed-address"
seed=$(sbatch --parsable --output="$run/logs/slurm-seed-%j.log" "$scripts/seed.sbatch")
seed=${seed%%;*}
workers=$(sbatch --parsable --dependency="after:$seed" --output="$run/logs/slurm-worker-%A_%a.log" "$scripts/workers.sbatch")
workers=${workers%%;*}
echo "seed: job $seed; workers: array $workers; logs: $run/logs"
echo "to give it up: scancel $workers $seed"
