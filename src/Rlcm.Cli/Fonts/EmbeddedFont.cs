using SkiaSharp;

namespace Rlcm.Cli.Fonts;

/// <summary>Source Sans 3 Regular (SIL Open Font License 1.1, see SourceSans3-OFL.txt): a bare machine has no font of its own.</summary>
internal static class EmbeddedFont
{
    /// <summary>The family's name.</summary>
    public const string Family = "Source Sans 3";

    private const string Resource = "SourceSans3-Regular.ttf";

    private static readonly Lazy<SKTypeface> Loaded = new(Create);

    /// <summary>The typeface; shared, so never disposed.</summary>
    public static SKTypeface Typeface => Loaded.Value;

    /// <summary>A typeface of the caller's own.</summary>
    public static SKTypeface Create()
    {
        using var stream = typeof(EmbeddedFont).Assembly.GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException($"The resource {Resource} is missing from the assembly.");
        using var data = SKData.Create(stream);
        return SKTypeface.FromData(data);
    }
}
