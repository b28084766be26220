using Looped.Host.CommandLine;

return await LoopedProgram.RunAsync(args);
