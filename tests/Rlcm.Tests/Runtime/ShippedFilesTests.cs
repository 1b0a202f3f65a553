using Rlcm.Runtime;
using Xunit;

namespace Rlcm.Tests.Runtime;

public sealed class ShippedFilesTests
{
    private const string Animals = "configs/prompts/animals-45.txt";

    [Fact]
    public void A_file_of_the_project_is_named_as_it_is_found()
    {
        var path = ShippedFiles.Require(Animals, "the prompts");
        Assert.True(Path.IsPathRooted(path));
        Assert.Equal(Animals, ShippedFiles.NameOf(path));
        Assert.Equal(Animals, ShippedFiles.NameOf(Animals));
    }

    [Fact]
    public void Another_file_keeps_its_path()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["prompts.txt"], "a dog");
        Assert.Equal(folder["prompts.txt"], ShippedFiles.NameOf(folder["prompts.txt"]));
        Assert.Equal(folder["none.txt"], ShippedFiles.NameOf(folder["none.txt"]));
    }
}
