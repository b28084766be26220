using System.CommandLine;
using Looped.Host.CommandLine;
using Looped.Host.Doctor;

namespace Looped.Host.Commands;

/// <summary><c>looped doctor</c>: what is wrong with this machine, and what to do about it.</summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        Option<bool> json = new("--json") { Description = "Print JSON for another program." };
        Option<string> run = new("--run") { Description = "Where runs are to be kept.", HelpName = "DIR", DefaultValueFactory = _ => "runs" };
        var command = new LoopedCommand("doctor", "Examine this machine; every finding comes with its remedy. Exit code 1 if training cannot work.")
        {
            Examples = ["looped doctor", "looped doctor --run /scratch/runs --json"],
            Options = { json, run },
        };
        command.SetAction(parsed =>
        {
            Examination examination = Examination.Here(parsed.GetRequiredValue(run));
            if (parsed.GetValue(json)) Terminal.Out.WriteJson(examination.ToJson());
            else examination.Print(Terminal.Out);
            return examination.CanTrain ? ExitCode.Finished : ExitCode.Failed;
        });
        return command;
    }
}
