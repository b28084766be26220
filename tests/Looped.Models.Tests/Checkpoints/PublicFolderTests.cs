using System.Text.Json.Nodes;
using Looped.Models.Checkpoints;
using Looped.Models.Families;
using Looped.Models.Families.Ouro;
using Looped.Models.Randomness;
using Looped.Models.Tests.Data;

namespace Looped.Models.Tests.Checkpoints;

public sealed class PublicFolderTests : IDisposable
{
    private static readonly OuroConfig Config = new() { Family = "ouro", Width = 16, Hidden = 24, Layers = 2, Heads = 2, Loops = 3, SequenceLength = 32, Vocabulary = 19 };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static IPublicFormat Format => (IPublicFormat)FamilyRegistry.Find("ouro")!;

    private static NamedTensor[] Weights()
    {
        using LanguageModel model = FamilyRegistry.Find("ouro")!.Create(Config, 19, RandomStream.Create(5, "initialization"));
        return [.. model.named_parameters().Select(p => p.parameter.detach().ToNamed(p.name))];
    }

    private string Write()
    {
        PublicFolder.Write(_folder["tiny"], Format.ToPublic(Config, 19), Weights());
        return _folder["tiny"];
    }

    /// <summary>The same in two files and an index.</summary>
    private string WriteParts()
    {
        string folder = Write();
        NamedTensor[] all = Weights();
        var map = new JsonObject();
        for (int part = 0; part < 2; part++)
        {
            string file = $"model-0000{part + 1}-of-00002.safetensors";
            NamedTensor[] mine = [.. all.Where((_, i) => i % 2 == part)];
            SafetensorsWriter.Write(Path.Combine(folder, file), mine);
            foreach (NamedTensor tensor in mine) map[tensor.Name] = file;
        }
        File.Delete(Path.Combine(folder, "model.safetensors"));
        File.WriteAllText(Path.Combine(folder, "model.safetensors.index.json"), new JsonObject { ["weight_map"] = map }.ToJsonString());
        return folder;
    }

    private static Dictionary<string, string> Bytes(IEnumerable<NamedTensor> tensors) => tensors.ToDictionary(t => t.Name, t => Convert.ToHexString(t.Data.Span));

    [Fact]
    public void What_is_written_is_read_bit_for_bit_whole_and_in_parts()
    {
        Dictionary<string, string> expected = Bytes(Weights());
        Assert.Equal(expected, Bytes(PublicFolder.Open(Write()).Read(Format.ParameterName)));
        Directory.Delete(_folder["tiny"], recursive: true);
        Assert.Equal(expected, Bytes(PublicFolder.Open(WriteParts()).Read(Format.ParameterName)));
    }

    [Fact]
    public void A_configuration_comes_back_as_it_was()
    {
        PublicFolder folder = PublicFolder.Open(Write());
        ModelConfig read = folder.Family().Format.FromPublic(folder.Config, folder.ConfigPath);
        OuroConfig expected = Config with { KeyValueHeads = 2, HeadWidth = 8, MaxPositions = 65536, SequenceLength = 2048 };
        Assert.Equal(expected, read);
    }

    [Fact]
    public void Names_are_those_of_the_public_checkpoints() => Assert.Superset(
        new HashSet<string>
        {
            "model.embed_tokens.weight", "model.layers.1.self_attn.q_proj.weight", "model.layers.0.self_attn.o_proj.weight", "model.layers.0.mlp.gate_proj.weight",
            "model.layers.1.input_layernorm_2.weight", "model.layers.0.post_attention_layernorm_2.weight", "model.norm.weight", "model.early_exit_gate.bias", "lm_head.weight",
        }, Weights().Select(w => w.Name).ToHashSet());

    [Fact]
    public void A_model_begins_with_the_weights_that_its_recipe_names()
    {
        string folder = Write();
        using LanguageModel model = FamilyRegistry.Find("ouro")!.Create(Config, 19, RandomStream.Create(6, "initialization"));
        StartingWeights.Load(model, Config with { Weights = folder });
        Assert.Equal(Bytes(Weights()), Bytes(model.named_parameters().Select(p => p.parameter.detach().ToNamed(p.name))));
    }

    [Fact]
    public void Weights_of_another_size_are_refused_with_every_tensor_named()
    {
        OuroConfig other = Config with { Layers = 3, Weights = Write() };
        using LanguageModel model = FamilyRegistry.Find("ouro")!.Create(other, 19, RandomStream.Create(6, "initialization"));
        string message = Assert.Throws<LoopedException>(() => StartingWeights.Load(model, other)).Message;
        Assert.Contains("model.layers.2.mlp.down_proj.weight is missing", message, StringComparison.Ordinal);
        Assert.Contains("model.layers.2.self_attn.k_proj.weight is missing", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_part_that_is_not_there_is_named()
    {
        string folder = WriteParts();
        File.Delete(Path.Combine(folder, "model-00002-of-00002.safetensors"));
        Assert.Contains("lacks model-00002-of-00002.safetensors", Assert.Throws<LoopedException>(() => PublicFolder.Open(folder).Read(n => n)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tensor_that_the_index_names_and_no_part_holds_is_named()
    {
        string folder = WriteParts(), index = Path.Combine(folder, "model.safetensors.index.json");
        File.WriteAllText(index, File.ReadAllText(index).Replace("\"lm_head.weight\"", "\"lm_head.wait\"", StringComparison.Ordinal));
        Assert.Contains("lm_head.wait", Assert.Throws<LoopedException>(() => PublicFolder.Open(folder).Read(n => n)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_no_published_model_is_refused_in_a_sentence()
    {
        Assert.Contains("There is no folder", Assert.Throws<UsageException>(() => PublicFolder.Open(_folder["nothing"])).Message, StringComparison.Ordinal);
        Directory.CreateDirectory(_folder["empty"]);
        Assert.Contains("no config.json", Assert.Throws<UsageException>(() => PublicFolder.Open(_folder["empty"])).Message, StringComparison.Ordinal);
        string folder = Write();
        File.WriteAllText(Path.Combine(folder, "config.json"), """{ "model_type": "llama" }""");
        Assert.Contains("'llama' is not known here; it can be ouro", Assert.Throws<UsageException>(() => PublicFolder.Open(folder).Family()).Message, StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(folder, "config.json"), """{ "model_type": "ouro", "hidden_size": 16 }""");
        PublicFolder half = PublicFolder.Open(folder);
        Assert.Contains("num_attention_heads", Assert.Throws<LoopedException>(() => half.Family().Format.FromPublic(half.Config, half.ConfigPath)).Message, StringComparison.Ordinal);
    }
}
