using System.Text.Json;
using System.Text.Json.Serialization;
using Rlcm.Runtime;
using static TorchSharp.torch;

namespace Rlcm.Checkpoints;

/// <summary>A verified checkpoint of a <see cref="CheckpointStore"/>.</summary>
public sealed class LoadedCheckpoint : IDisposable
{
    internal const string TensorsName = "state.safetensors";
    internal const string StateName = "state.json";

    internal static readonly JsonSerializerOptions StateOptions = new(JsonSerializerDefaults.General)
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
        WriteIndented = true,
    };

    private readonly string _folder;
    private readonly SafetensorsFile _tensors;

    private LoadedCheckpoint(string folder, long number, SafetensorsFile tensors) => (_folder, Number, _tensors) = (folder, number, tensors);

    /// <summary>Its number.</summary>
    public long Number { get; }

    /// <summary>The names of the tensors.</summary>
    public IReadOnlyCollection<string> Keys => _tensors.Keys;

    /// <summary>A new CPU tensor with the values saved under <paramref name="key"/>, in their type.</summary>
    /// <exception cref="UserErrorException">The checkpoint holds no such tensor.</exception>
    public Tensor Tensor(string key) => _tensors.Read(key);

    /// <summary>Copies everything held in tensors into <paramref name="targets"/>, which must be all of them, in their shapes.</summary>
    /// <exception cref="UserErrorException">Missing, unexpected or mis-shaped keys: the first ten of each are named, and nothing is copied.</exception>
    public void CopyTo(IReadOnlyDictionary<string, Tensor> targets)
    {
        if (TensorFit.Mismatch(_tensors, targets) is { } mismatch)
            throw new UserErrorException($"The checkpoint {_folder} does not fit: {mismatch}; it belongs to another model, adapter or stage: continue it as it was started.");
        using var noGrad = no_grad();
        foreach (var (key, target) in targets)
        {
            using var stored = _tensors.Read(key);
            target.copy_(stored);
        }
    }

    /// <summary>The counters and plain data.</summary>
    /// <exception cref="UserErrorException">They are not of this type.</exception>
    public T State<T>()
    {
        var path = Path.Combine(_folder, StateName);
        try
        {
            return JsonSerializer.Deserialize<T>(File.ReadAllText(path), StateOptions)
                ?? throw new UserErrorException($"{path} holds null, expected {typeof(T).Name}; it belongs to another kind of run: begin a new one.");
        }
        catch (JsonException error)
        {
            throw new UserErrorException($"{path} is no {typeof(T).Name} ({JsonMistake.Describe(error)}); it belongs to another kind or version of run: begin a new one.", error);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _tensors.Dispose();

    /// <summary>The checkpoint in <paramref name="folder"/>, which was verified.</summary>
    internal static LoadedCheckpoint Open(string folder, long number) => new(folder, number, SafetensorsFile.Open(Path.Combine(folder, TensorsName)));
}
