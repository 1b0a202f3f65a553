using Rlcm.Imaging;
using Rlcm.Tests;
using Xunit;

namespace Rlcm.Cli.Tests.Commands;

public sealed class DatasetCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public DatasetCommandTests()
    {
        Directory.CreateDirectory(_folder["pictures"]);
        PngFile.Write(_folder["pictures/0.png"], new ImageBatch(new byte[16 * 16 * 3], 1, 16, 16));
        File.WriteAllText(_folder["pictures/metadata.jsonl"], """{"file_name":"0.png","text":"a cat","style":"[flat]"}""" + "\n");
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_check_counts_the_pictures()
    {
        var output = await CommandLine.SucceedAsync("dataset", "check", _folder["pictures"]);
        Assert.Matches(@"all +│ +│ +1", output);
        Assert.Matches(@"style +│ \[flat\] +│ +1", output);
    }

    [Fact]
    public async Task A_check_names_every_problem()
    {
        File.AppendAllText(_folder["pictures/metadata.jsonl"], """{"file_name":"1.png","text":""}""" + "\n");
        var error = await CommandLine.RefusedAsync("dataset", "check", _folder["pictures"]);
        Assert.Contains("line 2: 1.png does not exist", error, StringComparison.Ordinal);
        Assert.Contains("line 2: text is missing or empty", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("emoji --from packages")]
    [InlineData("gallery --dataset pictures")]
    [InlineData("select --dataset pictures --gallery models/emoji-lcm/gallery")]
    public async Task Every_maker_of_folders_refuses_one_with_something_in_it(string command)
    {
        var error = await CommandLine.RefusedAsync(["dataset", .. command.Split(' '), "--output", _folder["pictures"]]);
        Assert.Contains($"{_folder["pictures"]} is not empty", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("emoji --from packages")]
    [InlineData("gallery --dataset pictures")]
    [InlineData("select --dataset pictures --gallery models/emoji-lcm/gallery")]
    public async Task Every_maker_of_folders_refuses_a_place_that_cannot_be_written(string command)
    {
        var error = await CommandLine.RefusedAsync(["dataset", .. command.Split(' '), "--output", _folder["pictures/0.png/below"]]);
        Assert.Contains("cannot be written", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_selection_without_a_picture_leaves_nothing()
    {
        var error = await CommandLine.RefusedAsync("dataset", "select", "--dataset", _folder["pictures"], "--gallery", "models/emoji-lcm/gallery", "--output", _folder["narrow"]);
        Assert.Contains("holds none of the pictures to select", error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["narrow"]));
    }
}
