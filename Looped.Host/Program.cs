using Looped.Host.CommandLine;
using Looped.Host.Telemetry;

_ = ProcessClock.Started;
return await LoopedProgram.RunAsync(args);
