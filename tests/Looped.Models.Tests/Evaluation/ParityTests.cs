using System.Text.Json.Nodes;
using Looped.Models.Checkpoints;
using Looped.Models.Evaluation.Parity;
using Looped.Tests;

namespace Looped.Models.Tests.Evaluation;

/// <summary>A comparison that cannot fail proves nothing: these tests damage vectors and look for the failure.</summary>
public sealed class ParityTests : IDisposable
{
    private static readonly string Vectors = Path.Combine(AppContext.BaseDirectory, "Vectors");

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private List<ParityRow> Run(string? family = null, params string[] only) => [.. ParitySuite.Run(new ParityRequest([_folder.Root], family, only))];

    private ParityRow RunOne(string row) => Run().Single(r => r.Case == row);

    private void Copy(string name, Action<JsonObject>? editJson = null, Func<NamedTensor, NamedTensor?>? editTensor = null, params NamedTensor[] more)
    {
        JsonObject json = ParityJson.Read(Path.Combine(Vectors, "cotformer", name + ".json"));
        editJson?.Invoke(json);
        File.WriteAllText(_folder[name + ".json"], json.ToJsonString());
        string tensors = Path.Combine(Vectors, "cotformer", name + ".safetensors");
        if (!File.Exists(tensors)) return;
        IEnumerable<NamedTensor> edited = SafetensorsFile.ReadAll(tensors).Select(t => editTensor is null ? t : editTensor(t)).OfType<NamedTensor>();
        SafetensorsWriter.Write(_folder[name + ".safetensors"], [.. edited, .. more]);
    }

    private static NamedTensor Shift(NamedTensor tensor, int element, float by)
    {
        byte[] data = tensor.Data.ToArray();
        float value = BitConverter.ToSingle(data, 4 * element);
        BitConverter.TryWriteBytes(data.AsSpan(4 * element), value + by);
        return tensor with { Data = data };
    }

    [Theory]
    [InlineData("output.logits")]
    [InlineData("output.loss")]
    [InlineData("grad.transformer.wte.weight")]
    [InlineData("grad.transformer.h_mid.0.ln_1.weight")]
    [InlineData("trace.rep2.blocks_out")]
    [InlineData("param.transformer.ln_f.weight")]
    public void One_element_that_is_wrong_fails_the_case(string tensor)
    {
        Copy("cotformer_full_depth", editTensor: t => t.Name == tensor ? Shift(t, 0, 0.01f) : t);
        Assert.Equal(ParityOutcome.Failed, RunOne("eval").Outcome);
    }

    [Fact]
    public void An_undamaged_copy_passes()
    {
        Copy("cotformer_full_depth");
        Assert.Equal(ParityOutcome.Passed, RunOne("eval").Outcome);
        Assert.Equal(ParityOutcome.Passed, RunOne("short").Outcome);
    }

    [Fact]
    public void The_tolerance_is_that_of_the_tensors_own_kind()
    {
        // 1e-4 is far beyond what gradients may differ by, and within what these traces may.
        Copy("cotformer_full_depth", editTensor: t => t.Name == "trace.rep2.blocks_out" ? Shift(t, 0, 1e-4f) : t);
        Assert.Equal(ParityOutcome.Passed, RunOne("eval").Outcome);
        Copy("cotformer_full_depth", editTensor: t => t.Name == "grad.transformer.h_mid.0.attn.c_attn.weight" ? Shift(t, 0, 1e-4f) : t);
        ParityRow row = RunOne("eval");
        Assert.Equal((ParityOutcome.Failed, "grad.transformer.h_mid.0.attn.c_attn.weight"), (row.Outcome, row.Worst!.Name));
    }

    [Theory]
    [InlineData("output.surprise")]
    [InlineData("grad_reg_k3.transformer.wte.weight")]
    [InlineData("trace.rep4.blocks_out")]
    [InlineData("raw.slot1")]
    public void A_tensor_that_we_do_not_compute_fails_the_case(string name)
    {
        Copy("cotformer_full_depth", more: new NamedTensor(name, ElementType.F32, [1], new byte[4]));
        ParityRow row = RunOne("eval");
        Assert.Equal(ParityOutcome.Failed, row.Outcome);
        Assert.Contains($"{name}: the file has it, but it was not computed", row.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tensor_that_the_file_lacks_is_mentioned_but_is_no_failure()
    {
        Copy("cotformer_full_depth", editTensor: t => t.Name == "output.average_depth" ? null : t);
        ParityRow row = RunOne("eval");
        Assert.Equal(ParityOutcome.Passed, row.Outcome);
        Assert.Contains("computed but not in the file: output.average_depth", row.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_case_that_only_the_tensors_mention_runs_too()
    {
        Copy("cotformer_full_depth", editJson: json => json["cases"]!.AsArray().RemoveAt(1));
        Assert.Equal(ParityOutcome.Passed, RunOne("short").Outcome);
    }

    [Fact]
    public void A_case_in_which_nothing_is_compared_fails()
    {
        Copy("cotformer_full_depth", editTensor: t => t.Name.Contains("short.output", StringComparison.Ordinal) ? null : t);
        ParityRow row = RunOne("short");
        Assert.Equal(ParityOutcome.Failed, row.Outcome);
        Assert.StartsWith("nothing was compared", row.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("kind", "sideways")]
    [InlineData("family", "martian")]
    public void An_unknown_kind_or_family_is_a_failure(string key, string value)
    {
        Copy("base", json => json[key] = value);
        ParityRow row = Assert.Single(Run());
        Assert.Equal(ParityOutcome.Failed, row.Outcome);
        Assert.Contains(value, row.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("legacy")]
    [InlineData("data_order")]
    public void Files_that_document_defects_get_a_row_that_is_no_failure(string kind)
    {
        Copy("data_order", json => json["kind"] = kind);
        Assert.Equal(ParityOutcome.NotCompared, Assert.Single(Run()).Outcome);
    }

    [Fact]
    public void The_file_name_means_nothing()
    {
        Copy("base");
        File.Move(_folder["base.json"], _folder["macs.json"]);
        File.Move(_folder["base.safetensors"], _folder["macs.safetensors"]);
        Assert.All(Run(), row => Assert.Equal(("base", ParityOutcome.Passed), (row.Vector, row.Outcome)));
    }

    [Theory]
    [InlineData("n_layer", "4")]
    [InlineData("bias", "true")]
    [InlineData("n_head", "5")]
    [InlineData("positional_encoder", "\"sine\"")]
    [InlineData("n_embd", "\"wide\"")]
    public void A_config_that_contradicts_the_weights_is_a_failing_row(string key, string value)
    {
        Copy("base", json => json["config"]![key] = JsonNode.Parse(value));
        Assert.Equal(ParityOutcome.Failed, Assert.Single(Run()).Outcome);
    }

    [Fact]
    public void Damaged_files_fail_and_the_rest_still_runs()
    {
        Copy("base");
        Copy("base_bias");
        File.WriteAllBytes(_folder["base_bias.safetensors"], File.ReadAllBytes(_folder["base_bias.safetensors"])[..^1]);
        File.WriteAllText(_folder["broken.json"], "{ \"family\": ");

        List<ParityRow> rows = Run();

        Assert.Equal(["base", "base", "base_bias", "broken"], rows.Select(r => r.Vector));
        Assert.Equal([ParityOutcome.Passed, ParityOutcome.Passed, ParityOutcome.Failed, ParityOutcome.Failed], rows.Select(r => r.Outcome));
    }

    [Fact]
    public void Globs_select_vectors_and_rows()
    {
        Copy("base");
        Copy("macs");
        Copy("cotformer_full_depth");

        Assert.Equal(["base/eval", "base/short_ignore"], Run(null, "base*").Select(r => r.FullName));
        Assert.Equal(["cotformer_full_depth/short"], Run(null, "*/short").Select(r => r.FullName));
        Assert.All(Run(null, "macs/base*", "base/e*"), r => Assert.True(r.FullName == "base/eval" || r.FullName.StartsWith("macs/base:", StringComparison.Ordinal)));
        Assert.Equal(5, Run(null, "macs/base*", "base/e*").Count);
        Assert.Empty(Run("stars"));
        Assert.Empty(Run(null, "nothing"));
    }

    [Fact]
    public void Folders_are_searched_recursively_and_other_files_are_passed_over()
    {
        Directory.CreateDirectory(_folder["deep/er"]);
        Copy("base");
        foreach (string file in Directory.GetFiles(_folder.Root)) File.Move(file, Path.Combine(_folder["deep/er"], Path.GetFileName(file)));
        File.WriteAllText(_folder["package.json"], "{ \"name\": \"something else\" }");
        Assert.Equal(2, Run().Count);
    }

    [Fact]
    public void A_path_that_does_not_exist_is_a_clear_error()
    {
        string missing = _folder["missing"];
        Assert.Contains(missing, Assert.Throws<UsageException>(() => ParitySuite.Run(new ParityRequest([missing]))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Tokenizer_case_files_give_a_row_a_case()
    {
        ParityRow[] rows = [.. ParitySuite.Run(new ParityRequest([Path.Combine(Vectors, "tokenizers", "cases.json")], Only: ["cases/tiny-bpe/ascii*"]))];
        Assert.NotEmpty(rows);
        Assert.All(rows, row => Assert.Equal(ParityOutcome.Passed, row.Outcome));
    }

    [Fact]
    public void Numbers_of_the_JSON_are_compared_too()
    {
        Copy("lr_schedules", json => json["schedules"]!["total=40000,cos,warmup=0.2"]!["100"] = 2e-5);
        Copy("macs", json => json["tiny"]![0]!["macs"] = 493849);
        Assert.Equal(["lr_schedules/total=40000,cos,warmup=0.2", "macs/base:T=16,D=24,L=4,R=3,0+0"],
            Run(null, "lr_schedules", "macs/base*").Where(r => r.Outcome == ParityOutcome.Failed).Select(r => r.FullName));
    }

    [Fact]
    public void A_trajectory_that_ends_elsewhere_fails()
    {
        Copy("train_lncot", editTensor: t => t.Name == "final.transformer.ln_f.weight" ? Shift(t, 3, 0.01f) : t);
        Assert.Equal("final.transformer.ln_f.weight", RunOne("train").Worst!.Name);
        Assert.Equal(ParityOutcome.Failed, RunOne("train").Outcome);
    }
}
