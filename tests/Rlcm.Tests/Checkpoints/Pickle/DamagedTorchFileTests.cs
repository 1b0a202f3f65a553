using System.Buffers.Binary;
using CsCheck;
using Rlcm.Checkpoints.Pickle;
using Rlcm.Runtime;
using Xunit;

namespace Rlcm.Tests.Checkpoints.Pickle;

/// <summary>Files that were cut or whose bytes were changed: refused, or read as what they now say, and nothing else.</summary>
public sealed class DamagedTorchFileTests
{
    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void A_pickle_cut_at_any_byte_is_refused(int protocol)
    {
        using var folder = new TemporaryFolder();
        var file = new TorchFile();
        var pickle = PythonPickler.Write(Content(file), protocol);
        for (var length = 0; length < pickle.Length; length++)
        {
            file.Save(folder["cut"], pickle[..length]);
            Assert.Contains(folder["cut"], Assert.Throws<FileContentException>(() => PickleFile.Open(folder["cut"])).Message);
        }
    }

    [Fact]
    public void A_file_cut_at_any_byte_is_refused()
    {
        using var folder = new TemporaryFolder();
        var bytes = Whole(folder, deflate: false);
        for (var length = 0; length < bytes.Length; length++)
        {
            File.WriteAllBytes(folder["cut"], bytes[..length]);
            Assert.Contains(folder["cut"], Assert.Throws<FileContentException>(() => PickleFile.Open(folder["cut"])).Message);
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void A_pickle_with_changed_bytes_is_read_or_refused(int protocol)
    {
        using var folder = new TemporaryFolder();
        var file = new TorchFile();
        var pickle = PythonPickler.Write(Content(file), protocol);
        Changes(pickle.Length).Sample(changes =>
        {
            file.Save(folder["changed"], Changed(pickle, changes));
            ReadOrRefuse(folder["changed"]);
        }, iter: 1000, threads: 1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_file_with_changed_bytes_is_read_or_refused(bool deflate)
    {
        using var folder = new TemporaryFolder();
        var bytes = Whole(folder, deflate);
        Changes(bytes.Length).Sample(changes =>
        {
            File.WriteAllBytes(folder["changed"], Changed(bytes, changes));
            ReadOrRefuse(folder["changed"]);
        }, iter: 1000, threads: 1);
    }

    [Fact]
    public void Random_instructions_are_read_or_refused()
    {
        using var folder = new TemporaryFolder();
        var file = new TorchFile();
        Content(file);
        byte[] known = [.. Enum.GetValues<PickleOpcode>().Select(opcode => (byte)opcode)];
        Gen.OneOf(Gen.OneOfConst(known), Gen.Byte).Array[0, 60].Sample(instructions =>
        {
            file.Save(folder["random"], [0x80, 2, .. instructions, (byte)'.']);
            ReadOrRefuse(folder["random"]);
        }, iter: 1000, threads: 1);
    }

    [Theory]
    [InlineData(12, 0x00ff_ffffU, "lies beyond the end of the file")]
    [InlineData(12, 0x0100_0001U, "its zip directory claims 16777217 bytes")]
    [InlineData(16, 0x7fff_ffffU, "lies beyond the end of the file")]
    [InlineData(10, 0x0001_0063U, "ends before its last entry")]
    public void A_wrong_end_of_the_directory_is_refused(int at, uint value, string named)
    {
        using var folder = new TemporaryFolder();
        var bytes = Whole(folder, deflate: false);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(bytes.Length - 22 + at), value);
        Assert.Contains(named, Refusal(folder, bytes));
    }

    [Theory]
    [InlineData(8, 0x0809, "is encrypted")]
    [InlineData(10, 12, "is packed by method 12")]
    [InlineData(20, 0xffff, "cannot hold")]
    [InlineData(24, 0xffff, "cannot hold")]
    [InlineData(28, 0xffff, "ends within an entry")]
    public void A_wrong_entry_of_the_directory_is_refused(int at, ushort value, string named)
    {
        using var folder = new TemporaryFolder();
        var bytes = Whole(folder, deflate: false);
        var directory = (int)BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(bytes.Length - 6));
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(directory + at), value);
        Assert.Contains(named, Refusal(folder, bytes));
    }

    [Fact]
    public void A_storage_whose_place_is_wrong_is_refused()
    {
        using var folder = new TemporaryFolder();
        var bytes = Whole(folder, deflate: false);
        var name = bytes.AsSpan().LastIndexOf("archive/data/0"u8);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(name - 4), 1);
        Assert.Contains("there is no zip entry at 1, where 'archive/data/0' should be", Refusal(folder, bytes));
    }

    [Fact]
    public void Deflate_that_claims_more_than_it_can_hold_is_refused()
    {
        using var folder = new TemporaryFolder();
        var bytes = Whole(folder, deflate: true);
        var name = bytes.AsSpan().LastIndexOf("archive/data/0"u8);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(name - 22), 1 << 30);
        Assert.Contains("its zip entry 'archive/data/0' cannot hold 1073741824 bytes", Refusal(folder, bytes));
    }

    [Fact, NoTensorLeaks]
    public void Deflate_that_ends_early_is_refused_when_it_is_read()
    {
        using var folder = new TemporaryFolder();
        var bytes = Whole(folder, deflate: true);
        var name = bytes.AsSpan().IndexOf("archive/data/0"u8);
        bytes[name + "archive/data/0".Length + 4 + BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(name + "archive/data/0".Length + 2))] = 0xff;
        File.WriteAllBytes(folder["f"], bytes);

        using var file = PickleFile.Open(folder["f"]);

        Assert.Contains("its zip entry 'archive/data/0' ends early", Assert.Throws<FileContentException>(() => file.Read("a")).Message);
    }

    private static PythonDictionary Content(TorchFile file)
    {
        var storage = file.Floats(1, 2, 3, 4, 5, 6);
        return new PythonDictionary
        {
            { "a", TorchFile.Tensor(storage, 0, [2, 3], [3, 1]) },
            { "b", TorchFile.Tensor(storage, 1, [2, 2], [1, 2]) },
            { "more", new PythonDictionary { { "c", file.Vector(7) }, { "n", 300 }, { "x", 0.5 }, { "list", new List<object?> { null, true } } } },
        };
    }

    private static byte[] Whole(TemporaryFolder folder, bool deflate)
    {
        var file = new TorchFile();
        file.Save(folder["whole"], Content(file), deflate: deflate);
        return File.ReadAllBytes(folder["whole"]);
    }

    private static string Refusal(TemporaryFolder folder, byte[] bytes)
    {
        File.WriteAllBytes(folder["f"], bytes);
        return Assert.Throws<FileContentException>(() => PickleFile.Open(folder["f"])).Message;
    }

    private static Gen<(int At, byte Value)[]> Changes(int length) => Gen.Select(Gen.Int[0, length - 1], Gen.Byte).Array[1, 4];

    private static byte[] Changed(byte[] bytes, (int At, byte Value)[] changes)
    {
        byte[] changed = [.. bytes];
        foreach (var (at, value) in changes)
            changed[at] = value;
        return changed;
    }

    private static void ReadOrRefuse(string path)
    {
        try
        {
            using var file = PickleFile.Open(path);
            foreach (var key in file.Keys)
            {
                using var tensor = file.Read(key);
                Assert.Equal(file[key].Shape, tensor.shape);
            }
        }
        catch (UserErrorException error)
        {
            Assert.Contains(path, error.Message);
        }
    }
}
