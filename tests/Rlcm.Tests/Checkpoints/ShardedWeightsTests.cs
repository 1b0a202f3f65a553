using System.Text.Json;
using System.Text.Json.Nodes;
using Rlcm.Checkpoints;
using Rlcm.Runtime;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Checkpoints;

public sealed class ShardedWeightsTests : IDisposable
{
    private const string First = "w-00001-of-00002.safetensors";
    private const string Second = "w-00002-of-00002.safetensors";

    private readonly TemporaryFolder _folder = new();

    public ShardedWeightsTests()
    {
        using var scope = NewDisposeScope();
        Directory.CreateDirectory(_folder["."]);
        SafetensorsWriter.Write(_folder[First], [("a", tensor([1f, 2f])), ("b", tensor([3f]))]);
        SafetensorsWriter.Write(_folder[Second], [("c", tensor([4f, 5f, 6f]).to(ScalarType.Float16))]);
        WriteIndex(("a", First), ("b", First), ("c", Second));
    }

    public void Dispose() => _folder.Dispose();

    [Fact, NoTensorLeaks]
    public void Tensors_come_from_the_files_that_the_index_names()
    {
        using var scope = NewDisposeScope();
        using var weights = Open();
        Assert.Equal(["a", "b", "c"], weights.Keys.Order(StringComparer.Ordinal));
        Assert.Equal([4f, 5f, 6f], weights.Read("c").to(ScalarType.Float32).data<float>().ToArray());
        Assert.Equal((ScalarType.Float16, 3L), (weights["c"].Dtype, weights["c"].Count));
        Assert.Contains("'d'", Assert.Throws<FileContentException>(() => weights.Read("d")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_order_of_shards_does_not_matter()
    {
        File.Move(_folder[First], _folder["third"]);
        File.Move(_folder[Second], _folder[First]);
        File.Move(_folder["third"], _folder[Second]);
        WriteIndex(("c", First), ("b", Second), ("a", Second));
        using var scope = NewDisposeScope();
        using var weights = Open();
        Assert.Equal([1f, 2f], weights.Read("a").data<float>().ToArray());
    }

    [Fact]
    public void A_missing_shard_is_named()
    {
        File.Delete(_folder[Second]);
        Refused($"the shard {Second} is missing");
    }

    [Fact]
    public void Shards_are_counted()
    {
        File.Move(_folder[Second], _folder["w-00002-of-00003.safetensors"]);
        WriteIndex(("a", First), ("b", First), ("c", "w-00002-of-00003.safetensors"));
        Refused("expected 3 shards, as w-00002-of-00003.safetensors says, found 2");
    }

    [Fact]
    public void A_tensor_that_is_not_where_the_index_has_it_is_named()
    {
        WriteIndex(("a", First), ("b", Second), ("c", Second));
        Refused($"expected the tensor b in {Second}, which does not hold it");
    }

    [Fact]
    public void A_tensor_in_two_shards_is_named()
    {
        using var scope = NewDisposeScope();
        SafetensorsWriter.Write(_folder[Second], [("b", tensor([3f])), ("c", tensor([4f]))]);
        Refused($"{Second} holds the tensor b, expected it in {First} alone");
    }

    [Fact]
    public void A_tensor_that_the_index_does_not_list_is_named()
    {
        WriteIndex(("a", First), ("c", Second));
        Refused($"{First} holds the tensor b, expected only those of the index");
    }

    [Theory]
    [InlineData("../w.safetensors", "found ../w.safetensors")]
    [InlineData("/etc/passwd", "found /etc/passwd")]
    public void Shards_elsewhere_are_refused(string name, string expected)
    {
        WriteIndex(("a", name));
        Refused("weight_map: expected the name of a file in the same folder for every tensor", expected);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("{\"weight_map\": [1]}")]
    [InlineData("{\"weight_map\": {\"a\": 1}}")]
    [InlineData("{\"weight_map\": {\"a\": \"x\", \"a\": \"y\"}}")]
    [InlineData("{\"weight_map\": {}}")]
    [InlineData("<html>")]
    public void A_damaged_index_is_refused(string text)
    {
        File.WriteAllText(_folder["w.safetensors.index.json"], text);
        Refused("weight_map");
    }

    private ShardedWeights Open() => ShardedWeights.Open(_folder["w.safetensors.index.json"], SafetensorsFile.Open);

    private void Refused(params string[] parts)
    {
        var message = Assert.ThrowsAny<UserErrorException>(Open).Message;
        Assert.All(parts, part => Assert.Contains(part, message, StringComparison.Ordinal));
        Assert.Contains("w.safetensors.index.json", message, StringComparison.Ordinal);
    }

    private void WriteIndex(params (string Key, string File)[] map) => File.WriteAllText(
        _folder["w.safetensors.index.json"],
        new JsonObject { ["weight_map"] = JsonSerializer.SerializeToNode(map.ToDictionary(entry => entry.Key, entry => entry.File)) }.ToJsonString());
}
