using System.ComponentModel.DataAnnotations;
using Looped.Models.Data;
using Looped.Models.Evaluation.Parity;
using Looped.Models.Families;
using Looped.Models.Randomness;
using TorchSharp.Modules;
using static TorchSharp.torch;
using Embedding = Looped.Models.Layers.Embedding;
using Linear = Looped.Models.Layers.Linear;

namespace Looped.Models.Tests.Families;

// The example of docs/add-a-model.md, which quotes this file from here on; DocumentationTests holds the page to it.

/// <summary>The `model` section: one MLP over embedded tokens, run several times.</summary>
internal sealed record LoopedMlpConfig : ModelConfig
{
    /// <summary>D, the width of the residual stream.</summary>
    [Range(1, 4096)]
    public int Width { get; init; } = 64;

    /// <summary>R, how often the MLP runs.</summary>
    [Range(1, 1024)]
    public int Repeats { get; init; } = 2;
}

/// <summary>x ← x + W₂ gelu(W₁ x), R times with the same weights; the head is the embedding.</summary>
internal sealed class LoopedMlp : LanguageModel
{
    private readonly LoopedMlpConfig _config;
    private readonly Embedding wte;         // fields carry the parameters' names: wte.weight, up.weight, down.weight
    private readonly Linear up, down;

    public LoopedMlp(LoopedMlpConfig config, int vocabularySize, RandomStream initialization) : base("looped_mlp")
    {
        (_config, VocabularySize) = (config, vocabularySize);
        wte = new Embedding(vocabularySize, config.Width);
        up = new Linear(config.Width, 4 * config.Width, hasBias: false);
        down = new Linear(4 * config.Width, config.Width, hasBias: false);
        RegisterComponents();
        foreach ((string name, Parameter parameter) in named_parameters()) initialization.For(name).FillNormal_(parameter, 0.02);
    }

    public override int VocabularySize { get; }

    public override int SequenceLength => _config.SequenceLength;

    public override ModelOutput Forward(ModelInput input)
    {
        using var scope = NewDisposeScope();
        Tensor x = wte.forward(input.Tokens);                                       // (B, T, D)
        for (int r = 0; r < (input.Loops ?? _config.Repeats); r++)
            x = x + down.forward(nn.functional.gelu(up.forward(x)));                // (B, T, D)
        if (input.Targets is null)
            return new ModelOutput(Logits(x.narrow(1, x.shape[1] - 1, 1)).MoveToOuterDisposeScope(), Loss: null);

        Tensor logits = Logits(x);                                                  // (B, T, V)
        Tensor loss = nn.functional.cross_entropy(logits.view(-1, VocabularySize), input.Targets.flatten(), ignore_index: MicroBatch.Ignored);
        return new ModelOutput(logits.MoveToOuterDisposeScope(), loss.MoveToOuterDisposeScope());
    }

    public override IDecoder StartDecoding(int sequences, int? loops = null) => new Decoder(this, loops);

    public override bool Decays(string parameterName) => parameterName is "up.weight" or "down.weight";

    public override long MultiplyAccumulates(int sequenceLength, int? loops = null, int scored = 1)
    {
        long d = _config.Width, mlp = 8 * d * d;                                    // W₁ and W₂, 4D² each
        return sequenceLength * (loops ?? _config.Repeats) * mlp + scored * VocabularySize * d;
    }

    public override long ActivationBytes(int sequences, int sequenceLength, int bytesPerElement)
    {
        long perToken = _config.Repeats * 10L * _config.Width + 4L * VocabularySize;    // input and output D, hidden 4D before and after GELU
        return sequences * sequenceLength * perToken * bytesPerElement;
    }

    private Tensor Logits(Tensor x) => nn.functional.linear(x, wte.Table);

    /// <summary>A token sees only itself here, so there is nothing to keep; a model with attention keeps keys and values.</summary>
    private sealed class Decoder(LoopedMlp model, int? loops) : IDecoder
    {
        public Tensor Next(Tensor tokens)
        {
            using var quiet = no_grad();
            using Tensor last = model.Forward(new ModelInput(tokens, Loops: loops)).Logits;    // (B, 1, V)
            return last.squeeze(1);
        }

        public void Dispose() { }
    }
}

/// <summary>What the registry knows of the family.</summary>
internal sealed class LoopedMlpFamily : IFamily
{
    public string Name => "looped_mlp";

    public ModelConfig DefaultConfig { get; } = new LoopedMlpConfig { Family = "looped_mlp" };

    public IReadOnlyDictionary<string, IParityKind> ParityKinds { get; } = new Dictionary<string, IParityKind>();

    public LanguageModel Create(ModelConfig config, int vocabularySize, RandomStream initialization) =>
        new LoopedMlp((LoopedMlpConfig)config, vocabularySize, initialization);
}
