using System.CommandLine;
using Looped.Host.CommandLine;
using Looped.Host.Inspection;

namespace Looped.Host.Commands;

/// <summary>`looped audit RUN`: proof of which sequences were consumed.</summary>
internal static class AuditCommand
{
    public static Command Create()
    {
        Argument<string> run = RunArgument.One();
        Option<bool> json = new("--json") { Description = "Print JSON for another program." };
        var command = new LoopedCommand("audit", "Prove that a run consumed every sequence once per epoch, whatever happened; exit code 1 if it did not.")
        {
            Examples = ["looped audit runs/quickstart", "looped audit runs/quickstart --json"],
        };
        command.Add(run);
        command.Add(json);
        command.SetAction(parsed =>
        {
            AuditedRun audited = AuditedRun.Of(RunArgument.Find(parsed.GetRequiredValue(run)));
            if (parsed.GetValue(json)) Terminal.Out.WriteJson(InspectionJson.ToNode(audited));
            else foreach (string line in audited.Lines()) Terminal.Out.WriteLine(line);
            return audited.Audit.Proven ? ExitCode.Finished : ExitCode.Failed;
        });
        return command;
    }
}
