using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using Rlcm.Training;
using Xunit;

namespace Rlcm.Tests;

/// <summary>What the library may lean on, read from its compiled references.</summary>
public sealed class ArchitectureTests
{
    private static readonly System.Reflection.Assembly Library = typeof(Trainer).Assembly;

    [Theory]
    [InlineData("ScottPlot")]
    [InlineData("Spectre.Console")]
    [InlineData("System.CommandLine")]
    [InlineData("Rlcm.Cli")]
    public void The_library_knows_neither_plots_nor_terminals_nor_command_lines(string assembly) =>
        Assert.DoesNotContain(Library.GetReferencedAssemblies(), reference => reference.Name!.StartsWith(assembly, StringComparison.Ordinal));

    [Fact]
    public void The_library_writes_nothing_to_the_console()
    {
        var types = ReferencedTypes();
        Assert.Contains("TorchSharp.torch", types);
        Assert.DoesNotContain("System.Console", types);
    }

    [Fact]
    public void The_library_owns_no_running_random_generator() => Assert.DoesNotContain("System.Random", ReferencedTypes());

    [Fact]
    public void Concrete_public_classes_are_sealed_but_for_those_that_others_are_derived_from()
    {
        var types = Library.GetExportedTypes();
        Assert.DoesNotContain(types, type => type is { IsClass: true, IsAbstract: false, IsSealed: false } && !types.Any(other => other.BaseType == type));
    }

    [Fact]
    public void Formulas_know_neither_the_training_nor_files()
    {
        string[] allowed = ["Rlcm.Diffusion", "Rlcm.Runtime", "Rlcm.Imaging", "Rlcm.Models"];
        var source = Path.Combine(Golden.GoldenData.RepositoryRoot, "src", "Rlcm", "Diffusion");
        var used = Directory.GetFiles(source, "*.cs").SelectMany(File.ReadLines)
            .Where(line => line.StartsWith("using Rlcm.", StringComparison.Ordinal)).Select(line => line["using ".Length..^1]).Distinct();
        Assert.Subset(allowed.ToHashSet(), used.ToHashSet());
    }

    [Fact]
    public void The_network_is_used_by_the_Hub_and_by_reward_servers_alone()
    {
        var source = Path.Combine(Golden.GoldenData.RepositoryRoot, "src");
        string[] places = [Path.Combine(source, "Rlcm", "Models", "Hub"), Path.Combine(source, "Rlcm", "Rewards", "Remote")];
        string[] connected = [.. Directory.GetFiles(source, "*.cs", SearchOption.AllDirectories)
            .Where(path => !path.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .Where(path => ((string[])["HttpClient", "System.Net"]).Any(name => File.ReadAllText(path).Contains(name, StringComparison.Ordinal)))];
        Assert.NotEmpty(connected);
        Assert.All(connected, path => Assert.Contains(places, place => path.StartsWith(place, StringComparison.Ordinal)));
    }

    private static HashSet<string> ReferencedTypes()
    {
        using var image = new PEReader(File.OpenRead(Library.Location));
        var metadata = image.GetMetadataReader();
        return [.. metadata.TypeReferences.Select(handle => metadata.GetTypeReference(handle))
            .Select(type => $"{metadata.GetString(type.Namespace)}.{metadata.GetString(type.Name)}")];
    }
}
