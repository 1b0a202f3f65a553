using Rlcm.Imaging;

namespace Rlcm.Rewards;

/// <summary>
/// The compressibility rewards of DDPO (Black et al. 2023, section 5.1) and RLCM: JPEG size at quality 95 in kB of 1000 bytes, with a
/// minus for <c>compression</c>. The prompt does not matter.
/// </summary>
public sealed class JpegReward : IReward
{
    private const double BytesPerKilobyte = 1000;
    private readonly double _sign;

    private JpegReward(string name, double sign) => (Name, _sign) = (name, sign);

    /// <summary>Rewards small files.</summary>
    public static JpegReward Compression { get; } = new("compression", -1);

    /// <summary>Rewards large files.</summary>
    public static JpegReward Incompression { get; } = new("incompression", +1);

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public string Unit => "kB";

    /// <inheritdoc/>
    public Task<float[]> ScoreAsync(ImageBatch images, IReadOnlyList<string> prompts, CancellationToken cancellationToken) =>
        Task.Run(() =>
        {
            var scores = new float[images.Count];
            Parallel.For(0, images.Count, new ParallelOptions { CancellationToken = cancellationToken }, n =>
                scores[n] = (float)(_sign * JpegSize.Measure(images[n], images.Height, images.Width) / BytesPerKilobyte));
            return scores;
        }, cancellationToken);
}
