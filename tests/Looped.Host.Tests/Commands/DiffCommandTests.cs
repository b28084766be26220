using System.Text.Json.Nodes;
using Looped.Host.CommandLine;
using Looped.Host.Commands;
using Looped.Host.Inspection;
using Looped.Models;
using Looped.Tests;

namespace Looped.Host.Tests.Commands;

public sealed class DiffCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Text(string left = "a", string right = "b") => string.Join('\n', DiffCommand.Lines(RunComparison.Of(_folder[left], _folder[right])));

    [Fact]
    public async Task Equal_runs_are_identical_and_it_says_what_was_compared()
    {
        SmallRun.Write(_folder["a"]);
        SmallRun.Write(_folder["b"]);
        LoopedResult result = (await LoopedProcess.RunAsync("diff", _folder["a"], _folder["b"])).Expect(ExitCode.Finished);
        Assert.Equal("identical in 40 steps of metrics, and every tensor of model and optimizer at steps 20, 40\n", result.Output);
    }

    [Fact]
    public async Task The_first_step_and_the_first_tensors_that_differ_are_named_with_exit_code_1()
    {
        SmallRun.Write(_folder["a"]);
        SmallRun.Write(_folder["b"], departs: 31);
        LoopedResult result = (await LoopedProcess.RunAsync("diff", _folder["a"], _folder["b"])).Expect(ExitCode.Failed);
        string[] lines = result.Output.Split('\n');
        Assert.Equal("different", lines[0]);
        Assert.StartsWith("  metrics      first at step 31: loss 0.12903225806451613 and 0.129033258", lines[1], StringComparison.Ordinal);
        Assert.Equal("  checkpoints  equal at step 20", lines[2]);
        Assert.Equal("  checkpoint   first at step 40: 4 of 4 tensors, and the training state", lines[3]);
        Assert.Matches("^    model      wte.weight: 6 of 6 elements, by at most .* ULP$", lines[4]);
        Assert.Empty(result.Error);
    }

    [Fact]
    public async Task The_same_is_given_as_json()
    {
        SmallRun.Write(_folder["a"]);
        SmallRun.Write(_folder["b"], departs: 31);
        JsonNode json = JsonNode.Parse((await LoopedProcess.RunAsync("diff", _folder["a"], _folder["b"], "--json")).Expect(ExitCode.Failed).Output)!;
        Assert.False((bool)json["identical"]!);
        Assert.Equal((31, "loss"), ((int)json["first_step"]!["step"]!, (string?)json["first_step"]!["key"]));
        Assert.Equal("wte.weight", (string?)json["first_checkpoint"]!["difference"]!["model"]![0]!["name"]);
    }

    [Fact]
    public void Two_checkpoints_can_be_compared()
    {
        SmallRun.Write(_folder["a"]);
        SmallRun.Write(_folder["b"], departs: 31);
        Assert.Equal("identical in every tensor of model and optimizer at step 20", Text("a/checkpoints/step-000020", "b/checkpoints/step-000020"));
        Assert.StartsWith("different\n  checkpoint   first at step 40: 4 of 4 tensors", Text("a/checkpoints/step-000040", "b/checkpoints/step-000040"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_shorter_run_is_compared_as_far_as_it_goes_and_that_is_said()
    {
        SmallRun.Write(_folder["a"]);
        SmallRun.Write(_folder["b"], 20, [20]);
        RunComparison comparison = RunComparison.Of(_folder["a"], _folder["b"]);
        Assert.True(comparison.Identical);
        Assert.Contains("has 40 steps", Assert.Single(comparison.Warnings), StringComparison.Ordinal);
        Assert.Equal("identical in 20 steps of metrics, and every tensor of model and optimizer at step 20", Text());
    }

    [Fact]
    public void An_altered_checkpoint_is_said_to_be_and_the_tensor_that_was_altered_is_named()
    {
        SmallRun.Write(_folder["a"]);
        SmallRun.Write(_folder["b"]);
        string file = _folder["b/checkpoints/step-000040/model.safetensors"];
        byte[] bytes = File.ReadAllBytes(file);
        bytes[^1] ^= 1;
        File.WriteAllBytes(file, bytes);
        RunComparison comparison = RunComparison.Of(_folder["a"], _folder["b"]);
        Assert.Contains("step-000040 is not as it was written: model.safetensors was altered", Assert.Single(comparison.Warnings), StringComparison.Ordinal);
        Assert.Equal("h.0.weight", Assert.Single(comparison.FirstCheckpoint!.Difference.Model).Name);
        Assert.Contains("    model      h.0.weight: 1 of 6 elements", Text(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_checkpoint_that_cannot_be_read_is_not_called_identical()
    {
        SmallRun.Write(_folder["a"]);
        SmallRun.Write(_folder["b"]);
        File.Delete(_folder["b/checkpoints/step-000020/optimizer.safetensors"]);
        RunComparison comparison = RunComparison.Of(_folder["a"], _folder["b"]);
        Assert.False(comparison.Identical);
        Assert.Contains(comparison.Warnings, w => w.StartsWith("Step 20 is not compared.", StringComparison.Ordinal));
        Assert.Equal("not all could be compared; equal in 40 steps of metrics, and every tensor of model and optimizer at step 40", Text());
    }

    [Fact]
    public void Runs_without_a_step_in_common_or_of_two_kinds_are_bad_usage()
    {
        SmallRun.Write(_folder["a"]);
        SmallRun.Write(_folder["b"], 0, []);
        Assert.Contains("no step in common", Assert.Throws<UsageException>(() => Text()).Message, StringComparison.Ordinal);
        Assert.Contains("two runs or two checkpoints", Assert.Throws<UsageException>(() => Text("a", "a/checkpoints/step-000020")).Message, StringComparison.Ordinal);
        Assert.Contains("There is no run in", Assert.Throws<UsageException>(() => Text("a", "none")).Message, StringComparison.Ordinal);
    }
}
