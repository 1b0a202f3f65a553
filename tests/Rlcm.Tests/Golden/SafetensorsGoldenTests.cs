using Rlcm.Checkpoints;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Golden;

public sealed class SafetensorsGoldenTests
{
    [Theory, MemberData(nameof(GoldenData.PipelinesWith), "pipeline", MemberType = typeof(GoldenData))]
    public void Every_tensor_of_every_file_survives_reading_and_writing_bit_for_bit(string pipeline)
    {
        var root = GoldenData.InPipeline(pipeline, ".");
        var paths = Directory.GetFiles(root, "*.safetensors", SearchOption.AllDirectories);
        Assert.NotEmpty(paths);

        using var folder = new TemporaryFolder();
        foreach (var path in paths)
        {
            using var scope = NewDisposeScope();
            using var original = SafetensorsFile.Open(path);
            SafetensorsWriter.Write(folder["copy"], original.Keys.Select(key => (key, original.Read(key))), original.Metadata);
            using var copy = SafetensorsFile.Open(folder["copy"]);

            Assert.Equal(original.Metadata, copy.Metadata);
            Assert.Equal(original.Keys.Order(StringComparer.Ordinal), copy.Keys.Order(StringComparer.Ordinal));
            var stored = File.ReadAllBytes(path);
            var dataStart = stored.Length - original.Entries[^1].End;
            foreach (var entry in original.Entries)
            {
                var read = copy.Read(entry.Name);
                Assert.Equal(entry.Dtype, read.dtype);
                Assert.Equal(entry.Shape, read.shape);
                var expected = stored.AsSpan((int)(dataStart + entry.Begin), (int)entry.ByteCount);
                Assert.True(expected.SequenceEqual(read.bytes), $"{path}: {entry.Name}");
            }
        }
    }
}
