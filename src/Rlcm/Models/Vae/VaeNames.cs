namespace Rlcm.Models.Vae;

/// <summary>The names that autoencoders saved by diffusers before 0.18 have for their attention, which is where most files of Stable Diffusion 1.x are from.</summary>
internal static class VaeNames
{
    private static readonly (string Old, string Current)[] Renamed =
    [
        (".query.", ".to_q."),
        (".key.", ".to_k."),
        (".value.", ".to_v."),
        (".proj_attn.", ".to_out.0."),
    ];

    /// <summary>Today's name of the weight <paramref name="key"/>.</summary>
    public static string Current(string key) => IsAttention(key) ? Renamed.Aggregate(key, (name, pair) => name.Replace(pair.Old, pair.Current, StringComparison.Ordinal)) : key;

    /// <summary>The name that the weight <paramref name="key"/> had.</summary>
    public static string Old(string key) => IsAttention(key) ? Renamed.Aggregate(key, (name, pair) => name.Replace(pair.Current, pair.Old, StringComparison.Ordinal)) : key;

    private static bool IsAttention(string key) => key.Contains(".mid_block.attentions.", StringComparison.Ordinal);
}
