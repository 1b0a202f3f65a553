using Rlcm.Checkpoints.Pickle;
using Rlcm.Runtime;
using Xunit;
using static TorchSharp.torch;

namespace Rlcm.Tests.Checkpoints.Pickle;

/// <summary>Which tensors a file has, and under which names.</summary>
public sealed class PickleFileTests
{
    [Theory, NoTensorLeaks]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void A_dictionary_of_tensors_is_read_in_order_from_every_protocol(int protocol)
    {
        using var folder = new TemporaryFolder();
        var written = new TorchFile();
        var root = new PythonCall(TorchFile.OrderedDict)
        {
            Items = { { "b.weight", written.Vector(1, -2) }, { "a", written.Vector(7) } },
            State = new PythonDictionary { { "_metadata", new PythonCall(TorchFile.OrderedDict) } },
        };
        written.Save(folder["f"], root, protocol);

        using var file = PickleFile.Open(folder["f"]);

        Assert.Equal(folder["f"], file.Path);
        Assert.Equal(["b.weight", "a"], file.Keys);
        Assert.Equal([("b.weight", ScalarType.Float32, 2L), ("a", ScalarType.Float32, 1L)], file.Entries.Select(entry => (entry.Name, entry.Dtype, entry.Count)));
        Assert.Equal([1f, -2f], Values(file, "b.weight"));
        Assert.Equal([7f], Values(file, "a"));
    }

    [Fact]
    public void Deflated_entries_are_read_too()
    {
        using var folder = new TemporaryFolder();
        var written = new TorchFile();
        var storage = written.Floats([.. Enumerable.Range(0, 1000).Select(i => (float)i)]);
        written.Save(folder["f"], new PythonDictionary { { "a", TorchFile.Tensor(storage, 990, [3], [2]) } }, deflate: true);

        using var file = PickleFile.Open(folder["f"]);

        Assert.Equal([990f, 992f, 994f], Values(file, "a"));
    }

    [Fact]
    public void Dictionaries_within_join_their_names_and_other_values_are_left_out()
    {
        using var folder = new TemporaryFolder();
        var written = new TorchFile();
        written.Save(folder["f"], new PythonDictionary
        {
            { "epoch", 3 }, { "lr", 1e-4 }, { "name", "model" }, { "none", null }, { "ema", true }, { "big", long.MaxValue }, { "betas", (object[])[0.9, 0.999] },
            { "steps", new List<object?> { 1, 2, 3 } }, { "one", new List<object?> { written.Vector(1) } }, { "nothing", new List<object?>() },
            { "unet", new PythonDictionary { { "conv", new PythonDictionary { { "weight", written.Vector(5) }, { "groups", 2 } } } } },
            { "state", new PythonDictionary { { 12, written.Vector(6) }, { (object[])[1, 2], written.Vector(9) } } },
            { "storage", written.Floats(1) },
        });

        using var file = PickleFile.Open(folder["f"]);

        Assert.Equal(["unet.conv.weight", "state.12"], file.Keys);
        Assert.Equal([5f], Values(file, "unet.conv.weight"));
        Assert.Equal([6f], Values(file, "state.12"));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void A_checkpoint_of_lightning_gives_its_state_dict_alone(int protocol)
    {
        using var folder = new TemporaryFolder();
        var written = new TorchFile();
        var encode = new PythonGlobal("_codecs", "encode");
        var dtype = new PythonCall(new PythonGlobal("numpy", "dtype"), "f8", false, true) { State = (object[])[3, "<", null!, null!, null!, -1, -1, 0] };
        var score = new PythonCall(new PythonGlobal("numpy.core.multiarray", "scalar"), dtype, new PythonCall(encode, "\u0001\u00ff", "latin1"));
        written.Save(folder["f"], new PythonDictionary
        {
            { "epoch", 1 },
            { "state_dict", new PythonCall(TorchFile.OrderedDict) { Items = { { "model.weight", written.Vector(4) } } } },
            { "callbacks", new PythonDictionary { { new PythonGlobal("pytorch_lightning.callbacks.model_checkpoint", "ModelCheckpoint"), new PythonDictionary { { "best", score } } } } },
            { "optimizer_states", new List<object?> { new PythonDictionary { { "state", new PythonDictionary { { 0, written.Vector(8) } } } } } },
            { "milestones", new PythonCall(new PythonGlobal("collections", "Counter"), new PythonDictionary { { 5, 1 } }) },
            { "seen", new PythonCall(new PythonGlobal("__builtin__", "set"), new List<object?> { 1, 2 }) },
            { "size", new PythonCall(new PythonGlobal("torch", "Size"), (object)(object[])[1, 2]) },
            { "device", new PythonCall(new PythonGlobal("torch", "device"), "cuda", 0) },
            { "dtype", new PythonGlobal("torch", "float32") },
        }, protocol);

        using var file = PickleFile.Open(folder["f"]);

        Assert.Equal(["model.weight"], file.Keys);
        Assert.Equal([4f], Values(file, "model.weight"));
    }

    [Fact]
    public void A_parameter_is_its_tensor()
    {
        using var folder = new TemporaryFolder();
        var written = new TorchFile();
        var parameter = new PythonCall(new PythonGlobal("torch._utils", "_rebuild_parameter"), written.Vector(3), true, new PythonCall(TorchFile.OrderedDict));
        written.Save(folder["f"], new PythonDictionary { { "w", parameter } });

        using var file = PickleFile.Open(folder["f"]);

        Assert.Equal([3f], Values(file, "w"));
    }

    [Fact]
    public void A_key_that_is_set_twice_holds_its_last_value_at_its_first_place()
    {
        using var folder = new TemporaryFolder();
        var written = new TorchFile();
        written.Save(folder["f"], new PythonDictionary { { "a", written.Vector(1) }, { "b", written.Vector(2) }, { "a", written.Vector(3) } });

        using var file = PickleFile.Open(folder["f"]);

        Assert.Equal(["a", "b"], file.Keys);
        Assert.Equal([3f], Values(file, "a"));
    }

    [Fact]
    public void More_entries_than_one_batch_of_the_pickler_are_read()
    {
        using var folder = new TemporaryFolder();
        var written = new TorchFile();
        var root = new PythonDictionary();
        for (var i = 0; i < 2001; i++)
            root.Add($"w{i}", written.Vector(i));
        written.Save(folder["f"], root);

        using var file = PickleFile.Open(folder["f"]);

        Assert.Equal(2001, file.Keys.Count);
        Assert.Equal([2000f], Values(file, "w2000"));
    }

    [Fact]
    public void A_tensor_that_is_not_there_is_named()
    {
        using var folder = new TemporaryFolder();
        var written = new TorchFile();
        written.Save(folder["f"], new PythonDictionary { { "a", written.Vector(1) } });

        using var file = PickleFile.Open(folder["f"]);

        Assert.Contains($"{folder["f"]} holds no tensor 'b' among its 1", Assert.Throws<FileContentException>(() => file.Read("b")).Message);
    }

    [Fact]
    public void Two_tensors_of_one_name_are_refused()
    {
        using var folder = new TemporaryFolder();
        var written = new TorchFile();
        written.Save(folder["f"], new PythonDictionary { { "a.b", written.Vector(1) }, { "a", new PythonDictionary { { "b", written.Vector(2) } } } });

        Assert.Contains("two tensors have the name 'a.b'", Assert.Throws<FileContentException>(() => PickleFile.Open(folder["f"])).Message);
    }

    private static float[] Values(PickleFile file, string key)
    {
        using var tensor = file.Read(key);
        return tensor.data<float>().ToArray();
    }
}
