using Rlcm.Imaging;
using Rlcm.Runtime;
using TorchSharp;
using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;

namespace Rlcm.Models.Clip;

/// <summary>
/// Makes CLIP's input of pictures (transformers <c>CLIPImageProcessor</c>): the shorter side is resized bicubically, the middle cut out, and
/// each channel standardized.
/// </summary>
/// <param name="ShortSide">The shorter side after resizing, in pixels.</param>
/// <param name="Crop">Height and width of the middle.</param>
/// <param name="Mean">[3], of values in 0..1.</param>
/// <param name="Std">[3], of values in 0..1.</param>
public sealed record ClipImageProcessor(int ShortSide, int Crop, IReadOnlyList<double> Mean, IReadOnlyList<double> Std)
{
    /// <summary>The file in a CLIP folder.</summary>
    internal const string FileName = "preprocessor_config.json";

    private const int LargestSide = 4096;
    private const int Bicubic = 3; // Pillow's number
    private static readonly double[] OpenAiMean = [0.48145466, 0.4578275, 0.40821073];
    private static readonly double[] OpenAiStd = [0.26862954, 0.26130258, 0.27577711];

    /// <summary>OpenAI's, for pictures of <paramref name="size"/> pixels.</summary>
    public static ClipImageProcessor OfOpenAi(int size) => new(size, size, OpenAiMean, OpenAiStd);

    /// <summary>Reads <see cref="FileName"/> of a CLIP folder; without one, OpenAI's.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="size">Height and width of the encoder's pictures.</param>
    /// <exception cref="UserErrorException">The file is damaged, asks for something that is not supported, or does not fit the encoder.</exception>
    public static ClipImageProcessor Read(string folder, int size)
    {
        var path = Path.Combine(folder, FileName);
        return File.Exists(path) ? ReadFile(path, size) : OfOpenAi(size);
    }

    /// <summary>As <see cref="Read"/>, from the file <paramref name="path"/>.</summary>
    internal static ClipImageProcessor ReadFile(string path, int size)
    {
        var reader = new ModelConfigReader(path);
        foreach (var step in (string[])["do_resize", "do_center_crop", "do_normalize", "do_rescale"])
            reader.Require(step, true);
        reader.Require("resample", Bicubic);
        reader.Require("rescale_factor", 1 / 255.0);
        var processor = new ClipImageProcessor(
            Side(reader, "size", "shortest_edge"), Side(reader, "crop_size", "height"),
            reader.Numbers("image_mean", 3, OpenAiMean), reader.Numbers("image_std", 3, OpenAiStd));
        reader.Ignore("do_convert_rgb", "feature_extractor_type", "image_processor_type", "processor_class");
        reader.Finish();
        if (processor.Crop != size)
            throw reader.Wrong("crop_size", $"{size}, the encoder's image_size", processor.Crop);
        if (processor.ShortSide < size)
            throw reader.Wrong("size", $"at least crop_size = {size}", processor.ShortSide);
        if (processor.Std.Any(std => std <= 0))
            throw reader.Wrong("image_std", "numbers above 0", string.Join(", ", processor.Std));
        return processor;
    }

    /// <summary>The encoder's input of 8-bit pictures, as DDPO and everyone feeds them, or of those before rounding, as the released RLCM does.</summary>
    /// <remarks>transformers makes 8-bit pictures of numbers in 0..1 before Pillow resizes them, too: it cuts their fractions off (<c>image_transforms.to_pil_image</c>).</remarks>
    /// <param name="images">N pictures.</param>
    /// <param name="rounded">Whether the pictures are those rounded to 8 bits; otherwise those before, cut off to 8 bits.</param>
    /// <returns>[N, 3, Crop, Crop].</returns>
    /// <exception cref="ArgumentException">The batch holds no pictures before rounding.</exception>
    public Tensor Process(ImageBatch images, bool rounded)
    {
        if (!rounded && images.Values is null)
            throw new ArgumentException("Expected pictures before rounding (ImageBatch.Values), found only 8-bit ones.", nameof(images));
        using var scope = NewDisposeScope();
        var (height, width) = images.Height <= images.Width
            ? (ShortSide, (int)((double)ShortSide * images.Width / images.Height))
            : ((int)((double)ShortSide * images.Height / images.Width), ShortSide);
        var (top, left) = ((height - Crop) / 2, (width - Crop) / 2);
        var pictures = new float[images.Count * 3 * Crop * Crop];
        Parallel.For(0, images.Count, n =>
        {
            var resized = PillowBicubic.Resize(rounded ? images[n] : CutOff(images, n), images.Height, images.Width, height, width);
            for (var c = 0; c < 3; c++)
                for (var y = 0; y < Crop; y++)
                    for (var x = 0; x < Crop; x++)
                        pictures[((n * 3 + c) * Crop + y) * Crop + x] = (float)((resized[((top + y) * width + left + x) * 3 + c] / 255.0 - Mean[c]) / Std[c]);
        });
        return tensor(pictures, [images.Count, 3, Crop, Crop]).MoveToOuterDisposeScope();
    }

    /// <summary>The same of pictures that are large enough already, with gradients and without rounding.</summary>
    /// <param name="pictures">[N, 3, Crop, Crop] in -1..1.</param>
    /// <returns>[N, 3, Crop, Crop].</returns>
    public Tensor Standardize(Tensor pictures)
    {
        using var scope = NewDisposeScope();
        var (mean, std) = (tensor(ToFloats(Mean)).view(1, 3, 1, 1), tensor(ToFloats(Std)).view(1, 3, 1, 1));
        return ((pictures.Plus(Kept(1)) * Kept(0.5) - mean) / std).MoveToOuterDisposeScope();
    }

    private static float[] ToFloats(IReadOnlyList<double> numbers) => [.. numbers.Select(number => (float)number)];

    /// <summary>Picture <paramref name="n"/> before rounding, in 8 bits.</summary>
    private static byte[] CutOff(ImageBatch images, int n)
    {
        var numbers = images.Height * images.Width * 3;
        return Array.ConvertAll(images.Values.AsSpan(n * numbers, numbers).ToArray(), value => (byte)(value * 255));
    }

    /// <summary>The entries of <see cref="FileName"/>.</summary>
    internal IReadOnlyDictionary<string, object?> ToJson() => new Dictionary<string, object?>(StringComparer.Ordinal)
    {
        ["crop_size"] = new { height = Crop, width = Crop },
        ["do_center_crop"] = true,
        ["do_convert_rgb"] = true,
        ["do_normalize"] = true,
        ["do_rescale"] = true,
        ["do_resize"] = true,
        ["image_mean"] = Mean,
        ["image_processor_type"] = "CLIPImageProcessor",
        ["image_std"] = Std,
        ["resample"] = Bicubic,
        ["rescale_factor"] = 1 / 255.0,
        ["size"] = new { shortest_edge = ShortSide },
    };

    /// <summary>A number, or an object with a number: both were written.</summary>
    private static int Side(ModelConfigReader reader, string key, string side)
    {
        if (!reader.IsObject(key))
            return reader.Count(key, null, LargestSide);
        var sides = reader.Object(key);
        var pixels = sides.Count(side, null, LargestSide);
        sides.Require("width", pixels); // of a square
        sides.Finish();
        return pixels;
    }
}
