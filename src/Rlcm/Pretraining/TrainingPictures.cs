using System.Security.Cryptography;
using System.Text;
using Rlcm.Datasets;
using Rlcm.Runtime;

namespace Rlcm.Pretraining;

/// <summary>The training split of an image folder with a weight per picture.</summary>
/// <param name="Records">Captions and files, held-out pictures left out.</param>
/// <param name="Pixels">The pictures, in the same order.</param>
/// <param name="Weights">How often each is drawn, relative to the others; never 0.</param>
public sealed record TrainingPictures(IReadOnlyList<ImageRecord> Records, PixelStore Pixels, IReadOnlyList<double> Weights)
{
    /// <summary>Reads the pictures of <paramref name="folder"/> at <paramref name="size"/> pixels.</summary>
    /// <param name="folder">An image folder with <c>metadata.jsonl</c>.</param>
    /// <param name="size">Height and width.</param>
    /// <param name="groupWeights">Weight of each group; groups not named are left out. Null: every picture weighs 1.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    /// <param name="leaveOut">Pictures to leave out besides those of the test split; null: none.</param>
    /// <exception cref="UserErrorException">The folder is damaged, or a group is named that it does not hold.</exception>
    public static TrainingPictures Read(
        string folder, int size, IReadOnlyDictionary<string, double>? groupWeights, CancellationToken cancellationToken, Predicate<ImageRecord>? leaveOut = null)
    {
        var images = ImageFolder.Open(folder);
        var groups = images.Records.Select(record => record.Group).OfType<string>().ToHashSet(StringComparer.Ordinal);
        if (groupWeights?.Keys.FirstOrDefault(group => !groups.Contains(group)) is { } unknown)
            throw new UserErrorException($"--group-weights: {folder} holds no group {unknown}; name some of {string.Join(", ", groups.Order(StringComparer.Ordinal))}.");

        double Weight(ImageRecord record) => groupWeights is null ? 1 : groupWeights.GetValueOrDefault(record.Group ?? "");
        var records = images.Records.Where(record => !record.IsHeldOut && leaveOut?.Invoke(record) != true && Weight(record) > 0).ToArray();
        if (records.Length == 0)
            throw new UserErrorException($"{folder}: no picture is left to train on; check its split and --group-weights.");
        return new(records, new PixelStore(images.Decode(records, size, cancellationToken)), [.. records.Select(Weight)]);
    }

    /// <summary>Hash of everything in which they take part in training: pixels, captions and what captions are composed of.</summary>
    public string Sha256 => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', [Pixels.Sha256, .. Records.Select(record => record.ToLine())]))));
}
