using Rlcm.Cli.Fonts;
using Rlcm.Imaging;
using Rlcm.Runtime;
using ScottPlot;
using SkiaSharp;

namespace Rlcm.Cli.Plots;

/// <summary>A plot of the project's looks: 800 x 450 pixels, the embedded font.</summary>
internal sealed class Figure : IDisposable
{
    private const int Width = 800;
    private const int Height = 450;

    static Figure() => ScottPlot.Fonts.FontResolvers.Insert(0, new EmbeddedFontResolver());

    /// <summary>An empty figure with its title and axes named.</summary>
    public Figure(string title, string x, string y)
    {
        Plot.Title(title);
        Plot.XLabel(x);
        Plot.YLabel(y);
        Plot.Font.Set(EmbeddedFont.Family);
    }

    /// <summary>What is drawn.</summary>
    public Plot Plot { get; } = new();

    /// <summary>Writes the figure as PNG.</summary>
    public void Save(string path) => AtomicFile.Write(path, stream => stream.Write(Png()));

    /// <summary>The figure as a picture, [1, 450, 800, 3].</summary>
    public ImageBatch ToImage()
    {
        using var bitmap = SKBitmap.Decode(Png(), new SKImageInfo(Width, Height, SKColorType.Rgba8888, SKAlphaType.Unpremul));
        return SkiaPixels.ToImage(bitmap);
    }

    /// <inheritdoc/>
    public void Dispose() => Plot.Dispose();

    private byte[] Png()
    {
        Plot.Legend.FontName = EmbeddedFont.Family;
        return Plot.GetImageBytes(Width, Height, ImageFormat.Png);
    }

    private sealed class EmbeddedFontResolver : IFontResolver
    {
        public SKTypeface? CreateTypeface(string fontName, bool bold, bool italic) => fontName == EmbeddedFont.Family ? EmbeddedFont.Create() : null;

        public SKTypeface? CreateTypeface(string fontName, FontWeight weight, FontSlant slant, FontSpacing spacing) => CreateTypeface(fontName, bold: false, italic: false);
    }
}
