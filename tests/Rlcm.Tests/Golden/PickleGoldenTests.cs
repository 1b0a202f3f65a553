using Rlcm.Checkpoints;
using Rlcm.Checkpoints.Pickle;
using Rlcm.Tests.Checkpoints.Pickle;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Golden;

/// <summary>The published head of the LAION aesthetic predictor, a file of torch.save's from a GPU.</summary>
public sealed class PickleGoldenTests
{
    private static readonly (string Name, long[] Shape)[] Layers =
    [
        ("layers.0.weight", [1024, 768]), ("layers.0.bias", [1024]),
        ("layers.2.weight", [128, 1024]), ("layers.2.bias", [128]),
        ("layers.4.weight", [64, 128]), ("layers.4.bias", [64]),
        ("layers.6.weight", [16, 64]), ("layers.6.bias", [16]),
        ("layers.7.weight", [1, 16]), ("layers.7.bias", [1]),
    ];

    [Fact, NoTensorLeaks]
    public void The_aesthetic_head_has_its_tensors()
    {
        using var file = PickleFile.Open(HeadPath());

        Assert.Equal(Layers.Select(layer => layer.Name), file.Keys);
        foreach (var (name, shape) in Layers)
        {
            using var tensor = file.Read(name);
            Assert.Equal(shape, file[name].Shape);
            Assert.Equal(shape, tensor.shape);
            Assert.Equal(ScalarType.Float32, tensor.dtype);
        }
    }

    [Fact, NoTensorLeaks]
    public void The_aesthetic_head_gives_the_scores_of_the_original()
    {
        using var scope = NewDisposeScope();
        using var expected = SafetensorsFile.Open(GoldenData.Shared("clip-a/expected.safetensors"));
        using var head = PickleFile.Open(HeadPath());

        var features = expected.Read("image_embeds");
        features = features / features.norm(1, true, 2f);
        foreach (var layer in (int[])[0, 2, 4, 6, 7])
            features = nn.functional.linear(features, head.Read($"layers.{layer}.weight"), head.Read($"layers.{layer}.bias"));

        TensorAssert.Close(expected.Read("aesthetic_score"), features.squeeze(1), 1e-4);
    }

    [Fact]
    public void The_writer_of_the_tests_gives_the_file_of_torch_byte_for_byte()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        using var head = PickleFile.Open(HeadPath());
        var file = new TorchFile();
        byte[][] contents = [.. Layers.Select(layer => head.Read(layer.Name).bytes.ToArray())];
        var weights = new PythonDictionary();
        for (var i = 0; i < Layers.Length; i++)
        {
            var (name, shape) = Layers[i];
            var storage = file.Storage(TorchFile.FloatStorage, contents[i], contents[i].Length / sizeof(float), new string("cuda:0"));
            weights.Add(name, TorchFile.Tensor(storage, 0, shape, shape.Length == 2 ? [shape[1], 1] : [1]));
        }

        var versions = new PythonDictionary();
        foreach (var module in (string[])["", "layers", .. Enumerable.Range(0, 8).Select(i => $"layers.{i}")])
            versions.Add(module, new PythonDictionary { { "version", 1 } });
        var state = new PythonDictionary { { "_metadata", new PythonCall(TorchFile.OrderedDict) { Items = versions } } };
        var root = new PythonCall(TorchFile.OrderedDict) { Items = weights, State = state };

        using (var stream = File.Create(folder["head"]))
        {
            var zip = new TorchZip(stream);
            zip.Add("archive/data.pkl", PythonPickler.Write(root));
            for (var i = 0; i < contents.Length; i++)
                zip.Add($"archive/data/{i}", contents[i]);
            zip.Add("archive/version", "3\n"u8.ToArray());
            zip.Finish();
        }

        Assert.True(File.ReadAllBytes(HeadPath()).SequenceEqual(File.ReadAllBytes(folder["head"])));
    }

    private static string HeadPath() => GoldenData.Shared("clip-a/sac+logos+ava1-l14-linearMSE.pth");
}
