using Rlcm.Checkpoints;
using Rlcm.Checkpoints.Pickle;
using Rlcm.Runtime;
using TorchSharp;
using static Rlcm.Runtime.KeptScalar;
using static TorchSharp.torch;

namespace Rlcm.Models.Lora;

/// <summary>
/// Reads and writes adapters of a U-Net: peft's folder, and the files of diffusers (<c>unet.MODULE.lora.down.weight</c>, in newer ones
/// <c>lora_A</c>; no alpha, its share alpha / r is part of the up weights) and of kohya (<c>lora_unet_MODULE.lora_down.weight</c>, dots of
/// the module as underscores, and <c>.alpha</c>).
/// </summary>
public static class AdapterFile
{
    /// <summary>Reads an adapter and attaches it to <paramref name="model"/>.</summary>
    /// <param name="model">The base model's U-Net.</param>
    /// <param name="path">A folder in peft's layout, one with <c>pytorch_lora_weights.safetensors</c>, or a safetensors file.</param>
    /// <exception cref="UserErrorException">Nothing is there, or it is damaged, not supported or of another base model.</exception>
    public static LoraAdapters Load(nn.Module model, string path)
    {
        using var scope = NewDisposeScope();
        var weights = Read(path);
        return LoraAdapters.Attach(model, weights.Layers, weights.Rank, weights.Alpha, path);
    }

    /// <summary>Reads an adapter, for which no model is needed.</summary>
    /// <param name="path">As for <see cref="Load"/>.</param>
    /// <exception cref="UserErrorException">Nothing is there, or it is damaged or not supported.</exception>
    public static AdapterWeights Read(string path) => FindFile(path) is { } file ? ReadFile(file) : PeftAdapter.Read(path);

    /// <summary>Writes an adapter.</summary>
    /// <param name="weights">What to write.</param>
    /// <param name="format">Names and files.</param>
    /// <param name="path">A file for <see cref="AdapterFormat.Kohya"/>, whose folder must exist; otherwise a folder, made or replaced as a whole, by <see cref="AtomicFolder.Replace"/>.</param>
    /// <param name="dtype">Type of the stored weights.</param>
    /// <param name="provenance">How it came to be, for the metadata.</param>
    /// <exception cref="UserErrorException">A weight is beyond what <paramref name="dtype"/> can hold.</exception>
    public static void Save(AdapterWeights weights, AdapterFormat format, string path, ScalarType dtype, AdapterProvenance provenance)
    {
        using var scope = NewDisposeScope();
        switch (format)
        {
            case AdapterFormat.Peft:
                PeftAdapter.Save(weights, path, provenance, dtype);
                break;
            case AdapterFormat.Diffusers:
                DiffusersAdapter.Save(weights, path, provenance, dtype);
                break;
            default:
                KohyaAdapter.Save(weights, path, provenance, dtype);
                break;
        }
    }

    /// <summary>Whether the folder <paramref name="path"/> holds an adapter.</summary>
    internal static bool IsFolder(string path) => File.Exists(Path.Combine(path, DiffusersAdapter.FileName)) || PeftAdapter.IsFolder(path);

    /// <summary>The safetensors file of the adapter at <paramref name="path"/>.</summary>
    /// <exception cref="UserErrorException">Nothing is there.</exception>
    internal static string WeightsPath(string path) => FindFile(path) ?? PeftAdapter.WeightsPath(path);

    /// <summary>Opens a file of diffusers or kohya, under today's names.</summary>
    /// <exception cref="UserErrorException">It is missing, damaged or not supported.</exception>
    internal static ITensorSource OpenFile(string path)
    {
        var found = FindFile(path) ?? throw new UserErrorException(
            $"{path}: expected a file of diffusers or kohya, or a folder with {DiffusersAdapter.FileName}, found neither; give the file.");
        if (WeightFiles.FormOf(found) == WeightForm.Pickle)
            return new RenamedTensors(PickleFile.Open(found), AdapterNames.Current);
        var file = SafetensorsFile.Open(found);
        try
        {
            DiffusersAdapter.RequireScaleOne(file.Metadata, found);
        }
        catch (UserErrorException)
        {
            file.Dispose();
            throw;
        }

        return new RenamedTensors(file, AdapterNames.Current);
    }

    /// <summary>A file of diffusers or kohya; null for folders of peft.</summary>
    private static string? FindFile(string path)
    {
        if (path.Length == 0)
            throw new UserErrorException("The adapter is an empty text, expected a folder or a file; check the path.");
        var file = File.Exists(path) ? path : Path.Combine(path, DiffusersAdapter.FileName);
        return File.Exists(file) ? file : null;
    }

    private static AdapterWeights ReadFile(string path)
    {
        using var file = OpenFile(path);
        var names = AdapterNames.Of(file.Keys, path);
        var layers = new Dictionary<string, (Tensor A, Tensor B)>(StringComparer.Ordinal);
        string[] spellings = [.. file.Keys.Where(names.IsDown).Select(names.Spelling)];
        foreach (var spelling in spellings)
        {
            var module = AdapterNames.ModuleOf(spelling);
            if (!layers.TryAdd(module, (file.ReadWeights(names.DownOf(spelling)), file.ReadWeights(names.UpOf(spelling)))))
                throw new FileContentException(path, $"layer {module}", $"{path}: layer {module} is adapted twice, under two spellings; remove one of them.");
        }

        var rank = Common("rank", path, layers.Values.Select(pair => pair.A.shape is [> 0 and var rows, _, ..] ? (double)rows : throw new FileContentException(
            path, null, $"{path}: expected down weights [rank, in] or [rank, in, k, k], found [{string.Join(", ", pair.A.shape)}]; the file is damaged, export it anew.")));
        var alpha = Common("alpha", path, spellings.Select(names.AlphaOf).Select(key => file.Keys.Contains(key) ? Alpha(file, key, path) : rank));
        return new(layers, (int)rank, alpha);
    }

    /// <summary>The number <paramref name="key"/> of a file; its tensors belong to the caller's scope.</summary>
    /// <exception cref="UserErrorException">It is no number.</exception>
    internal static double Alpha(ITensorSource file, string key, string path)
    {
        var alpha = file.ReadFloat(key);
        return alpha.numel() == 1 && double.IsFinite(alpha.ToNumber())
            ? alpha.ToNumber()
            : throw new FileContentException(path, $"tensor '{key}'", $"{path}: {key}: expected one finite number; the file is damaged, export it anew.");
    }

    /// <summary>What all layers share.</summary>
    private static double Common(string what, string path, IEnumerable<double> values)
    {
        double[] distinct = [.. values.Distinct().Order()];
        return distinct is [var only] ? only : throw new FileContentException(
            path, null, $"{path}: expected one {what} for all layers, found {string.Join(", ", distinct)}, which is not supported; train or export it with one {what}.");
    }
}
