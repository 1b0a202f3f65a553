namespace Rlcm.Models.Unet;

/// <summary>Architecture of a U-Net: the subset of diffusers' <c>UNet2DConditionModel</c> that latent consistency models of the SD 1.x class use.</summary>
public sealed record UNet2DConditionConfig
{
    private const string AttendingDown = "CrossAttnDownBlock2D";
    private const string AttendingUp = "CrossAttnUpBlock2D";

    /// <summary>Channels of the latents read.</summary>
    public int InChannels { get; init; } = 4;

    /// <summary>Channels of the noise predicted.</summary>
    public int OutChannels { get; init; } = 4;

    /// <summary>Height and width of the latents the model was trained on.</summary>
    public int SampleSize { get; init; } = 64;

    /// <summary>Channels per level, from full resolution downwards.</summary>
    public required int[] BlockOutChannels { get; init; }

    /// <summary><c>CrossAttnDownBlock2D</c> or <c>DownBlock2D</c> per level, from the top.</summary>
    public required string[] DownBlockTypes { get; init; }

    /// <summary><c>CrossAttnUpBlock2D</c> or <c>UpBlock2D</c> per level, from the bottom.</summary>
    public required string[] UpBlockTypes { get; init; }

    /// <summary>Residual blocks per level on the way down; one more on the way up.</summary>
    public int LayersPerBlock { get; init; } = 2;

    /// <summary>
    /// Heads per level. Serialized as <c>attention_head_dim</c>, which in these files means the number of heads
    /// (huggingface/diffusers <c>unet_2d_condition.py</c>, comment at <c>num_attention_heads</c>).
    /// </summary>
    public required int[] AttentionHeads { get; init; }

    /// <summary>Width of the text embeddings.</summary>
    public required int CrossAttentionDim { get; init; }

    /// <summary>Transformer blocks per attention.</summary>
    public int TransformerLayersPerBlock { get; init; } = 1;

    /// <summary>Groups of all group norms.</summary>
    public int NormNumGroups { get; init; } = 32;

    /// <summary>Epsilon of the norms in residual blocks.</summary>
    public double NormEps { get; init; } = 1e-5;

    /// <summary>Whether the transformers' projections are linear layers (SD 2) or 1x1 convolutions (SD 1).</summary>
    public bool UseLinearProjection { get; init; }

    /// <summary>Width of the guidance embedding; null for models without one.</summary>
    public int? TimeCondProjDim { get; init; }

    /// <summary>Number of resolutions.</summary>
    public int Levels => BlockOutChannels.Length;

    internal int TimeEmbeddingWidth => 4 * BlockOutChannels[0];

    internal int Heads(int level) => AttentionHeads[level];

    internal bool DownBlockAttends(int level) => DownBlockTypes[level] == AttendingDown;

    internal bool UpBlockAttends(int level) => UpBlockTypes[Levels - 1 - level] == AttendingUp;

    /// <summary>Weights that the network has at least, those of the large layers: what its file cannot be without.</summary>
    internal double LeastWeights
    {
        get
        {
            double time = TimeEmbeddingWidth, bottom = BlockOutChannels[^1];
            var weights = time * (time + BlockOutChannels[0] + (TimeCondProjDim ?? 0) / 4.0) + TransformerLayersPerBlock * (20 * bottom * bottom + 2 * bottom * CrossAttentionDim);
            foreach (double channels in BlockOutChannels)
                weights += (2 * LayersPerBlock + 1) * channels * (9 * channels + time);
            return weights + 9.0 * BlockOutChannels[0] * (InChannels + OutChannels);
        }
    }

    /// <summary>Reads <c>unet/config.json</c>.</summary>
    /// <exception cref="Runtime.UserErrorException">The file is missing or damaged, or asks for something that is not supported, which is named.</exception>
    public static UNet2DConditionConfig Read(string path)
    {
        var reader = new ModelConfigReader(path);
        var channels = reader.Counts("block_out_channels");
        var heads = reader.OptionalCount("num_attention_heads") is { } count
            ? [.. Enumerable.Repeat(count, channels.Length)]
            : reader.CountPerLevel("attention_head_dim", channels.Length);
        var config = new UNet2DConditionConfig
        {
            InChannels = reader.Count("in_channels", 4),
            OutChannels = reader.Count("out_channels", 4),
            SampleSize = reader.Count("sample_size", 64),
            BlockOutChannels = channels,
            DownBlockTypes = reader.Texts("down_block_types"),
            UpBlockTypes = reader.Texts("up_block_types"),
            LayersPerBlock = reader.Count("layers_per_block", 2, ModelConfigReader.MostLayers),
            AttentionHeads = heads,
            CrossAttentionDim = reader.Count("cross_attention_dim"),
            TransformerLayersPerBlock = reader.Count("transformer_layers_per_block", 1, ModelConfigReader.MostLayers),
            NormNumGroups = reader.Count("norm_num_groups", 32),
            NormEps = reader.Number("norm_eps", 1e-5),
            UseLinearProjection = reader.Flag("use_linear_projection", false),
            TimeCondProjDim = reader.OptionalCount("time_cond_proj_dim"),
        };
        reader.Ignore("attention_head_dim", "addition_embed_type_num_heads");
        reader.Require("act_fn", "silu");
        reader.Require("attention_type", "default");
        reader.Require("conv_in_kernel", 3);
        reader.Require("conv_out_kernel", 3);
        reader.Require("downsample_padding", 1);
        reader.Require("dropout", 0.0);
        reader.Require("flip_sin_to_cos", true);
        reader.Require("freq_shift", 0);
        reader.Require("mid_block_scale_factor", 1);
        reader.Require("mid_block_type", "UNetMidBlock2DCrossAttn");
        reader.Require("resnet_out_scale_factor", 1.0);
        reader.Require("resnet_time_scale_shift", "default");
        reader.Require("time_embedding_type", "positional");
        reader.Finish();
        config.Validate(reader);
        return config;
    }

    private void Validate(ModelConfigReader reader)
    {
        if (DownBlockTypes.Length != Levels || UpBlockTypes.Length != Levels)
            throw reader.Wrong("down_block_types and up_block_types", $"{Levels} entries each, as block_out_channels has", $"{DownBlockTypes.Length} and {UpBlockTypes.Length}");
        foreach (var type in DownBlockTypes.Where(type => type is not (AttendingDown or "DownBlock2D")))
            throw reader.Wrong("down_block_types", $"{AttendingDown} or DownBlock2D", type);
        foreach (var type in UpBlockTypes.Where(type => type is not (AttendingUp or "UpBlock2D")))
            throw reader.Wrong("up_block_types", $"{AttendingUp} or UpBlock2D", type);
        for (var level = 0; level < Levels; level++)
        {
            if (BlockOutChannels[level] % NormNumGroups != 0)
                throw reader.Wrong("norm_num_groups", $"a divisor of {BlockOutChannels[level]} channels", NormNumGroups);
            if (BlockOutChannels[level] % AttentionHeads[level] != 0)
                throw reader.Wrong("attention_head_dim", $"a number of heads that divides {BlockOutChannels[level]} channels", AttentionHeads[level]);
        }
    }

    /// <summary>The entries of <c>unet/config.json</c>, under diffusers' names.</summary>
    public IReadOnlyDictionary<string, object?> ToJson() => new Dictionary<string, object?>(StringComparer.Ordinal)
    {
        ["_class_name"] = "UNet2DConditionModel",
        ["_diffusers_version"] = "0.27.2",
        ["act_fn"] = "silu",
        ["attention_head_dim"] = AttentionHeads,
        ["block_out_channels"] = BlockOutChannels,
        ["center_input_sample"] = false,
        ["cross_attention_dim"] = CrossAttentionDim,
        ["down_block_types"] = DownBlockTypes,
        ["downsample_padding"] = 1,
        ["flip_sin_to_cos"] = true,
        ["freq_shift"] = 0,
        ["in_channels"] = InChannels,
        ["layers_per_block"] = LayersPerBlock,
        ["mid_block_scale_factor"] = 1,
        ["norm_eps"] = NormEps,
        ["norm_num_groups"] = NormNumGroups,
        ["out_channels"] = OutChannels,
        ["sample_size"] = SampleSize,
        ["time_cond_proj_dim"] = TimeCondProjDim,
        ["transformer_layers_per_block"] = TransformerLayersPerBlock,
        ["up_block_types"] = UpBlockTypes,
        ["use_linear_projection"] = UseLinearProjection,
    };
}
