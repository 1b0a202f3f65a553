using Rlcm.Models.Hub;
using Xunit;

namespace Rlcm.Tests.Models.Hub;

/// <summary>Which form of the weights is chosen, by names alone.</summary>
public sealed class ModelFilesTests
{
    private const string Stem = "diffusion_pytorch_model";

    private static readonly string[] Others =
    [
        "scheduler/scheduler_config.json", "tokenizer/vocab.json", "tokenizer/merges.txt", "unet/config.json", "vae/config.json", "vae/diffusion_pytorch_model.safetensors",
        "text_encoder/config.json", "text_encoder/model.safetensors",
    ];

    [Theory]
    [InlineData($"{Stem}.bin {Stem}.fp16.safetensors {Stem}.safetensors", $"{Stem}.safetensors")]
    [InlineData($"{Stem}.bin {Stem}.fp16.bin {Stem}.fp16.safetensors", $"{Stem}.fp16.safetensors")]
    [InlineData($"{Stem}.fp16.bin {Stem}.bin", $"{Stem}.bin")]
    [InlineData($"{Stem}.onnx {Stem}.msgpack {Stem}.h5 {Stem}.bin", $"{Stem}.bin")]
    [InlineData(
        $"{Stem}.safetensors.index.json {Stem}-00001-of-00002.safetensors {Stem}-00002-of-00002.safetensors {Stem}.fp16.safetensors",
        $"{Stem}-00001-of-00002.safetensors {Stem}-00002-of-00002.safetensors {Stem}.safetensors.index.json")]
    [InlineData(
        $"{Stem}.safetensors.index.fp16.json {Stem}.fp16-00001-of-00002.safetensors {Stem}.fp16-00002-of-00002.safetensors {Stem}-00001-of-00002.safetensors",
        $"{Stem}.fp16-00001-of-00002.safetensors {Stem}.fp16-00002-of-00002.safetensors {Stem}.safetensors.index.fp16.json")]
    [InlineData(
        $"{Stem}.safetensors.index.fp16.json {Stem}-00001-of-00001.fp16.safetensors",
        $"{Stem}-00001-of-00001.fp16.safetensors {Stem}.safetensors.index.fp16.json")]
    [InlineData($"{Stem}.safetensors.index.json {Stem}-00001-of-00002.safetensors {Stem}.fp16.safetensors", $"{Stem}.fp16.safetensors")] // a shard is missing
    public void One_form_of_weights_is_chosen(string present, string expected)
    {
        var files = ModelFiles.Choose([.. Others, .. present.Split(' ').Select(name => $"unet/{name}")]);
        Assert.Empty(files.Missing);
        Assert.Equal(expected.Split(' '), files.Chosen.Where(name => name.StartsWith("unet/", StringComparison.Ordinal) && name != "unet/config.json").Select(name => name["unet/".Length..]).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("")]
    [InlineData($"{Stem}.safetensors.index.json {Stem}-00002-of-00002.safetensors")]
    [InlineData($"{Stem}-00001-of-00001.safetensors")] // without its index
    [InlineData("model.onnx")]
    public void Weights_that_are_not_whole_are_missing(string present) =>
        Assert.Equal([$"unet/{Stem}.safetensors"], ModelFiles.Choose([.. Others, .. present.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(name => $"unet/{name}")]).Missing);

    [Fact]
    public void Pickled_weights_of_a_text_encoder_have_another_name()
    {
        var files = ModelFiles.Choose(["text_encoder/pytorch_model.bin", "text_encoder/model.bin"]);
        Assert.Contains("text_encoder/pytorch_model.bin", files.Chosen);
        Assert.DoesNotContain("text_encoder/model.bin", files.Chosen);
    }
}
