using Tokenizers.DotNet;

namespace Looped.Models.Data.Tokenizers;

/// <summary>
/// Hugging Face's own library (Rust, Apache-2.0) over one definition. It loads from a path only, so the definition passes through a
/// temporary file. A call costs a microsecond more than its work, so single words are worth asking for.
/// </summary>
internal sealed class NativeTokenizer : IDisposable
{
    private readonly Tokenizer _tokenizer;

    /// <summary>Loads a definition.</summary>
    /// <param name="json">The text of a <c>tokenizer.json</c>.</param>
    /// <param name="name">What to call it in an error.</param>
    public NativeTokenizer(string json, string name)
    {
        DirectoryInfo temporary = Directory.CreateTempSubdirectory("looped-tokenizer-");
        try
        {
            string path = Path.Combine(temporary.FullName, "tokenizer.json");
            File.WriteAllText(path, json);
            _tokenizer = new Tokenizer(path);
        }
        catch (TokenizerException e)
        {
            throw new LoopedException($"{name} is not a tokenizer that can be used: {e.Message}.", e);
        }
        finally
        {
            temporary.Delete(recursive: true);
        }
    }

    public int[] Encode(string text)
    {
        try
        {
            return Array.ConvertAll(_tokenizer.Encode(text), id => (int)id);
        }
        catch (TokenizerException e)
        {
            throw new LoopedException($"The text cannot be tokenized: {e.Message}.", e);
        }
    }

    public string Decode(IReadOnlyList<int> ids) => _tokenizer.Decode([.. ids.Select(id => (uint)id)]);

    public void Dispose() => _tokenizer.Dispose();
}
