using System.CommandLine;
using Looped.Actors.Recipes;
using Looped.Host.CommandLine;
using Looped.Host.Recipes;
using Looped.Host.Slurm;
using Looped.Models;
using Looped.Models.Checkpoints;

namespace Looped.Host.Commands;

/// <summary><c>looped slurm</c>: job scripts for a seed and an array of workers that may be preempted.</summary>
internal static class SlurmCommand
{
    private const UnixFileMode Executable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    public static Command Create()
    {
        Argument<string> recipe = RecipeOptions.Recipe(optional: false);
        Option<string[]> set = RecipeOptions.Set();
        var workers = new Option<int>("--workers") { Description = "Workers: an array of jobs of one node each.", HelpName = "N", Required = true };
        var partition = new Option<string>("--partition") { Description = "The workers' partition, which may be preempted.", HelpName = "NAME", Required = true };
        var seedPartition = new Option<string?>("--seed-partition") { Description = "The seed's partition, which should not be; the site's default if left out.", HelpName = "NAME" };
        var time = new Option<string>("--time") { Description = "Limit of each job; a run goes on beyond it.", HelpName = "LIMIT", DefaultValueFactory = _ => "12:00:00" };
        var cpus = new Option<int?>("--cpus") { Description = "CPUs of each job; the recipe's training.threads if left out.", HelpName = "N" };
        var gpus = new Option<int>("--gpus") { Description = "GPUs of each worker: 0 or 1.", HelpName = "N" };
        var memory = new Option<string>("--memory") { Description = "Memory of each job.", HelpName = "SIZE", DefaultValueFactory = _ => "16G" };
        var grace = new Option<int>("--grace") { Description = "Seconds from notice to kill on the workers' partition: its GraceTime, or KillWait where that is 0.", HelpName = "S", DefaultValueFactory = _ => 30 };
        var run = new Option<string?>("--run") { Description = "The run folder, seen by every node; runs/NAME by default.", HelpName = "DIR" };
        var account = new Option<string?>("--account") { Description = "The account to charge.", HelpName = "NAME" };
        var port = new Option<int>("--port") { Description = "The port on which the seed listens.", HelpName = "PORT", DefaultValueFactory = _ => 4053 };
        var output = new Option<string?>("--output", "-o") { Description = "Where the scripts go; the folder slurm in the run folder by default.", HelpName = "DIR" };
        var program = new Option<string?>("--program") { Description = "The command that starts this program on a node, quoted as in a shell; by default dotnet with the path of this one.", HelpName = "COMMAND" };
        var command = new LoopedCommand("slurm", "Write SLURM job scripts: a seed, an array of workers that may be preempted, and a script that submits both.")
        {
            Examples =
            [
                "looped slurm quickstart --workers 8 --partition scavenger --seed-partition normal",
                "looped slurm my-recipe.yaml --workers 4 --partition spot --gpus 1 --set training.device=cuda --grace 120 --account physics",
            ],
        };
        command.Add(recipe);
        foreach (Option option in (Option[])[workers, partition, seedPartition, time, cpus, gpus, memory, grace, run, account, port, output, program, set]) command.Add(option);
        command.SetAction(parsed =>
        {
            RunRecipe loaded = parsed.Load(recipe, set);
            string folder = parsed.GetValue(run) ?? $"runs/{loaded.Name}";
            SlurmJob job = new SlurmJob
            {
                Recipe = parsed.GetRequiredValue(recipe),
                Name = loaded.Name,
                Set = parsed.GetValue(set) ?? [],
                Program = Words(parsed.GetValue(program)) ?? ["dotnet", Path.Combine(AppContext.BaseDirectory, "Looped.Host.dll")],
                Run = Path.TrimEndingDirectorySeparator(folder),
                Output = Path.TrimEndingDirectorySeparator(parsed.GetValue(output) ?? $"{folder}/slurm"),
                Workers = parsed.GetRequiredValue(workers),
                Partition = parsed.GetRequiredValue(partition),
                SeedPartition = parsed.GetValue(seedPartition),
                Time = parsed.GetRequiredValue(time),
                Cpus = parsed.GetValue(cpus) ?? loaded.Training.Threads,
                Gpus = parsed.GetValue(gpus),
                Memory = parsed.GetRequiredValue(memory),
                Grace = parsed.GetValue(grace),
                Account = parsed.GetValue(account),
                Port = parsed.GetValue(port),
            }.Checked();
            Agree(job.Gpus, loaded.Training.Device);
            Write(job);
            Tell(job);
            return ExitCode.Finished;
        });
        return command;
    }

    private static IReadOnlyList<string>? Words(string? program) => program is null ? null : ShellText.Split(program)
        ?? throw new UsageException($"--program is {program}; a quote in it is not closed: write it as in a shell, words with spaces in quotes.");

    /// <summary>A worker sees the GPUs that its job was given, counted from 0.</summary>
    private static void Agree(int gpus, string device)
    {
        bool cuda = device.StartsWith("cuda", StringComparison.Ordinal);
        if (gpus > 0 && !cuda) throw new UsageException($"--gpus {gpus} with training.device {device} would leave the GPUs idle; add --set training.device=cuda.");
        if (gpus == 0 && cuda) throw new UsageException($"training.device is {device}, but the workers are given no GPU; add --gpus 1, or --set training.device=cpu.");
        if (cuda && device is not ("cuda" or "cuda:0")) throw new UsageException($"training.device is {device}, but a worker is given one GPU, counted from 0; add --set training.device=cuda.");
    }

    private static void Write(SlurmJob job)
    {
        try
        {
            Directory.CreateDirectory(job.Output);
            foreach ((string name, string text) in SlurmScripts.Of(job))
            {
                string path = Path.Combine(job.Output, name);
                File.WriteAllText(path, text);
                if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, Executable);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw DurableFiles.Explain(e, $"The scripts cannot be written to {job.Output}");
        }
    }

    private static void Tell(SlurmJob job)
    {
        Terminal.Out.WriteLine($"{string.Join(", ", SlurmScripts.Of(job).Select(s => s.Name))} in {job.Output}");
        Terminal.Out.WriteLine($"A worker leaves within {job.WorkerGrace} s of its notice. Partition {job.Partition} must give {job.Grace} s from SIGTERM to SIGKILL:");
        Terminal.Out.WriteLine($"GraceTime={job.Grace} or more, or KillWait={job.Grace} or more where GraceTime is 0. If it gives less, write the scripts again with --grace.");
        Terminal.Out.WriteLine($"Submit: bash {ShellText.Quote($"{job.Output}/submit.sh")}");
    }
}
