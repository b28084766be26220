using Looped.Models.Families;
using Looped.Models.Randomness;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Looped.Tests;

/// <summary>The keys of <see cref="ToyModel"/>.</summary>
internal sealed record ToyConfig : ModelConfig
{
    public int Width { get; init; } = 12;
    public double Dropout { get; init; } = 0.1;

    /// <summary>Run the second layer only on even steps' draws, so that some micro-batches leave it untouched.</summary>
    public bool DropLayer { get; init; }

    /// <summary>Say that a layer's gradient is complete too early.</summary>
    public bool LiesAboutStages { get; init; }
}

/// <summary>The smallest model with an embedding, a matrix, dropout and a layer that may be left out: for tests of the step itself.</summary>
internal sealed class ToyModel : LanguageModel
{
    private readonly ToyConfig _config;
    private readonly Embedding _embedding;
    private readonly Linear _layer, _optional, _head;

    public ToyModel(ToyConfig config, int vocabulary, RandomStream initialization) : base("toy")
    {
        _config = config;
        VocabularySize = vocabulary;
        _embedding = nn.Embedding(vocabulary, config.Width);
        _layer = nn.Linear(config.Width, config.Width, hasBias: true);
        _optional = nn.Linear(config.Width, config.Width, hasBias: false);
        _head = nn.Linear(config.Width, vocabulary, hasBias: false);
        register_module("embedding", _embedding);
        register_module("layer", _layer);
        register_module("optional", _optional);
        register_module("head", _head);
        foreach (var (name, parameter) in named_parameters()) initialization.For(name).FillNormal_(parameter, 0.3);
    }

    public override int VocabularySize { get; }
    public override int SequenceLength => _config.SequenceLength;
    public override IReadOnlyList<IReadOnlyList<string>> BackwardStages => [_config.LiesAboutStages ? ["head.", "layer."] : ["head."]];
    public override bool Decays(string parameterName) => parameterName is "layer.weight" or "optional.weight" or "head.weight";
    public override IDecoder StartDecoding(int sequences, int? loops = null) => throw new NotSupportedException();
    public override long MultiplyAccumulates(int sequenceLength, int? loops = null, int scored = 1) => sequenceLength * (long)_config.Width * _config.Width;
    public override long ActivationBytes(int sequences, int sequenceLength, int bytesPerElement) => 0;

    public override ModelOutput Forward(ModelInput input)
    {
        Tensor x = _embedding.forward(input.Tokens);
        Tensor before = x;
        x = x + nn.functional.gelu(_layer.forward(x));
        input.Watch?.Loop(before, x);
        if (input.Random is { } random)
        {
            if (_config.Dropout > 0) x = x * random.For("dropout").DropoutMask(x, _config.Dropout);
            if (!_config.DropLayer || random.For("layer").Uniform() < 0.5) x = x + _optional.forward(x);
        }
        Tensor logits = _head.forward(input.Cuts?.Cut(0, x) ?? x);
        Tensor? loss = input.Targets is { } targets
            ? nn.functional.cross_entropy(logits.view(-1, VocabularySize), targets.view(-1), ignore_index: -1) : null;
        return new ModelOutput(logits, loss);
    }
}
