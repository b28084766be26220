using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using Akka.Actor;
using Akka.Hosting;
using Looped.Actors;
using Looped.Actors.Clustering;
using Looped.Actors.Collectives.Nccl;
using Looped.Actors.Collectives.Ring;
using Looped.Actors.Logging;
using Looped.Actors.Recipes;
using Looped.Actors.Runs;
using Looped.Actors.Supervision;
using Looped.Actors.Telemetry;
using Looped.Actors.Training;
using Looped.Host.CommandLine;
using Looped.Host.Doctor;
using Looped.Host.Logging;
using Looped.Host.Telemetry;
using Looped.Host.Training;
using Looped.Models;
using Looped.Models.Recipes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Looped.Host.Clustering;

/// <summary>How a worker process was asked to run.</summary>
internal sealed record WorkerOptions
{
    public required IReadOnlyList<NodeAddress> Seeds { get; init; }
    public required NodeAddress Listen { get; init; }
    public NodeAddress? Advertise { get; init; }
    public PortRange? Ports { get; init; }
    public string? SecretFile { get; init; }
    public string? Device { get; init; }
    public string? RunFolder { get; init; }
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(25);
    public TimeSpan Wait { get; init; } = TimeSpan.FromSeconds(60);
    public bool UntilInputCloses { get; init; }
    public bool Verbose { get; init; }

    /// <summary>The cluster's recipe, on this node's device.</summary>
    public RunRecipe RecipeOf(RunDescribed run)
    {
        RunRecipe recipe = RecipeFile.Parse<RunRecipe>(run.Recipe, "the cluster's recipe", []);
        return Device is { } device ? recipe with { Training = recipe.Training with { Device = device } } : recipe;
    }

    /// <summary>Where the run folder is on this node.</summary>
    /// <exception cref="LoopedException">It is not to be seen here.</exception>
    public async Task<RunFolder> FolderOf(RunDescribed run)
    {
        var folder = new RunFolder(RunFolder ?? run.RunFolder);
        return await SharedRunFolder.Refusal(folder, run) is { } reason ? throw new LoopedException(reason) : folder;
    }
}

/// <summary>
/// A process that offers itself to a cluster: learns the run from a seed, prepares and checks itself before anybody is disturbed,
/// trains until the run is over or it has notice.
/// </summary>
internal sealed class WorkerProcess(WorkerOptions options)
{
    private readonly TaskCompletionSource<WorkerEnded> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private RunEnded? _over;
    private int _noticed;
    private double _secondsPerMicroBatch;
    private Action<bool, string>? _leave;
    private RunLogger? _log;
    private WorkerLines? _lines;

    /// <summary>Runs to the end and gives the exit code.</summary>
    public async Task<int> Run()
    {
        // A container that is started again has the machine and the process number of the one before.
        string name = $"{Environment.MachineName}-{Environment.ProcessId}-{RandomNumberGenerator.GetHexString(4, lowercase: true)}";
        byte[] secret = ClusterSecret.Here(options.SecretFile, [options.Listen, .. options.Seeds]);
        using var listener = new RingListener(AddressOf(options.Listen.Host), options.Ports?.First ?? 0, options.Ports?.Last ?? 0, secret, name);
        await using var link = new ClusterLink(options, secret, name);
        using var strangers = new StrangerWatch(() => listener.Unproven + link.Rejected, Warn);
        using var signals = new StopSignals(signal => Notice(signal, "leaving after the step in progress", hurry: false),
            signal => Notice($"{signal} again", "leaving at once", hurry: true), ExitCode.Drained);
        if (options.UntilInputCloses) InputWatch.WhenClosed(() => Notice("input closed", "leaving at once", hurry: true));
        if (await link.LearnRun() is not { } run)
        {
            Terminal.Out.WriteLine("the run is over; there is nothing to do");
            return ExitCode.Finished;
        }
        RunRecipe recipe = options.RecipeOf(run);
        GpuChecks.Require(recipe.Training.Device);
        link.Use(new ClusterTimings(recipe.Cluster.WorkerTimeout));
        RunFolder folder = await options.FolderOf(run);
        using RunData data = RunData.OpenSame(recipe, run.DataHash);
        var network = new RingNetwork(listener, options.Advertise?.Host ?? options.Listen.Host, recipe.Cluster.WorkerTimeout, recipe.Cluster.SharedMemory);
        if (await Reach(link, network, run) is not { } reached)
        {
            Terminal.Out.WriteLine("the run is over; there is nothing to do");
            return ExitCode.Finished;
        }
        run = reached;
        using var recorder = RunRecorder.Create(folder, recipe, run.DataHash);
        return await Train(link, name, run, recipe, data, recorder, OnDevice(recipe.Training.Device, network, link.Timings), folder);
    }

    /// <summary>
    /// Sees that every member can be reached. One that leaves or dies while it is looked for is nobody's fault: the cluster is asked again until
    /// its loss must have been noticed, and what counts is who is there then.
    /// </summary>
    /// <returns>The run as it is then; null if it is over.</returns>
    private static async Task<RunDescribed?> Reach(ClusterLink link, RingNetwork network, RunDescribed run)
    {
        long started = Stopwatch.GetTimestamp();
        TimeSpan patience = link.Timings.WorkerTimeout + 2 * link.Timings.FormationDeadline;
        bool told = false;
        while (true)
        {
            try
            {
                network.Probe(run.Endpoints, link.Timings.FormationDeadline);
                return run;
            }
            catch (LoopedException e) when (Stopwatch.GetElapsedTime(started) < patience)
            {
                if (!told) Terminal.Error.WriteWarning($"{e.Message} The cluster is asked again for {patience.TotalSeconds:0} s, in case that worker is leaving.");
                told = true;
                await Task.Delay(link.Timings.SupervisorHeartbeat);
                if (await link.LearnRun() is not { } now) return null;
                run = now;
            }
        }
    }

    private async Task<int> Train(ClusterLink link, string name, RunDescribed run, RunRecipe recipe, RunData data, RunRecorder recorder, IGenerationNetwork network, RunFolder folder)
    {
        var scrape = ScrapeAddress.OfWorker(options.Listen.Host, options.Advertise?.Host, recipe.Telemetry.PrometheusPort, run.Slot);
        using var instruments = new Instruments();
        using IDisposable? gpu = GpuWatch.Show(instruments, recipe.Training.Device);
        using Exporters exporters = Exporters.Start(new NodeIdentity("worker", Path.GetFileName(run.RunFolder), run.Slot), recipe.Telemetry, scrape, required: false,
            sentence => Terminal.Error.WriteWarning(sentence));
        var environment = new RunEnvironment
        {
            Worker = name,
            Slot = run.Slot,
            Instruments = instruments,
            Started = ProcessClock.Started,
            Recipe = recipe,
            RecipeIdentity = run.RecipeIdentity,
            DataHash = run.DataHash,
            Training = data.Training,
            Validation = data.Validation,
            CreateModel = data.CreateModel,
            LoadNewest = recorder.LoadNewest,
            BeginRecording = recorder.Begin,
            EndRecording = recorder.End,
            RecordStep = recorder.RecordStep,
            Remark = recorder.Remark,
            RecordEvaluation = recorder.RecordEvaluation,
            SaveCheckpoint = recorder.SaveCheckpoint,
            Rehearse = true,
            Overlap = recipe.Cluster.Overlap,
            Timeouts = new RankTimeouts { Formation = link.Timings.FormationDeadline, Heartbeat = link.Timings.SupervisorHeartbeat, LastWord = link.Timings.RestoreLease + link.Timings.SupervisorSilence },
        };
        using ProcessLog log = ProcessLog.Open(folder, "worker", options.Verbose, exporters.AddTo);
        (_log, _lines) = (log.Run, new WorkerLines(name, log.Run));
        void Join(ILoggingBuilder logging)
        {
            exporters.AddTo(logging);
            log.Join(logging);
        }
        using IHost host = LocalHost.Create(akka => akka.WithLoopedWorker(environment, network, Heard, Told, Path.GetFullPath(folder.Root)), Join);
        await host.StartAsync();
        IActorRef local = host.Services.GetRequiredService<IRequiredActor<SupervisorLinkActor>>().ActorRef;
        link.Attach(local);
        Terminal.Out.WriteLine($"worker {name} joins {recipe.Name}; data plane on {network.Endpoint}");
        RunLog.Offers(log.Run, name, network.Endpoint);
        void Leave(bool hurry, string signal)
        {
            local.Tell(new LeaveNotice(hurry, signal, options.Grace.TotalSeconds));
            if (Interlocked.Exchange(ref _noticed, 1) == 0)
                GracePeriod.Begin(options.Grace, Volatile.Read(ref _secondsPerMicroBatch), () => local.Tell(new LeaveNotice(Hurry: true)),
                    () => _ended.Task.IsCompletedSuccessfully ? CodeOf(_ended.Task.Result) : null);
        }
        Volatile.Write(ref _leave, Leave);
        WorkerEnded ended = await _ended.Task;
        // The supervisor hears of the end before this node goes; a worker that waits here holds nobody up.
        await host.StopAsync();
        return Exit(ended);
    }

    private static IGenerationNetwork OnDevice(string device, RingNetwork ring, ClusterTimings timings)
    {
        string[] parts = device.Split(':');
        if (parts[0] != "cuda") return ring;
        int index = parts.Length > 1 ? int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture) : 0;
        NcclLibrary library = NcclLibrary.Load();
        Terminal.Out.WriteLine($"gradients travel over {library}, or through host memory where workers share a GPU");
        return new NcclNetwork(ring, library, new NcclOptions { Device = index, InitialiseWithin = timings.FormationDeadline });
    }

    private void Notice(string signal, string what, bool hurry)
    {
        Action<bool, string>? leave = Volatile.Read(ref _leave);
        if (leave is null)
        {
            Terminal.Out.WriteLine($"{signal}: leaving before I took part");
            ProcessEnd.Soon(ExitCode.Drained); // nobody counts on a worker that is still preparing itself
            return;
        }
        Terminal.Out.WriteLine($"{signal}: {what}");
        if (_log is { } log) RunLog.Notice(log, signal, what);
        leave(hurry, signal);
    }

    private void Warn(string sentence)
    {
        Terminal.Error.WriteWarning(sentence);
        if (_log is { } log) RunLog.Warning(log, sentence);
    }

    private int Exit(WorkerEnded ended)
    {
        if (ended.Error is not null) throw new LoopedException(ended.Error);
        if (_over is { Outcome: RunOutcome.Failed } failed) throw new LoopedException(failed.Reason ?? "The run failed.");
        int code = CodeOf(ended);
        Terminal.Out.WriteLine(code != ExitCode.Finished ? $"left after step {ended.Step}; the run is not finished: start me again"
            : _over is { Outcome: RunOutcome.Interrupted } ? $"the run was stopped at step {ended.Step}" : "the run is finished");
        return code;
    }

    private int CodeOf(WorkerEnded ended) => ended.Error is null && (ended.Outcome == RunOutcome.Finished || _over is not null) ? ExitCode.Finished
        : _noticed == 1 ? ExitCode.Drained : ExitCode.Failed;

    private void Heard(IWireMessage message)
    {
        _lines?.Heard(message);
        if (message is RunEnded over) _over = over;
    }

    private void Told(IWireMessage message)
    {
        _lines?.Told(message);
        if (message is WorkerReported { Status.SecondsPerMicroBatch: var seconds }) Volatile.Write(ref _secondsPerMicroBatch, seconds);
        if (message is WorkerEnded ended) _ended.TrySetResult(ended);
        if (message is RunNote note) Terminal.Out.WriteLine(note.Text);
    }

    private static IPAddress AddressOf(string host)
    {
        if (IPAddress.TryParse(host, out IPAddress? address)) return address;
        IPAddress[] found = Dns.GetHostAddresses(host);
        return found.Length > 0 ? found[0] : throw new UsageException($"--listen: there is no host named {host}.");
    }
}
