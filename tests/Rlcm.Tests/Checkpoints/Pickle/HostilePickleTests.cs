using System.Text;
using Rlcm.Checkpoints.Pickle;
using Rlcm.Runtime;
using Xunit;

namespace Rlcm.Tests.Checkpoints.Pickle;

/// <summary>Pickles that want something run, something else read, or more memory than there is.</summary>
public sealed class HostilePickleTests
{
    [Theory]
    [InlineData("os", "system", 2)]
    [InlineData("os", "system", 4)]
    [InlineData("posix", "system", 2)]
    [InlineData("__builtin__", "eval", 2)]
    [InlineData("builtins", "exec", 4)]
    [InlineData("builtins", "getattr", 4)]
    [InlineData("torch", "load", 2)]
    [InlineData("torch.serialization", "load", 2)]
    [InlineData("torch._utils", "_rebuild_sparse_tensor", 2)]
    [InlineData("torch.nn.modules.linear", "Linear", 2)]
    [InlineData("collections.OrderedDict", "fromkeys", 2)]
    [InlineData("collections", "OrderedDict.fromkeys", 4)]
    [InlineData("__main__", "Model", 2)]
    public void A_name_outside_the_list_is_refused_and_told(string module, string name, int protocol)
    {
        using var folder = new TemporaryFolder();
        new TorchFile().Save(folder["f"], new PythonDictionary { { "a", new PythonCall(new PythonGlobal(module, name), $"touch {folder["ran"]}") } }, protocol);

        var error = Assert.Throws<FileContentException>(() => PickleFile.Open(folder["f"]));

        Assert.StartsWith($"{folder["f"]}: it asks for {module}.{name}, which is not among the names that a file of weights needs, and nothing was run (instruction at byte ", error.Message);
        Assert.EndsWith(TorchFile.Advice, error.Message);
        Assert.False(File.Exists(folder["ran"]));
    }

    [Fact]
    public void Letters_that_would_upset_a_terminal_are_not_repeated()
    {
        using var folder = new TemporaryFolder();
        new TorchFile().Save(folder["f"], new PythonDictionary { { "a", new PythonGlobal("os\u001b[2J\r", $"system{new string('x', 300)}") } });

        var message = Assert.Throws<FileContentException>(() => PickleFile.Open(folder["f"])).Message;

        Assert.Contains("it asks for os?[2J?.systemxxx", message);
        Assert.Contains("xxx..., which", message);
        Assert.DoesNotContain(message, char.IsControl);
    }

    [Theory]
    [InlineData("(S'true'\nios\nsystem\n.", "instruction 0x53,")]
    [InlineData("(ios\nsystem\n.", "instruction 0x69 (INST),")]
    [InlineData("(ccollections\nOrderedDict\no.", "instruction 0x6f (OBJ),")]
    [InlineData("ccollections\nOrderedDict\n)\u0081.", "instruction 0x81 (NEWOBJ),")]
    [InlineData("ccollections\nOrderedDict\n)}\u0092.", "instruction 0x92 (NEWOBJ_EX),")]
    [InlineData("\u0082\u0001.", "instruction 0x82 (EXT),")]
    [InlineData("\u0083\u0001\u0000.", "instruction 0x83 (EXT),")]
    [InlineData("\u0084\u0001\u0000\u0000\u0000.", "instruction 0x84 (EXT),")]
    [InlineData("P0\n.", "instruction 0x50 (PERSID),")]
    [InlineData("\u0097.", "instruction 0x97 (out-of-band buffer),")]
    [InlineData("\u0080\u0002}.", "instruction 0x80,")]
    [InlineData("I1\n.", "instruction 0x49,")]
    [InlineData("ÿ", "instruction 0xff,")]
    public void An_instruction_outside_the_list_is_refused_and_told(string instructions, string named) =>
        AssertRefused(instructions, $"it has {named[..^1]}, which torch.save does not write for weights (instruction at byte ");

    [Theory]
    [InlineData("]}b.", "it sets attributes of a list")]
    [InlineData("K\u0001}b.", "it sets attributes of 1")]
    [InlineData("ctorch\nFloatStorage\n}b.", "it sets attributes of torch.FloatStorage")]
    [InlineData("K\u0001)R.", "1 cannot be called with a tuple")]
    [InlineData("ccollections\nOrderedDict\n}R.", "collections.OrderedDict cannot be called with a dictionary")]
    [InlineData("ccollections\nOrderedDict\n]\u0085R.", "collections.OrderedDict cannot be called with 1 values")]
    [InlineData("ctorch\nFloatStorage\nK\u0001\u0085R.", "torch.FloatStorage cannot be called")]
    [InlineData("ctorch._utils\n_rebuild_tensor_v2\n(K\u0001K\u0001))NNtR.", "a tensor lacks storage, offset, size or strides")]
    [InlineData("ctorch._utils\n_rebuild_tensor_v2\n)R.", "cannot be called with 0 values")]
    [InlineData("ctorch._utils\n_rebuild_parameter\nK\u0001NN\u0087R.", "cannot be called with 3 values")]
    [InlineData("K\u0001K\u0002\u0093.", "a global has no name")]
    [InlineData("ctorch\nComplexFloatStorage\n.", "it stores elements as torch.ComplexFloatStorage, expected one of bool, uint8,")]
    [InlineData("ctorch\n.", "a name has no end")]
    [InlineData("K\u0001Q.", "1 names no storage")]
    [InlineData(")Q.", "a tuple names no storage")]
    [InlineData("}K\u0001s.", "a value is missing")]
    [InlineData("]K\u0001K\u0002s.", "items are set of what is no dictionary")]
    [InlineData("}(K\u0001u.", "a key has no value")]
    [InlineData("}K\u0001a.", "items are added to what is not a list")]
    [InlineData("}(K\u0001e.", "items are added to what is not a list")]
    [InlineData("](K\u0001\u0090.", "items are added to what is not a set")]
    [InlineData("(.", "0 values and 1 marks are left at the end")]
    [InlineData(".", "0 values and 0 marks are left at the end")]
    [InlineData("}}.", "2 values and 0 marks are left at the end")]
    [InlineData("t.", "a mark is missing")]
    [InlineData("K\u0001(\u0085.", "a value is missing")]
    [InlineData("q\u0000.", "a value is missing")]
    [InlineData("h\u0000.", "no value is remembered as number 0")]
    [InlineData("j\u00ff\u00ff\u00ff\u00ff.", "no value is remembered as number 4294967295")]
    [InlineData("}r\u00ff\u00ff\u00ff\u00ff.", "a value is remembered as number 4294967295, beyond 1048576")]
    [InlineData("X\u00ff\u00ff\u00ff\u00ffa.", "4294967295 more bytes are needed at 7, but data.pkl ends at 9")]
    [InlineData("\u0096\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff.", "18446744073709551615 more bytes are needed")]
    [InlineData("B\u00ff\u00ff\u00ff\u00ff.", "4294967295 more bytes are needed")]
    [InlineData("X\u0001\u0000\u0000\u0000\u00ff.", "text is not UTF-8")]
    public void Nonsense_is_refused_and_told(string instructions, string named) => AssertRefused(instructions, named);

    [Theory]
    [InlineData("../../../../etc/passwd")]
    [InlineData("/etc/passwd")]
    [InlineData("0/../../version")]
    [InlineData("..")]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("00")]
    [InlineData("\u0660")]
    [InlineData("123456789012345678901")]
    public void A_storage_that_is_not_in_the_file_is_refused(string key)
    {
        var outside = new PythonPersistent("storage", TorchFile.FloatStorage, key, "cpu", 1L);
        AssertRefused(PythonPickler.Write(new PythonDictionary { { "a", TorchFile.Tensor(outside, 0, [1], [1]) } }), $"the zip file has no storage '{key}' (");
    }

    [Theory]
    [InlineData("../evil")]
    [InlineData("evil")]
    public void A_storage_whose_key_is_no_number_is_refused_even_if_it_is_there(string key)
    {
        using var folder = new TemporaryFolder();
        var storage = new PythonPersistent("storage", TorchFile.FloatStorage, key, "cpu", 1L);
        using (var stream = File.Create(folder["f"]))
        {
            var zip = new TorchZip(stream);
            zip.Add("archive/data.pkl", PythonPickler.Write(new PythonDictionary { { "a", TorchFile.Tensor(storage, 0, [1], [1]) } }));
            zip.Add($"archive/data/{key}", new byte[4]);
            zip.Finish();
        }

        Assert.Contains($"the zip file has no storage '{key}' (", Assert.Throws<FileContentException>(() => PickleFile.Open(folder["f"])).Message);
    }

    [Theory]
    [InlineData("module", 1L, "a tuple names no storage")]
    [InlineData("storage", 2L, "storage '0' is to hold 2 elements of 4 bytes, but has 4 bytes")]
    [InlineData("storage", -1L, "storage '0' is to hold -1 elements")]
    [InlineData("storage", long.MaxValue, "storage '0' is to hold 9223372036854775807 elements")]
    public void A_storage_that_is_no_such_thing_is_refused(string kind, long count, string named)
    {
        var storage = new PythonPersistent(kind, TorchFile.FloatStorage, "0", "cpu", count);
        AssertRefused(PythonPickler.Write(new PythonDictionary { { "a", TorchFile.Tensor(storage, 0, [1], [1]) } }), named);
    }

    [Fact]
    public void A_tensor_that_is_seen_as_conjugate_is_refused()
    {
        var storage = new PythonPersistent("storage", TorchFile.FloatStorage, "0", "cpu", 1L);
        var tensor = new PythonCall(TorchFile.RebuildTensor, storage, 0, (object[])[1], (object[])[1], false, new PythonCall(TorchFile.OrderedDict), new PythonDictionary { { "neg", true } });
        AssertRefused(PythonPickler.Write(new PythonDictionary { { "a", tensor } }), "a tensor is marked as neg");
    }

    [Fact]
    public void A_type_besides_that_of_the_storage_is_refused()
    {
        var storage = new PythonPersistent("storage", TorchFile.FloatStorage, "0", "cpu", 1L);
        var tensor = new PythonCall(new PythonGlobal("torch._utils", "_rebuild_tensor_v3"), storage, 0, (object[])[1], (object[])[1], false, null, new PythonGlobal("torch", "float16"));
        AssertRefused(PythonPickler.Write(new PythonDictionary { { "a", tensor } }), "a tensor has no element type, or two");
    }

    [Fact]
    public void Dictionaries_deeper_than_any_models_are_refused()
    {
        const int Depth = 100_000;
        AssertRefused($"{string.Concat(Enumerable.Repeat("}K\u0001", Depth))}N{new string('s', Depth)}.", "its dictionaries lie more than 32 deep");
    }

    [Fact]
    public void A_dictionary_within_itself_is_refused() => AssertRefused("}q\u0000K\u0001h\u0000s.", "or one is within itself");

    [Fact]
    public void Dictionaries_that_hold_each_other_many_times_over_are_refused()
    {
        // Each holds the one before ten times: 10^20 paths from 20 dictionaries.
        var inner = new PythonDictionary { { "x", 1 } };
        for (var level = 0; level < 20; level++)
        {
            var outer = new PythonDictionary();
            for (var i = 0; i < 10; i++)
                outer.Add(i, inner);
            inner = outer;
        }

        AssertRefused(PythonPickler.Write(inner), "its dictionaries have more than 1048576 entries");
    }

    [Fact]
    public void One_tensor_under_more_names_than_any_model_has_is_refused()
    {
        var storage = new PythonPersistent("storage", TorchFile.FloatStorage, "0", "cpu", 1L);
        var inner = new PythonDictionary();
        var tensor = TorchFile.Tensor(storage, 0, [1], [1]);
        for (var i = 0; i < 300; i++)
            inner.Add(i, tensor);
        var root = new PythonDictionary();
        for (var i = 0; i < 300; i++)
            root.Add(i, inner);

        AssertRefused(PythonPickler.Write(root), "it has more than 65536 tensors");
    }

    [Fact]
    public void A_name_longer_than_any_is_refused()
    {
        var storage = new PythonPersistent("storage", TorchFile.FloatStorage, "0", "cpu", 1L);
        AssertRefused(PythonPickler.Write(new PythonDictionary { { new string('n', 1 << 20), TorchFile.Tensor(storage, 0, [1], [1]) } }), "nnn...' is longer than 512 characters");
    }

    [Theory]
    [InlineData(")")]
    [InlineData("(")]
    [InlineData("}")]
    [InlineData("\u0094")]
    public void More_values_than_any_checkpoint_builds_are_refused(string instruction) =>
        AssertRefused($"}}{string.Concat(Enumerable.Repeat(instruction, 1_100_000))}.", "it builds more than 1048576 values");

    [Fact]
    public void A_pickle_larger_than_any_is_refused_unread()
    {
        using var folder = new TemporaryFolder();
        using (var stream = File.Create(folder["f"]))
        {
            var zip = new TorchZip(stream);
            zip.Add("archive/data.pkl", new byte[(16 << 20) + 1], deflate: true);
            zip.Finish();
        }

        Assert.Contains("its data.pkl claims 16777217 bytes", Assert.Throws<FileContentException>(() => PickleFile.Open(folder["f"])).Message);
    }

    [Theory]
    [InlineData(1, "it is a pickle of protocol 1, expected 2 to 5")]
    [InlineData(6, "it is a pickle of protocol 6, expected 2 to 5")]
    public void Another_protocol_is_refused(byte protocol, string named) => AssertRefused([0x80, protocol, (byte)'}', (byte)'.'], named);

    [Fact]
    public void What_does_not_begin_like_a_pickle_is_refused() => AssertRefused("}."u8.ToArray(), "does not begin like a pickle");

    private static void AssertRefused(string instructions, string named) => AssertRefused([0x80, 2, .. Encoding.Latin1.GetBytes(instructions)], named);

    private static void AssertRefused(byte[] pickle, string named)
    {
        using var folder = new TemporaryFolder();
        var file = new TorchFile();
        file.Floats(1);
        file.Save(folder["f"], pickle);

        var message = Assert.Throws<FileContentException>(() => PickleFile.Open(folder["f"])).Message;

        Assert.StartsWith($"{folder["f"]}: ", message);
        Assert.Contains(named, message);
    }
}
