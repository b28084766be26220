using System.CommandLine;
using Looped.Host.Commands;

namespace Looped.Host.CommandLine;

/// <summary>Every command of the program, a line each. Adding one is a file in <c>Commands/</c> and a line here.</summary>
internal static class CommandList
{
    private const string Train = "Train", Use = "Use a trained model", Inspect = "Look at runs and recipes", Cluster = "On many machines", Check = "Check models and this machine";

    /// <summary>The commands in the order the help lists them; neighbours of one group stand together.</summary>
    public static IReadOnlyList<CommandEntry> All { get; } =
    [
        new(Train, TrainCommand.Create),
        new(Train, DemoCommand.Create),
        new(Train, SeedCommand.Create),
        new(Train, WorkerCommand.Create),
        new(Train, EvaluatorCommand.Create),
        new(Train, StopCommand.Create),
        new(Train, PrepareCommand.Create),
        new(Use, GenerateCommand.Create),
        new(Use, EvalCommand.Create),
        new(Use, ImportCommand.Create),
        new(Use, ExportCommand.Create),
        new(Inspect, StatusCommand.Create),
        new(Inspect, PlotCommand.Create),
        new(Inspect, ReportCommand.Create),
        new(Inspect, DiffCommand.Create),
        new(Inspect, AuditCommand.Create),
        new(Inspect, ExportMetricsCommand.Create),
        new(Inspect, DashboardCommand.Create),
        new(Inspect, RecipeCommand.Create),
        new(Cluster, SlurmCommand.Create),
        new(Check, ParityCommand.Create),
        new(Check, ChaosCommand.Create),
        new(Check, BenchCommand.Create),
        new(Check, DoctorCommand.Create),
    ];
}

/// <summary>A command and the heading under which the help lists it.</summary>
internal sealed record CommandEntry(string Group, Func<Command> Create);
