using System.Text.RegularExpressions;
using CsCheck;
using Rlcm.Fuzz.Targets;
using Rlcm.Runtime;
using Rlcm.Tests.Golden;
using Xunit;

namespace Rlcm.Tests.Hostile;

/// <summary>What eng/fuzz.sh does in hours, in seconds: every reader reads a file or refuses it by name, in bounded memory, and writes nothing.</summary>
public sealed partial class EveryReaderTests : IDisposable
{
    private const int Mutants = 400;
    private const long BytesOfAnyFile = 32 << 20;
    private const long BytesPerByte = 1 << 10;

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Targets => [.. FuzzTargets.All.Select(target => target.Name)];

    public void Dispose() => _folder.Dispose();

    [Theory, NoTensorLeaks]
    [MemberData(nameof(Targets))]
    public void The_corpus_and_earlier_findings_are_read_or_refused(string name)
    {
        var target = Prepared(name);
        Assert.All(Files("corpus", name).Concat(Files("regressions", name)), bytes => AssertTyped(target.Try(_folder.Path, bytes)));
    }

    [Theory]
    [MemberData(nameof(Targets))]
    public void Good_and_bad_files_are_in_the_corpus(string name)
    {
        var target = Prepared(name);
        bool[] refused = [.. Files("corpus", name).Select(bytes => target.Try(_folder.Path, bytes) is not null).Distinct()];
        Assert.Equal(2, refused.Length);
    }

    [Theory, NoTensorLeaks]
    [MemberData(nameof(Targets))]
    public void Damaged_files_are_read_or_refused_in_bounded_memory_and_nothing_is_written(string name)
    {
        var target = Prepared(name);
        byte[][] seeds = [.. Files("corpus", name)];
        target.Try(_folder.Path, seeds[0]);
        string[] before = Listing();
        Mutations.Of(seeds).Sample(
            bytes =>
            {
                var allocated = GC.GetAllocatedBytesForCurrentThread();
                AssertTyped(target.Try(_folder.Path, bytes));
                Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - allocated, 0, BytesOfAnyFile + BytesPerByte * bytes.Length);
            },
            iter: Mutants,
            threads: 1);
        Assert.Equal(before, Listing());
    }

    private void AssertTyped(UserErrorException? refusal)
    {
        if (refusal is null)
            return;
        Assert.StartsWith(_folder.Path, Assert.IsType<FileContentException>(refusal).Path, StringComparison.Ordinal);
        Assert.Contains(_folder.Path, refusal.Message, StringComparison.Ordinal);
        Assert.Matches(WithRemedy(), refusal.Message);
    }

    /// <summary>What is wrong, then what to do; each on a line of its own where a configuration has several mistakes.</summary>
    [GeneratedRegex(@"^(The configuration has [0-9]+ mistakes:(\n  [^\n]+)+|[^\n]+[;:.] [^\n]+[.?])$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex WithRemedy();

    private FuzzTarget Prepared(string name)
    {
        var target = FuzzTargets.All.Single(target => target.Name == name);
        target.Prepare(_folder.Path);
        return target;
    }

    private string[] Listing() => [.. Directory.EnumerateFileSystemEntries(_folder.Path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];

    private static IEnumerable<byte[]> Files(string kind, string name)
    {
        var folder = Path.Combine(GoldenData.RepositoryRoot, "fuzz", kind, name);
        return Directory.Exists(folder) ? Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal).Select(File.ReadAllBytes) : [];
    }
}
