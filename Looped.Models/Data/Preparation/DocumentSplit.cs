using Looped.Models.Randomness;

namespace Looped.Models.Data.Preparation;

/// <summary>Which documents of a source are for validation: a pure function of their number and place.</summary>
/// <param name="Share">The share drawn by lot, at least one document; null for the last tenth, at least one of two.</param>
internal sealed record DocumentSplit(double? Share)
{
    /// <summary>The seed of CoTFormer's split; its documents cannot be recovered, so only their share is the same.</summary>
    private const long Seed = 2357;

    /// <summary>The split of a source.</summary>
    /// <param name="documents">How many documents it has.</param>
    /// <returns>Whether the document at a place, from 0, is for validation.</returns>
    public Func<long, bool> Of(long documents)
    {
        if (documents < 2) return _ => false;
        if (Share is not { } share)
        {
            long border = documents - Math.Max(1, documents / 10);
            return document => document >= border;
        }
        long drawn = Math.Clamp((long)Math.Round(share * documents), 1, documents - 1);
        var order = new SequencePermutation(documents, RandomStream.Create(Seed, "validation documents"));
        return document => order[document] < drawn;
    }

    /// <summary>For a person: what is for validation.</summary>
    public override string ToString() => Share is { } share
        ? FormattableString.Invariant($"{share * 100:0.####} % of the documents, at least one")
        : "the last tenth of each text file, or of the documents of each other file";
}
