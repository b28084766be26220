using Looped.Host.CommandLine;

namespace Looped.Host.Slurm;

/// <summary>
/// The job scripts of a run. One rule is behind them: a process that leaves after notice exits 75, and 75 must become "again", whether or not the
/// site has set <c>RequeueExit=75</c>. The program runs under <c>srun</c>, because SLURM gives notice to the tasks of a step and not to what a batch
/// script starts itself.
/// </summary>
internal static class SlurmScripts
{
    /// <summary>Every file by its name.</summary>
    public static IReadOnlyList<(string Name, string Text)> Of(SlurmJob job) =>
        [("seed.sbatch", Seed(job)), ("workers.sbatch", Workers(job)), ("submit.sh", Submit(job))];

    /// <summary>The seed: one task on an ordinary partition.</summary>
    private static string Seed(SlurmJob job) => $$"""
        #!/bin/bash
        # The seed of {{job.JobName}}: it plans who computes what and computes nothing itself. Written by `looped slurm`, submitted by submit.sh.
        {{Header(job, $"{job.JobName}-seed", job.SeedPartition)}}
        set -u
        {{Settings(job)}}
        recipe=({{ShellText.Words([job.Recipe, .. job.Set.SelectMany(s => new[] { "--set", s })])}})
        {{NodeAddress}}
        mkdir -p -- "$run/slurm"
        # The secret of the cluster: made once a run, readable by its owner alone.
        if [ ! -s "$secret" ]; then
          (umask 077 && head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n' > "$secret.new" && mv -- "$secret.new" "$secret") || exit 1
        fi

        here=$(node_address):{{job.Port}}
        echo "$here" > "$address.new" && mv -- "$address.new" "$address" || exit 1
        echo "seed at $here, restart ${SLURM_RESTART_COUNT:-0}"

        srun --ntasks=1 --kill-on-bad-exit=0 "${looped[@]}" seed "${recipe[@]}" --listen "$here" --run "$run" --secret-file "$secret"
        rc=$?
        echo "rc=$rc"
        if [ "$rc" -eq {{ExitCode.Drained}} ]; then
          rm -f -- "$address"             # workers wait for the next one
          scontrol requeue "$SLURM_JOB_ID" || true
        else
          echo "ended $rc" > "$address"   # workers that start later have nothing to do
        fi
        exit $rc

        """;

    /// <summary>The workers: an array of jobs of one node each, so that losing one node costs one worker.</summary>
    private static string Workers(SlurmJob job) => $$"""
        #!/bin/bash
        # The workers of {{job.JobName}}: one node each, preempted one by one. Written by `looped slurm`, submitted by submit.sh.
        #
        # What the site must provide on partition {{job.Partition}}: at least {{job.Grace}} seconds from the notice (SIGTERM) to the kill, which is GraceTime,
        # or KillWait where GraceTime is 0:  scontrol show partition {{job.Partition}} | grep -o 'GraceTime=[^ ]*';  scontrol show config | grep KillWait
        # If they give less, write the scripts again with that number as --grace.
        {{Header(job, $"{job.JobName}-workers", job.Partition)}}
        #SBATCH --array=0-{{job.Workers - 1}}{{(job.Gpus > 0 ? $"\n#SBATCH --gres=gpu:{job.Gpus}" : "")}}
        set -u
        {{Settings(job)}}
        {{NodeAddress}}
        # Sets $seed; ends the job if the run has ended, or if no seed appears for half an hour.
        find_seed() {
          local waited=0
          while seed=$(cat -- "$address" 2> /dev/null || true) && [ -z "$seed" ]; do
            if [ "$waited" -ge 1800 ]; then
              echo "no seed wrote its address to $address within half an hour" >&2
              exit {{ExitCode.NoCluster}}
            fi
            sleep 2
            waited=$((waited + 2))
          done
          case $seed in
            ended\ *)
              echo "the run has ended"
              exit "${seed#ended }" ;;
          esac
        }

        # A seed that is itself requeued comes back at another address: no cluster means look again.
        for attempt in {1..20}; do
          find_seed
          here=$(node_address)
          echo "worker $SLURM_ARRAY_TASK_ID at $here, seed at $seed, restart ${SLURM_RESTART_COUNT:-0}, attempt $attempt"
          srun --ntasks=1 --kill-on-bad-exit=0 "${looped[@]}" worker --seed "$seed" --secret-file "$secret" --grace {{job.WorkerGrace}} --advertise "$here"
          rc=$?
          echo "rc=$rc"
          [ "$rc" -eq {{ExitCode.NoCluster}} ] || break
          sleep 15
        done
        if [ "$rc" -eq {{ExitCode.Drained}} ]; then
          scontrol requeue "${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID" || true
        fi
        exit $rc

        """;

    /// <summary>Submits both from the folder in which the scripts were asked for, wherever it is called from.</summary>
    private static string Submit(SlurmJob job) => $$"""
        #!/bin/bash
        # Submits the seed and the workers of {{job.JobName}}. Written by `looped slurm`.
        set -euo pipefail
        cd -- "$(dirname -- "${BASH_SOURCE[0]}")"/{{ShellText.Quote(Path.GetRelativePath(job.Output, "."))}}
        run={{ShellText.Quote(job.Run)}}
        scripts={{ShellText.Quote(job.Output)}}
        mkdir -p -- "$run/logs"
        rm -f -- "$run/slurm/seed-address"
        seed=$(sbatch --parsable --output="$run/logs/slurm-seed-%j.log" "$scripts/seed.sbatch")
        seed=${seed%%;*}
        workers=$(sbatch --parsable --dependency="after:$seed" --output="$run/logs/slurm-worker-%A_%a.log" "$scripts/workers.sbatch")
        workers=${workers%%;*}
        echo "seed: job $seed; workers: array $workers; logs: $run/logs"
        echo "to give it up: scancel $workers $seed"

        """;

    private static string Header(SlurmJob job, string name, string? partition) => string.Join('\n', new[]
    {
        $"job-name={name}",
        partition is null ? null : $"partition={partition}",
        job.Account is null ? null : $"account={job.Account}",
        "nodes=1",
        "ntasks-per-node=1",
        $"cpus-per-task={job.Cpus}",
        $"mem={job.Memory}",
        $"time={job.Time}",
        "requeue",
        "open-mode=append",
        $"signal=TERM@{SlurmJob.NoticeBeforeLimit}",
    }.OfType<string>().Select(option => $"#SBATCH --{option}"));

    private static string Settings(SlurmJob job) => $$"""
        run={{ShellText.Quote(job.Run)}}
        address=$run/slurm/seed-address secret=$run/slurm/secret
        looped=({{ShellText.Words(job.Program)}})
        export SRUN_CPUS_PER_TASK=$SLURM_CPUS_PER_TASK   # srun no longer takes it from sbatch since SLURM 22.05

        """;

    /// <summary>SLURM knows the address at which it reaches a node; a name would have to resolve on every other node.</summary>
    private const string NodeAddress = """
        node_address() {
          local node=${SLURMD_NODENAME:-$(hostname)} address
          address=$(scontrol --oneliner show node "$node" | grep -o ' NodeAddr=[^ ]*' | cut -d= -f2)
          echo "${address:-$node}"
        }

        """;
}
