using Rlcm.Datasets;
using Rlcm.Imaging;
using Rlcm.Models.Clip;
using Rlcm.Models.Vae;
using TorchSharp;
using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;

namespace Rlcm.Pretraining;

/// <summary>A dataset as diffusion training reads it: scaled mean latents and token ids of every picture, computed once.</summary>
public sealed class CaptionedLatents : IDisposable
{
    private const int EncodeBatch = 64;

    private readonly Tensor _latents; // [N, C, h, w]
    private readonly Tensor _captions; // [2 N + 1, S]: with style, without style, empty

    /// <param name="records">The pictures' captions, N of them.</param>
    /// <param name="pixels">The pictures, in the same order.</param>
    /// <param name="vae">A trained autoencoder.</param>
    /// <param name="tokenizer">The tokenizer of the text encoder to be trained.</param>
    public CaptionedLatents(IReadOnlyList<ImageRecord> records, PixelStore pixels, AutoencoderKL vae, ClipTokenizer tokenizer)
    {
        Count = records.Count;
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var batches = Enumerable.Range(0, Count).Chunk(EncodeBatch).Select(rows => Encode(rows, pixels, vae)).ToArray();
        _latents = (cat(batches) * Kept(vae.Config.ScalingFactor)).DetachFromDisposeScope();
        IEnumerable<string> texts =
        [
            .. records.Select(record => record.Text),
            .. records.Select(record => record.Label is { } label ? Caption.Compose(label, style: null) : record.Text),
            "",
        ];
        _captions = tokenizer.Encode([.. texts]).DetachFromDisposeScope();
    }

    /// <summary>N.</summary>
    public int Count { get; }

    /// <summary>Row of the empty caption.</summary>
    public int EmptyCaption => 2 * Count;

    /// <summary>Row of the caption of picture <paramref name="row"/> that does not name the style.</summary>
    public int CaptionWithoutStyle(int row) => Count + row;

    /// <summary>Latents of pictures, [B, C, h, w].</summary>
    public Tensor Latents(int[] rows) => Select(_latents, rows);

    /// <summary>Token ids of captions, [B, S] int64.</summary>
    public Tensor Captions(int[] rows) => Select(_captions, rows);

    /// <inheritdoc/>
    public void Dispose()
    {
        _latents.Dispose();
        _captions.Dispose();
    }

    private static Tensor Encode(int[] rows, PixelStore pixels, AutoencoderKL vae)
    {
        using var scope = NewDisposeScope();
        return vae.Encode(pixels.Batch(rows)).Mean.MoveToOuterDisposeScope();
    }

    private static Tensor Select(Tensor table, int[] rows)
    {
        using var index = tensor(rows, dtype: ScalarType.Int64);
        return table.index_select(0, index);
    }
}
