#!/usr/bin/env bash
# Trains the CoTFormer minis over three seeds, two runs at a time with one thread each, and prints the table of docs/families/cotformer.md:
# validation perplexity, mean and standard error over the seeds. Runs that are finished are not trained again.
#
#   benchmarks/cotformer-mini.sh [FOLDER] [SEED ...]        FOLDER for the runs (runs/minis), seeds 1 2 3
#   LOOPED="..."                                            the program, if it is not the one built in this checkout
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
export LOOPED=${LOOPED:-"dotnet $root/Looped.Host/bin/Release/net10.0/Looped.Host.dll"}
export folder=${1:-runs/minis}
shift || true
seeds=${*:-1 2 3}
models="base but cotformer ln-cotformer adm"
recipes=$root/cluster-config/recipes
mkdir -p "$folder"

train() {
    $LOOPED train "$1/$2-mini.yaml" --set "seed=$3" --run "$folder/$2-$3" > "$folder/$2-$3.log" 2>&1
    # Depth chosen at test time: perplexity at each number of repeats and, with routers, at each threshold.
    case $2 in base | but | cotformer) return ;; esac
    [ -f "$folder/$2-$3/eval-compute.json" ] || $LOOPED eval "$folder/$2-$3" --suite compute >> "$folder/$2-$3.log" 2>&1
}
export -f train
for seed in $seeds; do for model in $models; do echo "$recipes $model $seed"; done; done | xargs -P 2 -L 1 bash -c 'train "$@"' train

# Mean and standard error of the numbers on a line after the first word.
summary() { awk '{ n = NF - 1; s = 0; q = 0; for (i = 2; i <= NF; i++) s += $i; m = s / n; for (i = 2; i <= NF; i++) q += ($i - m) ^ 2
    printf "| %s | %.3f ± %.3f |", $1, m, (n > 1 ? sqrt(q / (n - 1) / n) : 0); for (i = 2; i <= NF; i++) printf " %.3f%s", $i, i < NF ? "," : " |\n" }'; }

echo "| model | perplexity, mean ± standard error | seeds $seeds |"
echo "| --- | --- | --- |"
for model in $models; do
    echo "$model $(for seed in $seeds; do jq -r .validation.final_perplexity "$folder/$model-$seed/summary.json"; done | xargs)"
done | summary
echo
echo "| model, depth at test time | perplexity, mean ± standard error | seeds $seeds |"
echo "| --- | --- | --- |"
for model in ln-cotformer adm; do
    jq -r '.checkpoints[0].points[] | "\(.choice) \(.value)"' "$folder/$model-${seeds%% *}/eval-compute.json" | while read -r choice value; do
        echo "$model,$choice,$value $(for seed in $seeds; do
            jq -r --arg c "$choice" --argjson v "$value" '.checkpoints[0].points[] | select(.choice == $c and .value == $v) | .perplexity' "$folder/$model-$seed/eval-compute.json"
        done | xargs)"
    done
done | summary
