using Looped.Models.Data.Tokenizers;

namespace Looped.Models.Data;

/// <summary>What a run is trained and measured on: text as token files, or the rows of a task.</summary>
public interface IDataset : IDisposable
{
    /// <summary>Where it is, for people.</summary>
    string Folder { get; }

    /// <summary>How its text became ids.</summary>
    ITokenizer Tokenizer { get; }

    /// <summary>Every id is below this.</summary>
    int VocabularySize { get; }

    /// <summary>Identifies the data set wherever it lies; a run that resumes must find the same one.</summary>
    string ContentHash { get; }

    /// <summary>The files that <see cref="ContentHash"/> stands for but that were not read when it was opened, with their SHA-256; none if it was.</summary>
    IReadOnlyList<(string Path, string Sha256)> Files => [];

    /// <summary>Micro-batches to train on.</summary>
    /// <param name="sequenceLength">T, the most tokens of a sequence.</param>
    /// <param name="seed">The data seed.</param>
    /// <param name="globalSequences">G, sequences of a step.</param>
    /// <param name="microSequences">B, sequences of a micro-batch.</param>
    /// <exception cref="UsageException">There are fewer sequences than one step takes, or they are longer than T.</exception>
    IMicroBatchSource Training(int sequenceLength, long seed, int globalSequences, int microSequences);

    /// <summary>What a model of it is evaluated on.</summary>
    /// <param name="sequenceLength">T, the most tokens of a sequence.</param>
    /// <exception cref="UsageException">There is no sequence of that length, or they are longer.</exception>
    IValidationSource Validation(int sequenceLength);

    /// <summary>Validation perplexity of the model without any context: each scored token as likely as it is frequent in training.</summary>
    double UnigramPerplexity();

    /// <summary>The beginning of what a model of it is evaluated on, for it to continue.</summary>
    /// <param name="tokens">The most tokens of text; a task gives a whole prompt.</param>
    int[] Prompt(int tokens);
}
