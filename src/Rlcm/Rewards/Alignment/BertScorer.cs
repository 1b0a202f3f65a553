using System.Collections.Concurrent;
using Rlcm.Runtime;

namespace Rlcm.Rewards.Alignment;

/// <summary>BERTScore by an encoder in this process: <c>model.onnx</c> and its tokenizer's files. Safe for concurrent use.</summary>
public sealed class BertScorer : IDisposable
{
    private const string ModelName = "model.onnx";

    // Prompts come back in every update; answers of a server do not.
    private const int MostReferences = 1 << 12;

    private readonly OnnxEncoder _encoder;
    private readonly ConcurrentDictionary<string, TokenVectors> _references = new(StringComparer.Ordinal);

    private BertScorer(OnnxEncoder encoder, EncoderTokenizer tokenizer) => (_encoder, Tokenizer) = (encoder, tokenizer);

    /// <summary>Makes ids of texts.</summary>
    public EncoderTokenizer Tokenizer { get; }

    /// <summary>Loads the folder <paramref name="folder"/>.</summary>
    /// <param name="folder">
    /// <c>model.onnx</c> with what it keeps outside of itself under names that begin so, and the tokenizer's files as <see cref="EncoderTokenizer"/>;
    /// <c>config.json</c>, where it is, says how many positions the model has.
    /// </param>
    /// <param name="layer">Which output of the model holds the vectors, by name or by number from 0; null: <c>last_hidden_state</c>, or else the first.</param>
    /// <exception cref="UserErrorException">Something is missing, damaged or not supported, or model and tokenizer do not fit each other.</exception>
    public static BertScorer Load(string folder, string? layer = null)
    {
        var tokenizer = EncoderTokenizer.FromFolder(Require(folder));
        var encoder = OnnxEncoder.Load(Path.Combine(folder, ModelName), layer);
        try
        {
            encoder.Encode([tokenizer.StartId, tokenizer.LargestId, tokenizer.EndId]); // an embedding that is too small fails here
            return new(encoder, tokenizer);
        }
        catch
        {
            encoder.Dispose();
            throw;
        }
    }

    /// <summary>The files that decide what it computes.</summary>
    /// <exception cref="UserErrorException">There is no such folder.</exception>
    public static IEnumerable<string> Files(string folder) =>
    [
        .. Directory.EnumerateFiles(Require(folder), $"{ModelName}*").Order(StringComparer.Ordinal),
        .. EncoderTokenizerFiles.Names.Select(name => Path.Combine(folder, name)).Where(File.Exists),
    ];

    private static string Require(string folder) => Directory.Exists(folder)
        ? folder
        : throw new UserErrorException($"No encoder at {Path.GetFullPath(folder)}: expected a folder with {ModelName} and its tokenizer's files (vocab.txt, or vocab.json and merges.txt); check the path.");

    /// <summary>Whether nothing of <paramref name="text"/> remains for the encoder: such a text has no score.</summary>
    public bool IsEmpty(string text) => Tokenizer.Encode(text).Length <= 2;

    /// <summary>How well <paramref name="candidate"/> says what <paramref name="reference"/> says.</summary>
    /// <exception cref="ArgumentException">One of them is empty.</exception>
    /// <exception cref="UserErrorException">The encoder fails.</exception>
    public BertScoreResult Score(string candidate, string reference)
    {
        if (!_references.TryGetValue(reference, out var vectors))
        {
            vectors = Embed(reference);
            if (_references.Count < MostReferences)
                _references[reference] = vectors;
        }

        return BertScore.Compute(Embed(candidate), vectors);
    }

    /// <summary>The vectors of <paramref name="text"/>; the two special tokens weigh nothing.</summary>
    /// <param name="text">The sentence.</param>
    /// <param name="frequencies">Weighs the tokens; null: all the same.</param>
    /// <exception cref="UserErrorException">The encoder fails.</exception>
    public TokenVectors Embed(string text, TokenFrequencies? frequencies = null)
    {
        var ids = Tokenizer.Encode(text);
        var (vectors, width) = _encoder.Encode(ids);
        return new(vectors, width, [.. ids.Select((id, index) => index == 0 || index == ids.Length - 1 ? 0 : frequencies?.Weight(id) ?? 1)]);
    }

    /// <inheritdoc/>
    public void Dispose() => _encoder.Dispose();
}
