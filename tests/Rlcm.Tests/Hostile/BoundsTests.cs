using System.Text.Json.Nodes;
using Rlcm.Checkpoints;
using Rlcm.Checkpoints.Pickle;
using Rlcm.Inspection;
using Rlcm.Models;
using Rlcm.Models.Clip;
using Rlcm.Models.Unet;
using Rlcm.Models.Vae;
using Rlcm.Runtime;
using Rlcm.Synthetic;
using Rlcm.Tests.Checkpoints;
using Rlcm.Tests.Checkpoints.Pickle;
using Rlcm.Training;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Hostile;

/// <summary>Small files that ask for much are refused before memory or time is taken.</summary>
public sealed class BoundsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("[0, 4611686018427387904, 4611686018427387904]")]
    [InlineData("[4611686018427387904, 4611686018427387904, 0]")]
    [InlineData("[4611686018427387904, 0, 4]")]
    public void A_tensor_without_elements_whose_other_sides_torch_could_not_multiply_is_refused(string shape)
    {
        Safetensors($$"""{"a":{"dtype":"F32","shape":{{shape}},"data_offsets":[0,0]} }""");
        var error = Assert.Throws<FileContentException>(() => SafetensorsFile.Open(_folder["f"]));
        Assert.Equal("tensor 'a'", error.Position);
        Assert.Contains("needs more than 2^63 bytes", error.Message, StringComparison.Ordinal);
    }

    [Fact, NoTensorLeaks]
    public void A_tensor_without_elements_of_a_long_side_is_read()
    {
        Safetensors("""{"a":{"dtype":"F16","shape":[0,576460752303423488],"data_offsets":[0,0]} }""");
        using var file = SafetensorsFile.Open(_folder["f"]);
        using var tensor = file.ReadFloat("a");
        Assert.Equal([0, 1L << 59], tensor.shape);
    }

    [Theory, NoTensorLeaks]
    [InlineData(64)]
    [InlineData(65)]
    public void Tensors_have_as_many_dimensions_as_torch_can_copy(int rank)
    {
        Safetensors($$"""{"a":{"dtype":"F16","shape":[{{string.Join(',', Enumerable.Repeat(1, rank))}}],"data_offsets":[0,2]} }""", 2);
        if (rank > 64)
        {
            Assert.Contains("lacks a well-formed dtype, shape", Assert.Throws<FileContentException>(() => SafetensorsFile.Open(_folder["f"])).Message, StringComparison.Ordinal);
            return;
        }

        using var file = SafetensorsFile.Open(_folder["f"]);
        using var tensor = file.ReadFloat("a");
        Assert.Equal(rank, tensor.dim());
    }

    [Theory]
    [InlineData("block_out_channels", "[2147483647]")]
    [InlineData("block_out_channels", "[]")]
    [InlineData("block_out_channels", "[8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8]")]
    [InlineData("layers_per_block", "2147483647")]
    [InlineData("layers_per_block", "-1")]
    [InlineData("transformer_layers_per_block", "1e9")]
    [InlineData("cross_attention_dim", "0")]
    [InlineData("time_cond_proj_dim", "100000000")]
    [InlineData("norm_eps", "1e999")]
    public void Numbers_that_no_model_has_are_refused_by_name(string key, string value)
    {
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(TinyModels.Write(_folder["model"]), "unet", "config.json")))!;
        config[key] = JsonNode.Parse(value);
        File.WriteAllText(_folder["config.json"], config.ToJsonString());
        var error = Assert.Throws<FileContentException>(() => UNet2DConditionConfig.Read(_folder["config.json"]));
        Assert.Equal((_folder["config.json"], key), (error.Path, error.Position));
        Assert.Contains($"{key}: expected ", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("unet", "block_out_channels", "[65536, 65536]", "describes a network of at least ")]
    [InlineData("vae", "block_out_channels", "[8192, 8192, 8192]", "describes a network of at least ")]
    [InlineData("text_encoder", "vocab_size", "16777216", "describes a network of at least ")]
    public void A_network_far_larger_than_its_weights_is_refused_before_it_is_built(string part, string key, string value, string expected)
    {
        var model = TinyModels.Write(_folder["model"]);
        var path = Path.Combine(model, part, "config.json");
        var config = JsonNode.Parse(File.ReadAllText(path))!;
        config[key] = JsonNode.Parse(value);
        File.WriteAllText(path, config.ToJsonString());

        Assert.Contains(expected, Assert.ThrowsAny<UserErrorException>(() => TextToImageModel.Load(model)).Message, StringComparison.Ordinal);
        Assert.Contains(PathInspector.Inspect(model).Problems, problem => problem.Contains(expected, StringComparison.Ordinal));
    }

    [Fact]
    public void A_network_has_at_least_as_many_weights_as_its_file_is_asked_for()
    {
        using var scope = NewDisposeScope();
        foreach (var shape in (SyntheticShape[])[SyntheticShape.Tiny, SyntheticShape.Tiny with { Unet = SyntheticShape.Tiny.Unet with { UseLinearProjection = true, LayersPerBlock = 2 } }])
        {
            AtMost(shape.Unet.LeastWeights, new UNet2DConditionModel(shape.Unet).parameters().Sum(weight => weight.numel()));
            AtMost(shape.Vae.LeastWeights, new AutoencoderKL(shape.Vae).parameters().Sum(weight => weight.numel()));
            AtMost(shape.Text.LeastWeights, new ClipTextModel(shape.Text).parameters().Sum(weight => weight.numel()));
        }

        AtMost(SyntheticShape.FullSize.Unet.LeastWeights, 859_600_000);
        AtMost(SyntheticShape.FullSize.Vae.LeastWeights, 83_700_000);
        AtMost(SyntheticShape.FullSize.Text.LeastWeights, 123_100_000);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Tensors_that_together_are_many_times_their_file_are_refused(bool deflate)
    {
        // Packed, the bytes before a tensor count as well: each is unpacked anew.
        var file = new TorchFile();
        var storage = file.Floats(new float[1 << 20]);
        var tensors = new PythonDictionary();
        for (var i = 0; i < 100; i++)
            tensors.Add(i, deflate ? TorchFile.Tensor(storage, (1 << 20) - 1, [1], [1]) : TorchFile.Tensor(storage, 0, [1 << 20], [1]));
        file.Save(_folder["f"], tensors, deflate: deflate);

        var error = Assert.Throws<FileContentException>(() => PickleFile.Open(_folder["f"]));

        Assert.Contains(" bytes of it, far more than are in the file", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Whole_numbers_without_small_divisors_do_not_keep_a_configuration_waiting()
    {
        File.WriteAllText(_folder["f.json"], """{"imagesPerUpdate": 2147483647, "samplingBatch": 2147483646, "minibatches": 2147483646}""");
        var watch = System.Diagnostics.Stopwatch.StartNew();
        Assert.Contains("set samplingBatch to 1", Assert.Throws<FileContentException>(() => TrainConfigReader.Read(_folder["f.json"], [], [])).Message, StringComparison.Ordinal);
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 5);
    }

    [Fact]
    public void A_configuration_of_very_many_keys_is_not_read_to_its_end()
    {
        File.WriteAllText(_folder["f.json"], $$"""{{{string.Join(',', Enumerable.Range(0, 200_000).Select(i => $"\"k{i}\":1"))}}}""");
        Assert.Contains("found more than 1000 keys", Assert.Throws<FileContentException>(() => TrainConfigReader.Read(_folder["f.json"], [], [])).Message, StringComparison.Ordinal);
    }

    private static void AtMost(double least, long weights) => Assert.InRange(least / weights, 0.2, 1);

    private void Safetensors(string header, int dataBytes = 0) => File.WriteAllBytes(_folder["f"], SafetensorsFileTests.Bytes(header, new byte[dataBytes]));
}
