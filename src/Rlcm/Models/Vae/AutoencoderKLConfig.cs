namespace Rlcm.Models.Vae;

/// <summary>Architecture of the image autoencoder: the subset of diffusers' <c>AutoencoderKL</c> that Stable Diffusion 1.x uses.</summary>
public sealed record AutoencoderKLConfig
{
    /// <summary>Channels of the picture.</summary>
    public int InChannels { get; init; } = 3;

    /// <summary>Channels of the reconstruction.</summary>
    public int OutChannels { get; init; } = 3;

    /// <summary>Channels of the latents.</summary>
    public int LatentChannels { get; init; } = 4;

    /// <summary>Channels per level, from full resolution downwards; every level but the last halves the size.</summary>
    public required int[] BlockOutChannels { get; init; }

    /// <summary>Residual blocks per level of the encoder; one more in the decoder.</summary>
    public int LayersPerBlock { get; init; } = 2;

    /// <summary>Groups of all group norms.</summary>
    public int NormNumGroups { get; init; } = 32;

    /// <summary>Height and width of the pictures the model was trained on.</summary>
    public int SampleSize { get; init; } = 512;

    /// <summary>Latents are multiplied by this for the U-Net: 1/std of the training latents (Rombach et al. 2022, section G).</summary>
    public double ScalingFactor { get; init; } = 0.18215;

    /// <summary>Pixels per latent along each axis.</summary>
    public int SpatialFactor => 1 << (BlockOutChannels.Length - 1);

    /// <summary>Weights that the network has at least, those of the large layers: what its file cannot be without.</summary>
    internal double LeastWeights => (2 * LayersPerBlock + 1) * 9 * BlockOutChannels.Sum(channels => (double)channels * channels)
        + 9.0 * BlockOutChannels[0] * (InChannels + OutChannels) + 18.0 * BlockOutChannels[^1] * LatentChannels;

    /// <summary>Reads <c>vae/config.json</c>.</summary>
    /// <exception cref="Runtime.UserErrorException">The file is missing or damaged, or asks for something that is not supported, which is named.</exception>
    public static AutoencoderKLConfig Read(string path)
    {
        var reader = new ModelConfigReader(path);
        var config = new AutoencoderKLConfig
        {
            InChannels = reader.Count("in_channels", 3),
            OutChannels = reader.Count("out_channels", 3),
            LatentChannels = reader.Count("latent_channels", 4),
            BlockOutChannels = reader.Counts("block_out_channels"),
            LayersPerBlock = reader.Count("layers_per_block", 1, ModelConfigReader.MostLayers),
            NormNumGroups = reader.Count("norm_num_groups", 32),
            SampleSize = reader.Count("sample_size", 32),
            ScalingFactor = reader.Number("scaling_factor", 0.18215),
        };
        foreach (var (key, type) in ((string, string)[])[("down_block_types", "DownEncoderBlock2D"), ("up_block_types", "UpDecoderBlock2D")])
        {
            var types = reader.Texts(key);
            if (types.Length != config.BlockOutChannels.Length || types.Any(found => found != type))
                throw reader.Wrong(key, $"{config.BlockOutChannels.Length} times {type}", string.Join(", ", types));
        }

        reader.Ignore("force_upcast"); // about half precision only
        reader.Require("act_fn", "silu");
        reader.Require("mid_block_add_attention", true);
        reader.Require("use_quant_conv", true);
        reader.Require("use_post_quant_conv", true);
        reader.Require("shift_factor", 0.0);
        reader.Finish();
        if (config.BlockOutChannels.Any(channels => channels % config.NormNumGroups != 0))
            throw reader.Wrong("norm_num_groups", $"a divisor of {string.Join(", ", config.BlockOutChannels)} channels", config.NormNumGroups);
        return config.ScalingFactor > 0 ? config : throw reader.Wrong("scaling_factor", "a number above 0", config.ScalingFactor);
    }

    /// <summary>The entries of <c>vae/config.json</c>, under diffusers' names.</summary>
    public IReadOnlyDictionary<string, object?> ToJson() => new Dictionary<string, object?>(StringComparer.Ordinal)
    {
        ["_class_name"] = "AutoencoderKL",
        ["_diffusers_version"] = "0.27.2",
        ["act_fn"] = "silu",
        ["block_out_channels"] = BlockOutChannels,
        ["down_block_types"] = Enumerable.Repeat("DownEncoderBlock2D", BlockOutChannels.Length),
        ["in_channels"] = InChannels,
        ["latent_channels"] = LatentChannels,
        ["layers_per_block"] = LayersPerBlock,
        ["norm_num_groups"] = NormNumGroups,
        ["out_channels"] = OutChannels,
        ["sample_size"] = SampleSize,
        ["scaling_factor"] = ScalingFactor,
        ["up_block_types"] = Enumerable.Repeat("UpDecoderBlock2D", BlockOutChannels.Length),
    };
}
