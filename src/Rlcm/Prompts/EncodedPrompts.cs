using static TorchSharp.torch;

namespace Rlcm.Prompts;

/// <summary>What a network needs to know of prompts, computed once for each, however often and at however many steps it is drawn.</summary>
public sealed class EncodedPrompts : IDisposable
{
    private const int BatchSize = 32;

    private readonly Func<IReadOnlyList<string>, Tensor> _encode;
    private readonly Dictionary<string, Tensor> _rows = new(StringComparer.Ordinal);

    /// <summary>Encodes prompts when they are first asked for.</summary>
    /// <param name="encode">N prompts -> [N, ...]; must not change while this lives.</param>
    public EncodedPrompts(Func<IReadOnlyList<string>, Tensor> encode) => _encode = encode;

    /// <summary>Encodes <paramref name="prompts"/> now, in this order, but for those that are.</summary>
    public void Add(IReadOnlyList<string> prompts)
    {
        foreach (var batch in prompts.Where(prompt => !_rows.ContainsKey(prompt)).Distinct(StringComparer.Ordinal).ToList().Chunk(BatchSize))
        {
            using var scope = NewDisposeScope();
            using var noGrad = no_grad();
            foreach (var (prompt, row) in batch.Zip(_encode(batch).unbind()))
                _rows.Add(prompt, row.DetachFromDisposeScope());
        }
    }

    /// <summary>The encoded <paramref name="prompts"/>, [N, ...].</summary>
    public Tensor Of(IReadOnlyList<string> prompts)
    {
        Add(prompts);
        return stack([.. prompts.Select(prompt => _rows[prompt])]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var row in _rows.Values)
            row.Dispose();
    }
}
