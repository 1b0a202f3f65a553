namespace Rlcm.Models.Hub;

/// <summary>Where the Hugging Face Hub is and where its files are kept, by the variables that <c>huggingface_hub</c> reads.</summary>
/// <remarks>Not a record: nothing may print the token by accident.</remarks>
public sealed class HubEnvironment
{
    /// <summary>The Hub, where <c>HF_ENDPOINT</c> does not name another.</summary>
    public const string DefaultEndpoint = "https://huggingface.co";

    /// <summary>The cache's folder, which holds <c>models--ORG--NAME</c>.</summary>
    public required string Cache { get; init; }

    /// <summary>Address of the Hub, as it was written; checked by whoever connects.</summary>
    public string Endpoint { get; init; } = DefaultEndpoint;

    /// <summary>Access token, sent to <see cref="Endpoint"/> alone.</summary>
    public string? Token { get; init; }

    /// <summary>The addresses, without the token.</summary>
    public override string ToString() => $"{Endpoint}, cached in {Cache}";

    /// <summary>What the variables of this process say.</summary>
    public static HubEnvironment FromProcess() =>
        Read(Environment.GetEnvironmentVariable, Environment.GetFolderPath(Environment.SpecialFolder.UserProfile));

    /// <summary>
    /// What <paramref name="variable"/> says: the cache is <c>HF_HUB_CACHE</c>, else <c>hub</c> in <c>HF_HOME</c>, else
    /// <c>huggingface/hub</c> in <c>XDG_CACHE_HOME</c>, else in <c>.cache</c> of <paramref name="home"/>. Empty variables count as unset.
    /// </summary>
    internal static HubEnvironment Read(Func<string, string?> variable, string home)
    {
        string? Value(string name) => variable(name)?.Trim() is { Length: > 0 } value ? value : null;
        string? Folder(string name) => Value(name) is { } value && (value == "~" || value.StartsWith("~/", StringComparison.Ordinal)) ? home + value[1..] : Value(name);
        var cache = Folder("HF_HUB_CACHE")
            ?? (Folder("HF_HOME") is { } hugging ? Path.Combine(hugging, "hub") : Path.Combine(Folder("XDG_CACHE_HOME") ?? Path.Combine(home, ".cache"), "huggingface", "hub"));
        return new() { Cache = Path.GetFullPath(cache), Endpoint = (Value("HF_ENDPOINT") ?? DefaultEndpoint).TrimEnd('/'), Token = Value("HF_TOKEN") };
    }
}
