using System.Text;
using Rlcm.Checkpoints.Pickle;
using Rlcm.Runtime;
using Xunit;

namespace Rlcm.Tests.Checkpoints.Pickle;

/// <summary>Files that are no weights of torch.save's, and what is said of them.</summary>
public sealed class TorchFileKindTests
{
    [Fact]
    public void A_file_from_before_PyTorch_1_6_is_refused_with_advice() => AssertRefused(
        [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, (byte)'.', 0x80, 2, (byte)'M', 0xe9, 3, (byte)'.'],
        $"this is in PyTorch's format from before 1.6, which is not read, expected the zip file of later versions; {TorchFile.Advice}");

    [Fact]
    public void A_plain_pickle_is_refused_with_advice() => AssertRefused(
        PythonPickler.Write(new PythonDictionary { { "a", 1 } }),
        $"this is a plain pickle, which is not read, expected the zip file that torch.save writes; {TorchFile.Advice}");

    [Fact]
    public void A_tar_archive_is_refused_with_advice()
    {
        var tar = new byte[1024];
        "storages"u8.CopyTo(tar);
        "ustar\0"u8.CopyTo(tar.AsSpan(257));
        AssertRefused(tar, $"this is a tar archive, which is not read, expected the zip file that torch.save writes since PyTorch 1.6; {TorchFile.Advice}");
    }

    [Fact]
    public void A_pointer_of_git_lfs_is_refused_with_advice() => AssertRefused(
        Encoding.ASCII.GetBytes("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3714759\n"),
        "this is the pointer that Git LFS leaves in place of a large file, not the weights; fetch them with `git lfs pull`.");

    [Fact]
    public void A_safetensors_file_is_refused_with_advice() => AssertRefused(
        [2, 0, 0, 0, 0, 0, 0, 0, (byte)'{', (byte)'}'],
        "this is a safetensors file under another name, expected the zip file that torch.save writes; name it .safetensors.");

    [Theory]
    [InlineData("")]
    [InlineData("P")]
    [InlineData("<html>Not found</html>")]
    public void Anything_else_is_no_such_file(string content) =>
        AssertRefused(Encoding.ASCII.GetBytes(content), "this is not a zip file as torch.save writes it; the file is damaged or cut short, fetch it again.");

    [Theory]
    [InlineData("archive/constants.pkl")]
    [InlineData("archive/code/__torch__.py")]
    public void TorchScript_is_refused_by_name(string entry) => AssertRefused(
        Zip(("archive/data.pkl", PythonPickler.Write(new PythonDictionary())), (entry, [])),
        $"this is a TorchScript archive, a program with its weights (constants.pkl, code/), expected weights alone; {TorchFile.Advice}");

    [Theory]
    [InlineData("big", "'big'")]
    [InlineData("", "''")]
    [InlineData("little and then some", "'little and t'")]
    public void Another_byte_order_is_refused_by_name(string order, string named) => AssertRefused(
        Zip(("archive/data.pkl", PythonPickler.Write(new PythonDictionary())), ("archive/byteorder", Encoding.ASCII.GetBytes(order))),
        $"its byteorder is {named}, expected 'little'; {TorchFile.Advice}");

    [Fact]
    public void A_zip_file_of_something_else_is_refused() => AssertRefused(
        Zip(("word/document.xml", []), ("a/b/data.pkl", [])),
        $"the zip file has 0 entries FOLDER/data.pkl, expected one as torch.save writes it; {TorchFile.Advice}");

    [Fact]
    public void Two_pickles_in_one_file_are_refused() => AssertRefused(
        Zip(("a/data.pkl", []), ("b/data.pkl", [])),
        $"the zip file has 2 entries FOLDER/data.pkl, expected one as torch.save writes it; {TorchFile.Advice}");

    [Fact]
    public void An_entry_that_is_there_twice_is_refused() => AssertRefused(
        Zip(("archive/data.pkl", []), ("archive/data/0", [1]), ("archive/data/0", [2])),
        "its zip directory names 'archive/data/0' twice; the file is damaged or cut short, fetch it again.");

    [Fact]
    public void What_is_no_dictionary_is_refused()
    {
        using var folder = new TemporaryFolder();
        var written = new TorchFile();
        written.Save(folder["f"], written.Vector(1));
        Assert.Equal($"{folder["f"]}: its content is no dictionary, expected one of tensors by name; {TorchFile.Advice}", Assert.Throws<FileContentException>(() => PickleFile.Open(folder["f"])).Message);
    }

    [Fact]
    public void A_missing_file_and_a_folder_are_the_users_mistakes()
    {
        using var folder = new TemporaryFolder();

        Assert.StartsWith($"Cannot read the PyTorch file {folder["none"]} (", Assert.Throws<UserErrorException>(() => PickleFile.Open(folder["none"])).Message);
        Assert.StartsWith($"Cannot read the PyTorch file {folder.Path} (", Assert.Throws<UserErrorException>(() => PickleFile.Open(folder.Path)).Message);
    }

    private static byte[] Zip(params (string Name, byte[] Content)[] entries)
    {
        using var stream = new MemoryStream();
        var zip = new TorchZip(stream);
        foreach (var (name, content) in entries)
            zip.Add(name, content);
        zip.Finish();
        return stream.ToArray();
    }

    private static void AssertRefused(byte[] content, string message)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder["f"], content);
        Assert.Equal($"{folder["f"]}: {message}", Assert.Throws<FileContentException>(() => PickleFile.Open(folder["f"])).Message);
    }
}
