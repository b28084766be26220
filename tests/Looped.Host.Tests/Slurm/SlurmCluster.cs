using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using Looped.Tests;

namespace Looped.Host.Tests.Slurm;

/// <summary>
/// A whole SLURM on loopback: munged, slurmctld and one slurmd with four CPUs, all with sockets, ports and folders of their own, ended on disposal.
/// Partition scavenger is preempted by partition normal and gives ten seconds from notice to kill.
/// </summary>
/// <param name="graceTime">Those seconds by the partition's GraceTime; else, with a GraceTime of 0, by KillWait.</param>
/// <param name="environment">What the daemons and clients have in their environment, and the jobs from them.</param>
[SupportedOSPlatform("linux")]
internal sealed class SlurmCluster(bool graceTime = true, IReadOnlyDictionary<string, string?>? environment = null) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder _folder = new();
    private readonly List<Process> _daemons = [];

    /// <summary>The daemons are installed and may run as they need to: as root.</summary>
    public static bool Available => Environment.UserName == "root"
        && new[] { "slurmctld", "slurmd", "munged", "sbatch" }.All(program => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Append("/usr/sbin")
            .Any(folder => File.Exists(Path.Combine(folder, program))));

    /// <summary>Starts the daemons and waits until the node is idle.</summary>
    public SlurmCluster Started()
    {
        File.WriteAllBytes(_folder["key"], Enumerable.Range(0, 128).Select(i => (byte)i).ToArray());
        File.SetUnixFileMode(_folder["key"], UnixFileMode.UserRead);
        Directory.CreateDirectory(_folder["state"]);
        File.WriteAllText(Configuration, Settings());
        Start("munged", "--foreground", "--force", $"--socket={_folder["munge.sock"]}", $"--key-file={_folder["key"]}", $"--pid-file={_folder["munge.pid"]}", $"--log-file={_folder["munge.log"]}",
            $"--seed-file={_folder["munge.seed"]}");
        Await("munged", () => File.Exists(_folder["munge.sock"]));
        Start("slurmctld", "-D", "-c", "-f", Configuration);
        Start("slurmd", "-D", "-f", Configuration, "-N", "n1");
        Await("an idle node", () => Say("sinfo", "-h", "-o", "%T").Contains("idle", StringComparison.Ordinal));
        return this;
    }

    private string Configuration => _folder["slurm.conf"];

    /// <summary>Runs a client of SLURM, or anything else that calls one, and gives back what it printed.</summary>
    public string Say(string program, params string[] args) => SayIn(null, program, args);

    /// <summary><inheritdoc cref="Say"/></summary>
    public string SayIn(string? folder, string program, params string[] args)
    {
        using Process process = Launch(folder, program, args);
        string output = process.StandardOutput.ReadToEnd() + process.StandardError.ReadToEnd();
        process.WaitForExit();
        return output;
    }

    /// <summary>Waits until something holds, and shows the queue and the logs if it never does.</summary>
    public void Await(string what, Func<bool> holds)
    {
        var clock = Stopwatch.StartNew();
        while (!holds())
        {
            if (clock.Elapsed > Patience)
                throw new TimeoutException($"Waited in vain for {what}.\n{Say("squeue")}\n{Say("scontrol", "show", "job")}\n{string.Join('\n', Directory.EnumerateFiles(_folder.Root, "*.log").Select(Tail))}");
            Thread.Sleep(200);
        }
    }

    public void Dispose()
    {
        if (_daemons.Count == 3)
        {
            Say("scancel", "--user=root");
            var clock = Stopwatch.StartNew();
            while (Say("squeue", "-h").Trim().Length > 0 && clock.Elapsed < TimeSpan.FromSeconds(15)) Thread.Sleep(200);
        }
        foreach (Process daemon in Enumerable.Reverse(_daemons))
        {
            if (!daemon.HasExited) daemon.Kill(entireProcessTree: true);
            daemon.WaitForExit();
            daemon.Dispose();
        }
        _folder.Dispose();
    }

    private void Start(string program, params string[] args)
    {
        Process daemon = Launch(null, program, args);
        daemon.OutputDataReceived += (_, _) => { };
        daemon.ErrorDataReceived += (_, _) => { };
        daemon.BeginOutputReadLine();
        daemon.BeginErrorReadLine();
        _daemons.Add(daemon);
    }

    private Process Launch(string? folder, string program, string[] args)
    {
        var start = new ProcessStartInfo("env", [program, .. args]) { WorkingDirectory = folder ?? _folder.Root, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach ((string name, string? value) in environment ?? new Dictionary<string, string?>()) start.Environment[name] = value;
        start.Environment["SLURM_CONF"] = Configuration;
        start.Environment["PATH"] += ":/usr/sbin";
        return Process.Start(start)!;
    }

    private static string Tail(string file) => $"{file}:\n{string.Join('\n', File.ReadLines(file).TakeLast(10))}";

    private static string FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);
    }

    private string Settings() => $"""
        ClusterName=looped
        SlurmctldHost={Dns.GetHostName()}(127.0.0.1)
        SlurmctldPort={FreePort()}
        SlurmUser=root
        SlurmdUser=root
        AuthType=auth/munge
        AuthInfo=socket={_folder["munge.sock"]}
        CredType=cred/munge
        CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
        StateSaveLocation={_folder["state"]}
        SlurmdSpoolDir={_folder["spool"]}
        SlurmctldPidFile={_folder["slurmctld.pid"]}
        SlurmdPidFile={_folder["slurmd.pid"]}
        SlurmctldLogFile={_folder["slurmctld.log"]}
        SlurmdLogFile={_folder["slurmd.log"]}
        ProctrackType=proctrack/linuxproc
        TaskPlugin=task/none
        JobAcctGatherType=jobacct_gather/none
        AccountingStorageType=accounting_storage/none
        MpiDefault=none
        SwitchType=switch/none
        ReturnToService=2
        SlurmdParameters=config_overrides
        SchedulerType=sched/backfill
        SchedulerParameters=sched_interval=1,bf_interval=1,defer_batch
        SelectType=select/cons_tres
        SelectTypeParameters=CR_Core
        PreemptType=preempt/partition_prio
        PreemptMode=REQUEUE
        JobRequeue=1
        KillWait={(graceTime ? 5 : 10)}
        NodeName=n1 NodeHostname={Dns.GetHostName()} NodeAddr=127.0.0.1 Port={FreePort()} CPUs=4 Boards=1 SocketsPerBoard=1 CoresPerSocket=4 ThreadsPerCore=1 RealMemory=4000 State=UNKNOWN
        PartitionName=normal Nodes=n1 Default=YES PriorityTier=10 PreemptMode=OFF MaxTime=INFINITE State=UP
        PartitionName=scavenger Nodes=n1 Default=NO PriorityTier=1 PreemptMode=REQUEUE GraceTime={(graceTime ? 10 : 0)} MaxTime=INFINITE State=UP

        """;
}
